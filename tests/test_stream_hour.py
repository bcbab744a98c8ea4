"""An hour of a busy stream: nothing grows, drifts or is mixed up. The simulation is a benchmark, too."""

import pytest

from fake_runtime import FakeRuntime
from scripts import script


@pytest.fixture(scope="module")
def hour():
    return script("benchmarks/stream_hour.py")


@pytest.mark.slow
def test_an_hour_of_comings_and_goings_leaves_nothing_behind(hour):
    figures = hour.simulate(FakeRuntime(), 3600.0, look_s=0.3)
    assert len(figures.minutes) >= 59
    assert figures.problems() == []
    assert len(figures.numbers) == 8  # three times out of view, three without a camera, and turned once
    assert figures.account.looks > 3600


def test_what_grows_or_is_mixed_up_would_be_said(hour):
    calm = [hour.Minute(1000, 100.0, 50, 2, 0.4, 0.4) for _ in range(9)]
    assert hour.Figures(calm, [{0}, {2}], {1}).problems() == []
    growing = [hour.Minute(1000 + 1000 * k, 100.0 + 2 * k, 50, 20, 0.4 + 0.01 * k, 0.4) for k in range(9)]
    said = "; ".join(hour.Figures(growing, [{0, 1}, {1}], {1}).problems())
    for name in (
        "blocks grew from",
        "rss_mb grew",
        "bodies that are kept",
        "thigh",
        "changed",
        "same number",
    ):
        assert name in said
