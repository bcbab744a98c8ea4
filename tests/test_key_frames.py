"""Key-frames that are there whatever moves: at even intervals, and for adaptive looks at the end too."""

import numpy as np
import pytest

from uplift3d import Adaptive, InputError
from uplift3d.key_frames import first_interval, first_looks

TIMES = np.arange(0, 1.1, 0.1)  # the last is half-way between two looks 0.4 s apart


@pytest.mark.parametrize(
    ("key_interval", "seconds"),
    [(0.4, 0.4), (None, None), ("adaptive", 0.4), (Adaptive(looks_per_second=2), 0.8)],
)
def test_seconds_between_the_first_looks(key_interval, seconds):
    assert first_interval(key_interval) == seconds


@pytest.mark.parametrize("key_interval", [0, -1.0, "often", float("nan")])
def test_an_interval_that_cannot_be(key_interval):
    with pytest.raises(InputError, match="interval"):
        first_interval(key_interval)


def test_only_adaptive_looks_are_sure_of_the_last_moment():
    assert first_looks(TIMES, 0.4).tolist() == [0, 4, 8]
    assert first_looks(TIMES, "adaptive").tolist() == [0, 4, 8, 10]
    assert first_looks(TIMES, None).tolist() == list(range(11))
