"""The contact sheet: readable size, everybody drawn, sides in their colours."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageColor

from uplift3d.errors import InputError
from uplift3d.export import save_motion
from uplift3d.view.colours import LEFT, MEASURED, RIGHT
from uplift3d.view.picture import HEADER_PX, WIDTH_PX, contact_sheet


def pixels_like(image, colour, tolerance=30):
    """Number of pixels close to a colour, below the header with its legend."""
    body = np.asarray(image.convert("RGB"), dtype=int)[HEADER_PX:]
    return int((np.abs(body - ImageColor.getrgb(colour)).max(axis=-1) <= tolerance).sum())


def test_both_sides_and_measured_poses_are_drawn(walk):
    image = contact_sheet(walk)
    assert image.width == WIDTH_PX
    assert pixels_like(image, LEFT) > 2000
    assert pixels_like(image, RIGHT) > 2000
    assert pixels_like(image, MEASURED) > 100


def test_nothing_measured_leaves_no_mark(walk):
    assert pixels_like(contact_sheet(replace(walk, observed=np.zeros((2, 50), bool))), MEASURED) == 0


def test_left_and_right_are_the_persons_own(walk):
    """Facing the camera, a person's left is at the image's right."""
    facing = replace(walk.select([3])[:1], positions=-np.abs(walk.positions[:1, :1]) * [0, 1, 0])
    pose = facing.positions.copy()
    pose[..., [4, 5, 6], 0], pose[..., [1, 2, 3], 0] = 0.3, -0.3
    pose[..., [1, 2, 3, 4, 5, 6], 1] = [0, 0.4, 0.8, 0, 0.4, 0.8]
    image = np.asarray(contact_sheet(replace(facing, positions=pose), poses=1), dtype=int)[HEADER_PX:]
    columns = {
        colour: np.flatnonzero((np.abs(image - ImageColor.getrgb(colour)).max(-1) < 30).any(axis=0)).mean()
        for colour in (LEFT, RIGHT)
    }
    assert columns[LEFT] > columns[RIGHT] + 50


def test_more_people_make_a_taller_picture_up_to_six(walk):
    one = replace(
        walk.select([3]), positions=walk.positions[:1], observed=walk.observed[:1], people=np.array([0])
    )

    def crowd(count):
        return replace(
            one,
            positions=np.repeat(one.positions, count, 0),
            observed=np.repeat(one.observed, count, 0),
            people=np.arange(count),
        )

    heights = [contact_sheet(crowd(count), poses=3).height for count in (1, 2, 6, 9)]
    assert heights[0] < heights[1] < heights[2] == heights[3]


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_short_motions_are_drawn_with_fewer_poses(walk, frames):
    assert contact_sheet(walk[:frames]).width == WIDTH_PX


def test_somebody_absent_throughout_is_no_trouble(walk):
    gone = walk.positions.copy()
    gone[1] = np.nan
    assert pixels_like(contact_sheet(replace(walk, positions=gone)), LEFT) > 500


def test_other_joint_sets_are_drawn(rng):
    from uplift3d.types import Motion3D

    motion = Motion3D(
        rng.normal(size=(1, 3, 28, 3)) / 3, [0, 1, 2], None, [[1, 0, 1]], joints="mpi_inf_3dhp28"
    )
    assert pixels_like(contact_sheet(motion), LEFT) > 500


def test_nothing_to_draw_is_refused(walk):
    with pytest.raises(InputError, match="no pose to draw"):
        contact_sheet(walk[:0])
    with pytest.raises(InputError, match="poses is 0"):
        contact_sheet(walk, poses=0)


def test_the_saved_picture_is_small_and_keeps_its_colours(tmp_path, walk):
    path = save_motion(tmp_path / "walk.png", walk)
    assert path.stat().st_size < 150_000
    with Image.open(path) as saved:
        difference = np.asarray(saved.convert("RGB"), int) - np.asarray(contact_sheet(walk), int)
    assert np.abs(difference).max() < 24
