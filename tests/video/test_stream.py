import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.errors import InputError, NothingFoundError
from uplift3d.video import FrameStream, regular_key_frames


def image(number=0, size=(4, 6)):
    return np.full((*size, 3), number % 256, dtype=np.uint8)


def pairs(times):
    return ((time_s, image(number)) for number, time_s in enumerate(times))


@given(
    start=st.floats(-1e3, 1e3),
    gaps=st.lists(st.floats(1e-3, 1.0), max_size=60),
    interval=st.none() | st.floats(0.02, 2.0) | st.just(1e-7),
)
def test_the_key_frames_are_those_of_the_whole_row_of_times(start, gaps, interval):
    times = start + np.concatenate([[0.0], np.cumsum(gaps)])
    stream = FrameStream(pairs(times), interval)
    frames = list(stream.frames_at())
    assert [frame.number for frame in frames] == regular_key_frames(times, interval).tolist()
    assert [frame.time_s for frame in frames] == times[[frame.number for frame in frames]].tolist()
    assert [frame.rgb[0, 0, 0] for frame in frames] == [frame.number for frame in frames]
    np.testing.assert_array_equal(stream.times, times)


@pytest.mark.parametrize("rate", [24000 / 1001, 25, 30, 60, 240])
@pytest.mark.parametrize("interval", [0.1, 0.4])
def test_at_common_rates(rate, interval):
    times = np.arange(200) / rate
    frames = FrameStream(pairs(times), interval).frames_at()
    assert [frame.number for frame in frames] == regular_key_frames(times, interval).tolist()


def test_it_says_what_a_source_says():
    stream = FrameStream(zip([1.0, 1.5, 2.0], [image(size=(4, 6)) for _ in range(3)], strict=True))
    assert stream.size == (6, 4)
    list(stream.frames_at())
    assert (stream.rate_hz, stream.focal_px_from_metadata) == (2, None)


def test_frames_are_read_only_as_they_are_needed():
    read = []

    def frames():
        for number in range(100):
            read.append(number)
            yield number / 10, image(number)

    rows = FrameStream(frames(), 1.0).frames_at()
    assert next(rows).number == 0
    assert len(read) == 2


def test_they_can_be_read_once():
    stream = FrameStream(pairs([0, 1]))
    list(stream.frames_at())
    with pytest.raises(InputError, match="read already"):
        list(stream.frames_at())
    with pytest.raises(ValueError, match="cannot be chosen by number"):
        list(FrameStream(pairs([0, 1])).frames_at([0]))


def test_no_frames():
    with pytest.raises(NothingFoundError, match="no frames were given"):
        FrameStream([])


@pytest.mark.parametrize("interval", [0, -1, np.nan, np.inf])
def test_an_interval_that_is_no_positive_number(interval):
    with pytest.raises(InputError, match="must be a positive number of seconds"):
        FrameStream(pairs([0, 1]), interval)


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (image(), "of type ndarray; accepted are pairs"),
        (7, "of type int; accepted are pairs"),
        ("walk.mp4", "of type str; accepted are pairs"),
        ([image()], "frame 0 is of type ndarray; accepted are pairs"),
        ([(0, image(), 1)], "frame 0 is of type tuple; accepted are pairs"),
        ([(0, image()), ("1", image())], "frame 1: the time is 1; accepted are finite seconds"),
        ([(0, image()), (np.nan, image())], "frame 1: the time is nan"),
        ([(True, image())], "frame 0: the time is True"),
        ([(0.5, image()), (0.5, image())], r"frame 1 is at 0\.5 s, after one at 0\.5 s; times must increase"),
        ([(0, image()[..., 0])], r"frame 0: the image is uint8 \(4, 6\); accepted is a uint8 array"),
        ([(0, image() / 255)], r"frame 0: the image is float64 \(4, 6, 3\)"),
        ([(0, image().tolist())], "frame 0: the image is list"),
        ([(0, np.zeros((4, 6, 4), np.uint8))], r"\(4, 6, 4\); accepted is"),
        ([(0, np.zeros((0, 6, 3), np.uint8))], r"the image is empty, \(0, 6, 3\)"),
        (
            [(0, image()), (1, image(size=(5, 6)))],
            r"frame 1 has shape \(5, 6, 3\), the ones before \(4, 6, 3\)",
        ),
    ],
)
def test_what_is_no_row_of_frames(frames, message):
    with pytest.raises(InputError, match=message):
        list(FrameStream(frames, 0.4).frames_at())


def test_a_buffer_that_is_written_over_is_noticed():
    buffer = image()
    with pytest.raises(InputError, match="frame 1 lies in the memory of the one before"):
        list(FrameStream([(0, buffer), (1, buffer)]).frames_at())


def test_slices_of_one_array_are_frames_of_their_own():
    film = np.zeros((5, 4, 6, 3), dtype=np.uint8)
    assert len(list(FrameStream(zip(range(5), film, strict=True)).frames_at())) == 5
