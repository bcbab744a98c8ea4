"""What is timed: every part once per answer it serves, on input that is no special case."""

from typing import Any

import pytest
import torch

from uplift3d.model import presets
from uplift3d.reproduce import paper_scores, speed

TINY = presets.uu_351().evolve(spatial_width=8, temporal_width=16, temporal_depth=1, heads=2)


@pytest.mark.parametrize("network", ["uu-81", "uu-351"])
def test_the_paper_s_speeds_count_frames_of_video(network):
    """Only then does its detection take the same time at every stride."""
    rows = [(s_in, *row) for (name, s_in), row in paper_scores.TABLE_4.items() if name == network]
    detection_ms = [1000 * s_in * (1 / slow - 1 / fast) for s_in, fast, slow, _ in rows]
    assert detection_ms == pytest.approx([26] * 3, rel=0.02)


def test_an_embedding_serves_all_windows_that_see_it(monkeypatch):
    times = iter([8.0, 80.0])  # embedding eight poses, uplifting eight windows
    monkeypatch.setattr(speed, "_seconds", lambda compute, repeats: next(times))
    assert speed.seconds_per_pose(TINY, 20) == pytest.approx(10 + 5 / 20)


def test_the_median_leaves_out_the_first_repeat(monkeypatch):
    clock = iter([0, 100, 200, 201, 300, 303, 400, 402])
    monkeypatch.setattr(speed.time, "perf_counter", lambda: next(clock))
    assert speed._seconds(lambda: None, repeats=3) == 2


@pytest.mark.parametrize(
    ("measure", "parts"),
    [(lambda: speed.seconds_per_pose(TINY, 10, repeats=1), 2), (lambda: speed.seconds_per_detection(1), 1)],
)
def test_input_is_random_and_in_range(monkeypatch, measure, parts):
    given = []
    seconds = speed._seconds

    def watched(compute, repeats):
        seen: Any = None
        for value in (cell.cell_contents for cell in compute.__closure__):
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                seen = value
        given.append(seen)
        return seconds(compute, repeats)

    monkeypatch.setattr(speed, "_seconds", watched)
    assert measure() > 0
    assert len(given) == parts
    assert all(0.2 < one.std() < 1.1 and one.abs().max() < 6 for one in given)
