"""The overlay video: true to the video's times and picture, people where the camera sees them."""

from dataclasses import replace

import av
import numpy as np
import pytest
from PIL import Image, ImageColor

from uplift3d.camera import Camera
from uplift3d.errors import InputError, UpliftWarning
from uplift3d.export import save_motion
from uplift3d.types import Motion3D
from uplift3d.video import open_video
from uplift3d.view.colours import LEFT, MEASURED, RIGHT
from uplift3d.view.overlay import at_frames, find_video, opened_for
from uplift3d.view.sheet import STRIP_PX, Layout, Sheet, freshness, projected
from video.clips import write as write_clip

SIZE = (640, 480)
CAMERA = Camera.pinhole(500.0, (320.0, 240.0))


@pytest.fixture
def seen(walk):
    """The two walkers 4 m in front of a camera, 1 m to its left and right."""
    root = np.zeros((2, 50, 3))
    root[..., 2], root[0, :, 0], root[1, :, 0] = 4, -1, 1
    root[~walk.present] = np.nan
    camera = {"focal_px": 500.0, "principal_point_px": [320.0, 240.0], "image_size": list(SIZE)}
    return replace(walk, times=walk.times - walk.times[0], root=root, meta={"camera": camera})


@pytest.fixture
def filmed(seen):
    """The same in the pictures that `write_clip` makes."""
    camera = {"focal_px": 50.0, "principal_point_px": [64.0, 24.0], "image_size": [128, 48]}
    return replace(seen, meta={"camera": camera})


def frames_of(path):
    """Times in seconds, and RGB arrays, of a video as FFmpeg shows it."""
    with av.open(str(path)) as container:
        return [(float(frame.time), frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def share_of(image, colour, box=None):
    """Share of the pixels of a part of an image that are close to a colour."""
    part = np.asarray(image if box is None else image.crop(box), dtype=int)
    return float((np.abs(part - ImageColor.getrgb(colour)).max(axis=-1) <= 30).mean())


def grey(size=SIZE):
    return np.full((size[1], size[0], 3), 128, np.uint8)


def test_limbs_are_where_the_camera_sees_them(seen):
    layout = Layout.of(SIZE)
    picture = Sheet(seen, layout).picture(grey(), 5)
    scale = layout.video_px[0] / SIZE[0]
    pixels = CAMERA.project(seen.positions[:, 5] + seen.root[:, 5, None]) * scale
    for person in range(2):
        for upper, lower, colour in ((11, 12, LEFT), (14, 15, RIGHT), (4, 5, LEFT), (1, 2, RIGHT)):
            x, y = (pixels[person, upper] + pixels[person, lower]) / 2
            y += layout.video_top_px
            assert share_of(picture, colour, (round(x) - 1, round(y) - 1, round(x) + 2, round(y) + 2)) > 0.5


def test_a_video_of_another_resolution_is_drawn_at_the_same_places(seen):
    large, _ = projected(seen, 640)
    small, _ = projected(seen, 320)
    np.testing.assert_allclose(small, large / 2, equal_nan=True)


def test_nobody_is_drawn_who_is_absent(seen):
    """The second walker, on the right, has left at the end; the first has not."""
    layout = Layout.of(SIZE)
    picture = Sheet(seen, layout).picture(grey(), 48)
    right = (400, 0, layout.video_px[0], layout.height_px - 40)
    assert share_of(picture, "#808080", right) > 0.99
    assert share_of(picture, LEFT, (0, 0, 400, layout.height_px)) > 0


def test_measured_moments_are_marked_and_fade(seen):
    sheet, box = Sheet(seen, Layout.of(SIZE)), (0, 300, 300, 480)
    marks = [share_of(sheet.picture(grey(), row), MEASURED, box) for row in (10, 17)]
    assert marks[0] > 0.02
    assert marks[1] == 0
    fresh = freshness(seen.times, seen.observed[0])
    assert (fresh[::10] == 1).all()
    assert (np.diff(fresh[10:16]) <= 0).all()
    assert (freshness(seen.times, np.zeros(50, bool)) == 0).all()


@pytest.mark.parametrize("size", [(640, 480), (1768, 1404), (101, 77), (77, 301), (3840, 2160), (2000, 150)])
def test_every_size_is_even_and_holds_all_of_the_video(size):
    layout = Layout.of(size)
    assert all(side % 2 == 0 for side in (*layout.size, *layout.video_px))
    assert layout.video_px[0] <= 1280
    assert layout.video_px[1] + layout.video_top_px <= layout.height_px
    assert layout.size[1] == layout.height_px + STRIP_PX
    assert 2 * layout.panel_px <= layout.height_px
    np.testing.assert_allclose(layout.video_px[0] / layout.video_px[1], size[0] / size[1], rtol=0.02)


def test_uneven_times_are_kept(filmed, tmp_path):
    times = np.cumsum(np.tile([20, 50, 33], 10)) - 20
    clip = write_clip(tmp_path / "uneven.mp4", 30, times_ms=times.tolist())
    output = save_motion(tmp_path / "out.mp4", filmed[:27], video=clip)
    written = frames_of(output)
    with open_video(clip) as video:
        np.testing.assert_allclose([time for time, _ in written], video.times, atol=2e-5)
    assert written[0][1].shape[1::-1] == Layout.of((128, 48)).size


def test_a_turned_video_stands_upright(filmed, tmp_path):
    clip = write_clip(tmp_path / "turned.mp4", 30, rotation=90)
    with pytest.warns(UpliftWarning, match="beside it only"):
        output = save_motion(tmp_path / "out.mp4", replace(filmed[:5], root=None, meta={}), video=clip)
    _, picture = frames_of(output)[0]
    with open_video(clip) as video:
        size, first = video.size, next(iter(video.frames_at([0]))).rgb
    layout = Layout.of(size)
    shown = picture[layout.video_top_px :][: layout.video_px[1], : layout.video_px[0]]
    expected = np.asarray(Image.fromarray(first).resize(layout.video_px), dtype=int)
    upright, upside_down = (
        np.abs(shown[:-50] - way[:-50]).mean()
        for way in (expected, expected[::-1])  # below is the badge
    )
    assert upright < upside_down / 4


def test_images_of_odd_size(seen, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(9):
        Image.fromarray(grey((101, 77))).save(folder / f"{number}.png")
    output = save_motion(tmp_path / "out.mp4", replace(seen[:9], meta={**seen.meta, "source": str(folder)}))
    times = [time for time, _ in frames_of(output)]
    np.testing.assert_allclose(times, np.arange(9) / 25, atol=2e-5)


def test_a_motion_at_another_rate_is_shown_at_the_frames_times(filmed, tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", 50)
    with open_video(clip) as video:
        shown, numbers = at_frames(filmed[::2], video)
        assert numbers == list(range(49))  # the last of every second pose is at 1.92 s
        np.testing.assert_allclose(shown.times, video.times[:49])
        part, numbers = at_frames(filmed[10:20], video)
        assert numbers == list(range(10, 20))
        np.testing.assert_array_equal(part.positions, filmed[10:20].positions)


def test_without_a_place_the_video_stays_as_it_is(seen, tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", 50)
    with pytest.warns(UpliftWarning, match="where in the picture people are"):
        save_motion(tmp_path / "out.mp4", replace(seen[:5], root=None, meta={}), video=clip)
    layout = Layout.of(SIZE)
    picture = Sheet(replace(seen, root=None), layout).picture(grey(), 5)
    assert share_of(picture, "#808080", (0, 0, layout.video_px[0], layout.height_px - 40)) == 1
    assert share_of(picture, LEFT, (layout.video_px[0], 0, layout.size[0], layout.height_px)) > 0.001


def test_what_is_no_video_of_the_motion(filmed, tmp_path):
    clip = write_clip(tmp_path / "short.mp4", 20)
    output = tmp_path / "out.mp4"
    with pytest.raises(InputError, match=r"lasts 0.76 s, but the motion goes on until 1.96 s"):
        save_motion(output, filmed, video=clip)
    camera = {**filmed.meta["camera"], "image_size": [48, 128]}
    with pytest.raises(InputError, match=r"48 × 128.*another video"):
        save_motion(
            output, replace(filmed, meta={"camera": camera}), video=write_clip(tmp_path / "seen.mp4", 60)
        )
    with pytest.raises(InputError, match="no such video"):
        save_motion(output, filmed, video=tmp_path / "gone.mp4")
    with pytest.raises(InputError, match="which it does not name"):
        find_video(filmed)
    keys = tmp_path / "keys.npz"
    keys.touch()
    with pytest.raises(InputError, match=r"keys\.npz"):
        find_video(replace(filmed, meta={"source": str(keys)}))
    with pytest.raises(InputError, match="no pose"):
        save_motion(output, replace(filmed, positions=filmed.positions * np.nan), video=clip)
    assert not output.exists()
    assert not list(tmp_path.glob(".out*"))


@pytest.mark.parametrize("rate_hz", [10.0, 30.0, 60.0])
def test_images_of_a_folder_come_when_they_were_lifted_at(tmp_path, rate_hz):
    for number in range(9):
        Image.new("RGB", (32, 24)).save(tmp_path / f"{number}.png")
    times = np.arange(int(0.26 * rate_hz) + 1) / rate_hz
    motion = Motion3D(
        np.zeros((1, len(times), 17, 3)),
        times,
        None,
        np.ones((1, len(times))),
        meta={"keypoints": {"image_rate_hz": 30.0}},
    )
    with opened_for(motion, tmp_path) as frames:
        np.testing.assert_allclose(frames.times, np.arange(9) / 30)
