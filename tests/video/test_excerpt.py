"""A part of a video is read as if it were all there is."""

import numpy as np
import pytest
from PIL import Image

from uplift3d.errors import InputError
from uplift3d.video import open_video, regular_key_frames


@pytest.fixture
def folder(tmp_path):
    for number in range(20):
        Image.new("RGB", (8, 6), (10 * number, 0, 0)).save(tmp_path / f"{number}.png")
    return tmp_path


@pytest.mark.parametrize(
    ("start", "end", "frames"),
    [(None, 0.5, range(6)), (0.5, None, range(5, 20)), (0.45, 1.05, range(5, 11)), (0, 99, range(20))],
)
def test_the_frames_between_two_times_keep_their_times(folder, start, end, frames):
    with open_video(folder, 10, start, end) as part:
        np.testing.assert_allclose(part.times, np.array(frames) / 10)
        assert [int(frame.rgb[0, 0, 0]) for frame in part.frames_at()] == [10 * number for number in frames]
        assert [frame.number for frame in part.frames_at()] == list(range(len(frames)))
        assert part.size == (8, 6)


def test_key_frames_count_from_the_beginning_of_the_part(folder):
    with open_video(folder, 10, 0.3) as part:
        chosen = regular_key_frames(part.times, 0.4)
        times = [frame.time_s for frame in part.frames_at(chosen)]
        np.testing.assert_allclose(times, [0.3, 0.7, 1.1, 1.5, 1.9])


@pytest.mark.parametrize(("start", "end"), [(2, None), (0.41, 0.49), (1, 0.5)])
def test_nothing_in_between(folder, start, end):
    with pytest.raises(InputError, match=r"no frame from .* s .*; the video is 1.90 s long"):
        open_video(folder, 10, start, end)
