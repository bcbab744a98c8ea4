"""Calibration files of MPI-INF-3DHP."""

import numpy as np
import pytest

from uplift3d.data.skeletool import read_calibration
from uplift3d.errors import InputError

# The layout of the published files: indented, tabs or spaces, 4 × 4 matrices row by row, millimetres.
TEXT = """Skeletool Camera Calibration File V1.0
name          0
  sensor      10 10
  size        2048 2048
  animated\t0
  intrinsic   1500 0 1024 0 0 1501 1050 0 0 0 1 0 0 0 0 1
  extrinsic   1 0 0 -500 0 -1 0 1400 0 0 -1 3800 0 0 0 1
  radial      0
name          1
  sensor      10 10
  size        2048 2048
  animated\t0
  intrinsic   1490 0 1030 0 0 1491 1052 0 0 0 1 0 0 0 0 1
  extrinsic   0.6 0 0.8 -500 0 -1 0 1400 0.8 0 -0.600001 3800 0 0 0 1
  radial      0
"""


def write(tmp_path, text=TEXT):
    path = tmp_path / "camera.calibration"
    path.write_text(text)
    return path


def test_cameras_by_name_in_metres(tmp_path):
    cameras = read_calibration(write(tmp_path))
    assert list(cameras) == ["0", "1"]
    first = cameras["0"]
    assert (first.focal_px, first.principal_point_px, first.image_size) == (
        (1500, 1501),
        (1024, 1050),
        (2048, 2048),
    )
    np.testing.assert_allclose(first.to_camera([0.0, 0.0, 0.0]), [-0.5, 1.4, 3.8])
    np.testing.assert_allclose(first.to_camera([0.0, 1.0, 0.0]), [-0.5, 0.4, 3.8])  # the world's y is up
    R = cameras["1"].R_camera_world
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-12)  # rounded in the file


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Skeletool", "Other", "does not begin with 'Skeletool"),
        (
            "  size        2048 2048\n  animated\t0\n  intrinsic   1490",
            "  intrinsic 1490",
            "camera 1 has no 'size'",
        ),
        ("1490 0 1030", "1490 x 1030", "camera 1 has no 'intrinsic' of 16 numbers"),
        ("0 0 -1 3800 0 0 0 1", "0 0 -1 3800", "camera 0 has no 'extrinsic' of 16 numbers"),
        ("radial      0\nname", "radial      0.1\nname", "camera 0 has lens distortion"),
    ],
)
def test_other_files_are_refused(tmp_path, old, new, message):
    assert old in TEXT
    with pytest.raises(InputError, match=message):
        read_calibration(write(tmp_path, TEXT.replace(old, new)))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"camera\.calibration cannot be read"):
        read_calibration(tmp_path / "camera.calibration")


def test_a_distortion_that_is_no_number_is_refused_in_a_sentence(tmp_path):
    text = TEXT.replace("radial      0", "radial      x")
    with pytest.raises(InputError, match=r"camera\.calibration is not a camera calibration that can be read"):
        read_calibration(write(tmp_path, text))


@pytest.mark.parametrize("number", ["inf", "-inf", "nan", "1e999"])
@pytest.mark.parametrize("place", [4, 5])  # of the extrinsic matrix: LAPACK hung on the first
def test_matrices_that_are_not_finite_are_refused_at_once(tmp_path, number, place):
    line = next(line for line in TEXT.splitlines() if line.split()[:1] == ["extrinsic"])
    key, *numbers = line.split()
    numbers[place] = number
    text = TEXT.replace(line, " ".join([key, *numbers]), 1)
    with pytest.raises(InputError, match="has no 'extrinsic' of 16 numbers"):
        read_calibration(write(tmp_path, text))
