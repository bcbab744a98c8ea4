import math

import av
import pytest
from PIL import Image

from uplift3d.video import open_video
from uplift3d.video.focal import QUICKTIME_KEY, equivalent_mm_of_tags, focal_px

from .clips import write


def test_a_film_camera_sees_its_film():
    assert focal_px(50, (3600, 2400)) == pytest.approx(5000)  # 100 pixels per millimetre


def test_the_angle_of_view_across_the_diagonal_is_that_on_film():
    focal = focal_px(28, (1920, 1080))
    assert math.atan(math.hypot(1920, 1080) / 2 / focal) == pytest.approx(
        math.atan(math.hypot(36, 24) / 2 / 28)
    )


@pytest.mark.parametrize("number", [None, 0, -1, math.nan, math.inf])
def test_no_usable_number(number):
    assert focal_px(number, (64, 48)) is None


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([{}, {}], None),
        ([{}, {QUICKTIME_KEY: "26"}], 26),
        ([{QUICKTIME_KEY: "25.5"}, {}], 25.5),
        ([{QUICKTIME_KEY: "wide"}, {QUICKTIME_KEY: "13"}], 13),
    ],
)
def test_tags_of_container_and_stream(tags, expected):
    assert equivalent_mm_of_tags(*tags) == expected


def test_a_quicktime_video_that_notes_it(tmp_path):
    plain = write(tmp_path / "clip.mp4", frames=3, rotation=90)
    with (
        av.open(str(plain)) as old,
        av.open(str(tmp_path / "phone.mov"), "w", options={"movflags": "use_metadata_tags"}) as new,
    ):
        stream = new.add_stream_from_template(old.streams.video[0])
        new.metadata[QUICKTIME_KEY] = "26"
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                new.mux(packet)
    assert open_video(tmp_path / "phone.mov").focal_px_from_metadata == pytest.approx(
        26 * math.hypot(128, 48) / math.hypot(36, 24)
    )
    assert open_video(plain).focal_px_from_metadata is None


@pytest.mark.parametrize(("noted", "known"), [(35, True), (0, False), (None, False)])
def test_images_with_exif(tmp_path, noted, known):
    exif = Image.Exif()
    if noted is not None:
        exif[0x8769] = {0xA405: noted}
    (tmp_path / "0.jpg").write_bytes(b"damaged")
    Image.new("RGB", (300, 400)).save(tmp_path / "1.jpg", exif=exif)
    focal = open_video(tmp_path, 30).focal_px_from_metadata
    assert focal == (pytest.approx(35 * 500 / math.hypot(36, 24)) if known else None)
