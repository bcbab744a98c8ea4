import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from uplift3d.errors import InputError, UpliftWarning
from uplift3d.video import open_video


def is_red(pixel):
    return pixel[0] > 150 and pixel[2] < 100


def is_blue(pixel):
    return pixel[2] > 150 and pixel[0] < 100


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("b_frames.mp4", {}),
        ("no_b_frames.mp4", {"bf": "0"}),
        ("b_frames.mkv", {}),
        ("open_gop.mkv", {"g": "8", "x264-params": "open-gop=1"}),
        ("late_start.ts", {}),
        ("mpeg4.mov", {"codec": "mpeg4"}),
        ("mpeg4.avi", {"codec": "mpeg4", "bf": "2"}),
        ("h264_in_decoding_order.avi", {}),
        ("intra.avi", {"codec": "mpeg4", "g": "1"}),
        ("vp9.webm", {"codec": "libvpx-vp9", "deadline": "realtime", "cpu-used": "8"}),
    ],
)
def test_every_frame_comes_in_order_with_its_time(write_video, number_of, name, how):
    source = open_video(write_video(name, frames=30, rate=25, **how))
    frames = list(source.frames_at())
    assert [number_of(frame.rgb) for frame in frames] == list(range(30))
    assert [frame.number for frame in frames] == list(range(30))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(30) / 25, atol=1e-9)
    assert source.size == (128, 48)
    assert source.rate_hz == pytest.approx(25)


@pytest.mark.parametrize(
    "rate", [Fraction(24000, 1001), Fraction(30000, 1001), 30, 50, Fraction(60000, 1001)]
)
def test_times_are_the_files_own(write_video, rate):
    source = open_video(write_video("clip.mp4", rate=rate))
    np.testing.assert_allclose(source.times, np.arange(30) / float(rate), atol=1e-5)
    assert source.rate_hz == pytest.approx(float(rate), rel=1e-4)


def test_variable_frame_rate(write_video, number_of):
    times_ms = [1000, 1010, 1050, 1051, 1500, 1520, 3000, 3033]  # times must count from the first frame
    source = open_video(write_video("vfr.mkv", frames=8, times_ms=times_ms))
    np.testing.assert_allclose(source.times, (np.array(times_ms) - 1000) / 1000, atol=1e-9)
    assert [(number_of(f.rgb), round(f.time_s, 3)) for f in source.frames_at([1, 4, 6])] == [
        (1, 0.01),
        (4, 0.5),
        (6, 2.0),
    ]


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts", "clip.avi"])
@pytest.mark.parametrize("wanted", [[0], [5], [29], [3, 4, 5], [0, 7, 14, 21, 28], []])
def test_frames_asked_for_are_the_frames_that_come(write_video, number_of, name, wanted):
    source = open_video(write_video(name))
    frames = list(source.frames_at(wanted))
    assert [number_of(frame.rgb) for frame in frames] == wanted
    assert [frame.time_s for frame in frames] == [source.times[number] for number in wanted]


@pytest.mark.parametrize(
    ("rotation", "red", "blue"),  # where the corners painted top left and bottom right must be seen
    [
        (0, (0, 0), (-1, -1)),
        (90, (-1, 0), (0, -1)),
        (180, (-1, -1), (0, 0)),
        (-90, (0, -1), (-1, 0)),
    ],
)
def test_rotation_metadata_is_honoured(write_video, rotation, red, blue):
    source = open_video(write_video("clip.mp4", frames=3, rotation=rotation))
    assert source.size == ((48, 128) if rotation in (90, -90) else (128, 48))
    for frame in source.frames_at():
        assert frame.rgb.shape[1::-1] == source.size
        assert is_red(frame.rgb[red])
        assert is_blue(frame.rgb[blue])


def test_a_mirrored_display_matrix_is_honoured(write_video):
    path = write_video("clip.mp4", frames=3, rotation=180)
    data = bytearray(path.read_bytes())
    place = data.index(struct.pack(">9i", -65536, 0, 0, 0, -65536, 0, 0, 0, 0x40000000))
    data[place : place + 36] = struct.pack(">9i", -65536, 0, 0, 0, 65536, 0, 0, 0, 0x40000000)
    path.write_bytes(data)
    frame = next(open_video(path).frames_at())
    assert is_red(frame.rgb[0, -1])
    assert is_blue(frame.rgb[-1, 0])


def test_pixels_that_are_not_square_are_stretched(write_video):
    source = open_video(write_video("clip.mp4", frames=3, aspect=Fraction(3, 2)))
    assert source.size == (192, 48)
    assert next(source.frames_at()).rgb.shape == (48, 192, 3)


def test_one_frame(write_video, number_of):
    source = open_video(write_video("clip.mp4", frames=1))
    assert source.times.tolist() == [0]
    assert source.rate_hz == pytest.approx(25)
    assert [number_of(frame.rgb) for frame in source.frames_at()] == [0]


def test_iterations_do_not_disturb_each_other(write_video, number_of):
    source = open_video(write_video("clip.mp4"))
    pairs = zip(source.frames_at([1, 5, 9]), source.frames_at([20, 21, 22]), strict=True)
    assert [(number_of(a.rgb), number_of(b.rgb)) for a, b in pairs] == [(1, 20), (5, 21), (9, 22)]


@pytest.mark.parametrize("wanted", [[3, 3], [4, 2], [-1], [30]])
def test_wrong_indices_are_a_mistake_of_the_caller(write_video, wanted):
    with pytest.raises(ValueError, match="frame indices must"):
        list(open_video(write_video("clip.mp4")).frames_at(wanted))


@pytest.mark.parametrize(("name", "how"), [("clip.mp4", {"movflags": "faststart"}), ("clip.mkv", {})])
def test_a_truncated_video_gives_what_is_readable_and_warns_up_to_when(write_video, number_of, name, how):
    path = write_video(name, frames=100, g="10", **how)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    source = open_video(path)
    last_s = source.times[-1]
    assert 1 < last_s < 3.9
    with pytest.warns(
        UpliftWarning, match=rf"clip.* ends early; it can be read up to {last_s:.2f} s of 4\.00 s"
    ):
        frames = list(source.frames_at())
    assert [number_of(frame.rgb) for frame in frames] == [frame.number for frame in frames]
    assert len(frames) >= len(source.times) - 3


def test_a_damaged_stretch_is_passed_over_and_counted(write_video, number_of):
    path = write_video("clip.mp4", frames=60, g="10", bf="0")
    data = bytearray(path.read_bytes())
    middle = data.index(b"mdat") + 2000
    data[middle : middle + 300] = bytes(300)
    path.write_bytes(data)
    source = open_video(path)
    with pytest.warns(UpliftWarning, match=r"\d of the 60 frames asked for cannot be decoded"):
        numbers = [frame.number for frame in source.frames_at()]
    assert len(numbers) >= 40
    assert numbers[-1] == len(source.times) - 1


def test_a_stream_without_timestamps_is_spaced_evenly_with_a_warning(write_video, number_of):
    with pytest.warns(UpliftWarning, match="no usable timestamps; its 30 frames are taken as 25 per second"):
        source = open_video(write_video("clip.h264"))
    np.testing.assert_allclose(source.times, np.arange(30) / 25)
    assert [number_of(frame.rgb) for frame in source.frames_at([4, 17])] == [4, 17]


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"nope\.mp4: no such file"):
        open_video(tmp_path / "nope.mp4")


@pytest.mark.parametrize(
    "content", [b"", b"hello " * 500, bytes(range(256)) * 20], ids=["empty", "text", "bytes"]
)
def test_not_a_video(tmp_path, content):
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"clip\.mp4 is not a readable video.*accepted are video files"):
        open_video(path)


def test_a_text_file_is_not_drawn_as_a_video(tmp_path):
    (tmp_path / "notes.txt").write_text("hello " * 500)
    with pytest.raises(InputError, match=r"notes\.txt is a text file, not a video"):
        open_video(tmp_path / "notes.txt")


def test_an_mp4_cut_off_before_its_index(write_video):
    path = write_video("clip.mp4")
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(InputError, match="cut off before its index"):
        open_video(path)


def test_sound_only(tmp_path):
    with av.open(str(tmp_path / "talk.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
    with pytest.raises(InputError, match=r"talk\.wav holds no video stream \(found: audio\)"):
        open_video(tmp_path / "talk.wav")


def test_zero_frames(write_video):
    path = write_video("clip.mp4", movflags="frag_keyframe+empty_moov")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"moof") - 4])
    with pytest.raises(InputError, match=r"clip\.mp4 holds no video frames"):
        open_video(path)


def test_no_frame_can_be_decoded(write_video):
    path = write_video("clip.mp4")
    data = path.read_bytes()
    start, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
    path.write_bytes(data[:start] + bytes(end - start) + data[end:])
    with pytest.raises(InputError, match=r"clip\.mp4 holds no video frame that can be decoded"):
        open_video(path)


def test_repr_says_what_it_is(write_video):
    assert "30 frames, 128×48, 1.16 s, 25 Hz" in repr(open_video(write_video("clip.mp4")))


def test_a_real_video(shared_dir):
    with open_video(shared_dir / "data" / "videos" / "sports2d-demo.mp4") as source:
        assert (len(source.times), source.size) == (230, (1768, 994))
        np.testing.assert_allclose(source.times, np.arange(230) / 30, atol=1e-4)
        frames = list(source.frames_at([0, 113]))
    assert [frame.number for frame in frames] == [0, 113]
    assert frames[1].rgb.shape == (994, 1768, 3)
    assert frames[1].rgb.std() > 30
