"""Videos as they are in the wild: the right frames at the right times, or a refusal that says why."""

from fractions import Fraction

import av
import numpy as np
import pytest

from uplift3d.errors import InputError
from uplift3d.video import open_video
from uplift3d.video.live_source import LiveSource

from .clips import moving_frame, numbered_frame, read_number, remux, write, write_moving


def stored(path, pixels, frames, codec, size=None, rate=25, into=None, **options):
    """A video of the given RGB or RGBA pictures."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        for number, image in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(image, format="rgba" if image.shape[2] == 4 else "rgb24")
            picture.pts, picture.time_base = number, 1 / Fraction(rate)
            container.mux(stream.encode(picture.reformat(format=pixels)))
        container.mux(stream.encode())
    return path


def assert_looks_like(rgb, image, tolerance=8.0):
    assert rgb.shape == image.shape
    assert np.abs(rgb.astype(float) - image).mean() < tolerance


@pytest.mark.parametrize("size", [(95, 159), (1, 1), (2, 2), (17, 33), (96, 3)])
@pytest.mark.parametrize(
    ("codec", "pixels"), [("mpeg4", "yuv420p"), ("libx264", "yuv444p"), ("png", "rgb24")]
)
def test_odd_sizes(tmp_path, size, codec, pixels):
    image = np.full((*size, 3), (200, 100, 50), dtype=np.uint8)
    source = open_video(stored(tmp_path / "a.mov", pixels, [image] * 4, codec))
    assert source.size == size[::-1]
    for frame in source.frames_at([0, 3]):
        assert_looks_like(frame.rgb, image)


@pytest.mark.parametrize(
    ("codec", "pixels"),
    [
        ("libx264", "yuv420p10le"),
        ("libx265", "yuv420p10le"),
        ("ffv1", "yuv422p16le"),
        ("prores", "yuv422p10le"),
    ],
)
def test_more_than_8_bits(tmp_path, codec, pixels):
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    images = [moving_frame(number) for number in range(6)]
    source = open_video(
        stored(
            tmp_path / "a.mov" if codec == "prores" else tmp_path / "a.mkv", pixels, images, codec, **options
        )
    )
    frames = list(source.frames_at([0, 3, 5]))
    assert [frame.number for frame in frames] == [0, 3, 5]
    for frame in frames:
        assert_looks_like(frame.rgb, images[frame.number], tolerance=20)


@pytest.mark.parametrize(
    ("name", "codec", "pixels"), [("a.mov", "prores_ks", "yuva444p10le"), ("a.mov", "png", "rgba")]
)
def test_transparency_is_dropped_and_the_colour_kept(tmp_path, name, codec, pixels):
    image = np.zeros((48, 64, 4), dtype=np.uint8)
    image[..., :3] = (180, 90, 40)
    image[:, :32, 3] = 255
    (frame,) = open_video(stored(tmp_path / name, pixels, [image], codec)).frames_at()
    assert_looks_like(frame.rgb, image[..., :3])


@pytest.mark.parametrize("matrix", ["ITU709", "ITU601"])
@pytest.mark.parametrize("whole_range", [False, True])
def test_colours_follow_the_matrix_and_range_that_the_file_states(tmp_path, matrix, whole_range):
    colours = np.zeros((48, 64, 3), dtype=np.uint8)
    colours[:, :32], colours[:, 32:] = (220, 40, 30), (30, 160, 60)
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "4"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        picture = av.VideoFrame.from_ndarray(colours, format="rgb24").reformat(
            format="yuv420p", dst_colorspace=matrix, dst_color_range=2 if whole_range else 1
        )
        stream.codec_context.colorspace = {"ITU709": 1, "ITU601": 6}[matrix]
        stream.codec_context.color_range = 2 if whole_range else 1
        picture.pts = 0
        container.mux([*stream.encode(picture), *stream.encode()])
    (frame,) = open_video(tmp_path / "a.mp4").frames_at()
    np.testing.assert_allclose(frame.rgb[24, 10], colours[24, 10], atol=6)
    np.testing.assert_allclose(frame.rgb[24, 54], colours[24, 54], atol=6)


def test_interlaced_frames_come_whole(tmp_path):
    path = write(tmp_path / "a.mp4", frames=12, flags="+ildct+ilme")
    source = open_video(path)
    assert [read_number(frame.rgb) for frame in source.frames_at([0, 5, 11])] == [0, 5, 11]
    np.testing.assert_allclose(source.times, np.arange(12) / 25, atol=1e-6)


@pytest.mark.parametrize("rate", [240, 1, Fraction(1, 2)])
def test_very_fast_and_very_slow(tmp_path, rate):
    source = open_video(write(tmp_path / "a.mp4", frames=20, rate=rate))
    np.testing.assert_allclose(source.times, np.arange(20) / float(rate), atol=1e-4)
    assert [read_number(frame.rgb) for frame in source.frames_at([0, 7, 19])] == [0, 7, 19]


@pytest.mark.parametrize("options", [{"avoid_negative_ts": "disabled"}, {"use_editlist": "0"}])
def test_b_frames_whose_decoding_begins_before_zero(tmp_path, options):
    write(tmp_path / "a.mkv", frames=20)
    with (
        av.open(str(tmp_path / "a.mkv")) as old,
        av.open(str(tmp_path / "a.mp4"), "w", options=options) as new,
    ):
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                new.mux(packet)
    source = open_video(tmp_path / "a.mp4")
    assert [read_number(frame.rgb) for frame in source.frames_at()] == list(range(20))
    np.testing.assert_allclose(source.times, np.arange(20) / 25, atol=1e-3)


def test_of_two_video_streams_the_first_is_read_throughout(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        streams = [container.add_stream("ffv1", rate=25) for _ in range(2)]
        for stream in streams:
            stream.height, stream.width, stream.pix_fmt = 48, 128, "bgr0"
        for number in range(10):
            for offset, stream in zip((0, 100), streams, strict=True):
                picture = av.VideoFrame.from_ndarray(numbered_frame(number + offset), format="rgb24")
                picture.pts, picture.time_base = number, Fraction(1, 25)
                container.mux(stream.encode(picture.reformat(format="bgr0")))
        for stream in streams:
            container.mux(stream.encode())
    source = open_video(tmp_path / "a.mkv")
    assert [read_number(frame.rgb) for frame in source.frames_at()] == list(range(10))
    assert [read_number(frame.rgb) for frame in source.frames_at([2, 9])] == [2, 9]


def test_matroska_without_a_duration(tmp_path):
    class Pipe:  # cannot seek, so that the muxer cannot go back and write the duration
        def __init__(self, path):
            self.file = path.open("wb")

        def write(self, data):
            return self.file.write(data)

    whole = write(tmp_path / "whole.mkv", frames=20)
    pipe = Pipe(tmp_path / "live.mkv")
    with av.open(str(whole)) as old, av.open(pipe, "w", format="matroska") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                new.mux(packet)
    pipe.file.close()
    with av.open(str(tmp_path / "live.mkv")) as container:
        assert container.duration is None
    source = open_video(tmp_path / "live.mkv")
    assert [read_number(frame.rgb) for frame in source.frames_at([0, 12, 19])] == [0, 12, 19]


def test_gif_with_its_own_pauses(tmp_path):
    path = write_moving(tmp_path / "a.gif", "gif", "rgb8", frames=12)
    source = open_video(path)
    assert len(source.times) == 12
    assert (np.diff(source.times) > 0).all()
    assert_looks_like(next(source.frames_at([11])).rgb, moving_frame(11), tolerance=30)  # 256 colours


def test_hidden_frames_of_vp8_are_not_counted(tmp_path):
    whole = write(tmp_path / "whole.webm", frames=20, codec="libvpx", deadline="realtime", g="100")
    source = open_video(remux(whole, tmp_path / "a.webm", hidden={7, 13}))
    assert [read_number(frame.rgb) for frame in source.frames_at()] == [
        n for n in range(20) if n not in (7, 13)
    ]
    assert source.times[7] == pytest.approx(8 / 25, abs=1e-3)


def test_dropped_frames_of_an_avi_leave_their_time_empty(tmp_path):
    whole = write(tmp_path / "whole.avi", frames=30, codec="mpeg4", g="30")
    with av.open(str(whole)) as container:
        assert not all(packet.is_keyframe for packet in container.demux(video=0) if packet.size)
    dropped = {4, 5, 20}
    source = open_video(remux(whole, tmp_path / "a.avi", dropped=dropped))
    kept = [number for number in range(30) if number not in dropped]
    np.testing.assert_allclose(source.times * 25, kept, atol=1e-6)


def test_dropped_frames_of_an_avi_with_b_frames(tmp_path):
    whole = write_moving(tmp_path / "whole.avi", "mpeg4", frames=30, bf="2", g="30")
    dropped = {28, 29}
    source = open_video(remux(whole, tmp_path / "a.avi", dropped=dropped))
    assert len(source.times) == 28
    np.testing.assert_allclose(np.diff(source.times) * 30, 1, atol=1e-6)


def test_a_folder_named_like_a_video_is_read_as_images(tmp_path):
    (tmp_path / "a.mp4").mkdir()
    with pytest.raises(InputError, match="holds no images"):
        open_video(tmp_path / "a.mp4")


def test_a_still_of_8k(tmp_path):
    image = np.zeros((4320, 7680, 3), dtype=np.uint8)
    image[2000:, 4000:] = (250, 120, 10)
    source = open_video(stored(tmp_path / "a.mov", "yuvj420p", [image], "mjpeg"))
    (frame,) = source.frames_at()
    assert (source.size, source.times.tolist()) == ((7680, 4320), [0])
    assert_looks_like(frame.rgb[::16, ::16], image[::16, ::16])


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_titles_in_another_encoding_are_no_obstacle(tmp_path, suffix):
    path = tmp_path / f"titled{suffix}"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "caf+ QQQQ"
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.metadata["title"] = "QQQQ"
        for number in range(5):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 40 * number, np.uint8), "rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    content = path.read_bytes()
    assert b"QQQQ" in content
    path.write_bytes(content.replace(b"QQQQ", b"\xe9t\xe9\xff"))  # Latin-1, as old cameras write it
    assert len(list(open_video(path).frames_at())) == 5
    with LiveSource(str(path)) as source:
        assert next(iter(source)).rgb().shape == (48, 64, 3)
