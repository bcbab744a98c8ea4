"""Videos of any data set: a finer time axis, and messages for folders that are not the data set's."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.camera import Camera
from uplift3d.data.videos import StoredVideo, at_rate, intrinsics_of, missing_files
from uplift3d.errors import InputError


def moving(frames, rate_hz=25.0, confidence=None):
    """A figure that moves evenly: every number grows by 1 per frame."""
    place = np.arange(frames, dtype=np.float32)[:, None, None]
    return StoredVideo(
        *("TS1", "TS1", "TS1", "0", None, (2048, 2048), rate_hz, "annot3"),
        keypoints_px=place + np.zeros((1, 17, 2), np.float32),
        confidence=confidence,
        positions_camera=place + np.ones((1, 17, 3), np.float32),
        valid=np.arange(frames) % 3 == 0,
    )


@given(st.integers(1, 30), st.integers(1, 4))
def test_frames_in_between_lie_on_straight_lines_and_do_not_count(frames, factor):
    video = moving(frames, confidence=np.ones((frames, 17), np.float32))
    finer = at_rate(video, 25.0 * factor)
    assert finer.rate_hz == 25 * factor
    assert len(finer) == (frames - 1) * factor + 1
    np.testing.assert_array_equal(finer.keypoints_px[::factor], video.keypoints_px)
    np.testing.assert_array_equal(finer.positions_camera[::factor], video.positions_camera)
    np.testing.assert_allclose(finer.keypoints_px[:, 0, 0], np.arange(len(finer)) / factor, atol=1e-5)
    np.testing.assert_array_equal(finer.confidence, 1)
    np.testing.assert_array_equal(np.flatnonzero(finer.valid), np.flatnonzero(video.valid) * factor)


@pytest.mark.parametrize("rate_hz", [50.0 / 3, 30.0, 12.5])
def test_other_rates_are_refused(rate_hz):
    with pytest.raises(InputError, match=r"TS1 TS1 camera 0 has 25 Hz: .* a rate that divides it"):
        at_rate(moving(4), rate_hz)


def test_a_wrong_folder_is_described(tmp_path):
    (tmp_path / "a.npz").touch()
    assert str(missing_files(tmp_path, ("b.npz",), "*.npz")) == f"{tmp_path} lacks b.npz; it holds a.npz"
    gone = tmp_path / "gone"
    assert "no such folder; b.npz and c.npz were looked for" in str(
        missing_files(gone, ("b.npz", "c.npz"), "*.npz")
    )


def test_intrinsics_are_in_half_image_widths():
    camera = Camera((1024.0, 2048.0), (1024.0, 1536.0))
    assert intrinsics_of(replace(moving(2), camera=camera)).tolist() == [1, 2, 0, 0.5]


def test_a_video_without_camera_has_none():
    with pytest.raises(
        InputError, match="TS1 TS1 camera 0 has no camera, but refinement needs its focal length"
    ):
        intrinsics_of(moving(2))
