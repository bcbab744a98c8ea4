"""What is lost is named."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jointed_figure import figure
from uplift3d.export.losses import losses
from uplift3d.types import Motion3D


@pytest.mark.parametrize(
    "name", ["a.npz", "a.json", "a.csv", "a.parquet", "a.bvh", "a.glb", "a.trc", "a.html"]
)
def test_an_even_motion_of_somebody_always_there_loses_nothing(name):
    assert losses(Path(name), figure()) == []


def test_uneven_times_and_absences_are_named_where_they_have_no_place(walk):
    uneven = walk[np.delete(np.arange(50), [3, 4, 20])]
    assert losses(Path("a.bvh"), uneven) == [
        "uneven times (0.0400 to 0.1200 s apart; --fps chooses a rate)",
        "when people are absent (7; --split makes a file of each stretch)",
    ]
    assert losses(Path("a.trc"), uneven) == ["uneven times (0.0400 to 0.1200 s apart; --fps chooses a rate)"]
    for name in ("a.npz", "a.csv", "a.glb"):
        assert losses(Path(name), uneven) == []
    assert losses(Path("a.bvh"), walk, split=True) == []
    positions = walk.positions.copy()
    positions[1, 1:4] = np.nan
    assert losses(Path("a.bvh"), replace(walk, positions=positions), split=True) == [
        "1 stretch of a single pose"
    ]


def test_joints_that_a_body_has_not_are_named(rng):
    motion = Motion3D(
        rng.normal(size=(1, 4, 17, 3)), np.arange(4) / 4, None, np.ones((1, 4)), joints="coco17"
    )
    assert losses(Path("a.bvh"), motion) == ["the joints nose, left_eye, right_eye, left_ear, right_ear"]
    assert losses(Path("a.npz"), motion) == []


def test_people_who_are_hardly_there_are_named(walk):
    positions = walk.positions.copy()
    positions[1, 1:] = np.nan
    motion = Motion3D(positions, walk.times, None, walk.observed, walk.people)
    assert losses(Path("a.GLB"), motion) == ["people of fewer than two poses (7)"]
