import numpy as np
import pytest
from PIL import Image

from uplift3d.errors import InputError, NothingFoundError, UpliftWarning
from uplift3d.video import open_video
from uplift3d.video.images import ImageFolder


def save(path, level, size=(40, 30), **options):
    Image.new("RGB", size, (level, 0, 0)).save(path, **options)


def levels(frames):
    return [int(frame.rgb[0, 0, 0]) for frame in frames]


def test_images_come_in_natural_order_with_even_times(tmp_path):
    for level, name in [(30, "img10.png"), (10, "img1.png"), (20, "img2.PNG"), (40, "img10b.png")]:
        save(tmp_path / name, level)
    with open_video(tmp_path, image_rate_hz=25) as source:
        assert levels(source.frames_at()) == [10, 20, 30, 40]
        np.testing.assert_allclose(source.times, [0, 0.04, 0.08, 0.12])
        assert (source.size, source.rate_hz) == ((40, 30), 25)


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "png", "bmp", "webp"])
def test_every_accepted_format(tmp_path, suffix):
    save(tmp_path / f"a.{suffix}", 200)
    (frame,) = ImageFolder(tmp_path, 30).frames_at()
    assert frame.rgb.shape == (30, 40, 3)
    assert frame.rgb.dtype == np.uint8
    assert abs(int(frame.rgb[15, 20, 0]) - 200) < 6  # lossy formats


def test_only_the_images_asked_for_are_read(tmp_path):
    for number in range(4):
        save(tmp_path / f"{number}.png", number)
    (tmp_path / "1.png").write_bytes(b"damaged")
    frames = list(ImageFolder(tmp_path, 30).frames_at([0, 3]))
    assert [frame.number for frame in frames] == [0, 3]
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.1])


def test_grey_and_transparent_images_become_rgb(tmp_path):
    Image.new("L", (8, 8), 77).save(tmp_path / "1.png")
    Image.new("RGBA", (8, 8), (1, 2, 3, 0)).save(tmp_path / "2.png")
    first, second = ImageFolder(tmp_path, 30).frames_at()
    assert first.rgb[0, 0].tolist() == [77, 77, 77]
    assert second.rgb[0, 0].tolist() == [1, 2, 3]


def test_exif_orientation_is_honoured(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to show it
    save(tmp_path / "a.jpg", 9, size=(40, 30), exif=exif)
    assert ImageFolder(tmp_path, 30).size == (30, 40)


def test_other_files_are_left_alone(tmp_path):
    save(tmp_path / "1.png", 1)
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "._1.png").write_text("what macOS leaves on foreign disks")
    (tmp_path / "sub.png").mkdir()
    assert len(ImageFolder(tmp_path, 30).times) == 1


def test_without_a_rate_30_hz_are_assumed_with_a_warning(tmp_path):
    save(tmp_path / "1.png", 1)
    with pytest.warns(UpliftWarning, match="no timestamps; 30 images per second are assumed"):
        assert ImageFolder(tmp_path).rate_hz == 30


def test_unreadable_images_are_left_out_with_a_warning(tmp_path):
    for number in range(3):
        save(tmp_path / f"{number}.png", number)
    whole = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").write_bytes(whole[: len(whole) // 2])
    with pytest.warns(UpliftWarning, match=r"1 images cannot be read and are left out: 1\.png"):
        assert levels(ImageFolder(tmp_path, 30).frames_at()) == [0, 2]


def test_images_of_different_sizes(tmp_path):
    save(tmp_path / "1.png", 1)
    save(tmp_path / "2.png", 2, size=(41, 30))
    with pytest.raises(InputError, match=r"2\.png is 41×30 pixels; the first image .* 40×30"):
        list(ImageFolder(tmp_path, 30).frames_at())


def test_a_folder_without_images(tmp_path):
    (tmp_path / "a.txt").touch()
    with pytest.raises(NothingFoundError, match=r"holds no images; accepted are \.jpg .*\.webp"):
        open_video(tmp_path)


def test_a_folder_of_damaged_images(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(InputError, match="none of its 1 images can be read"):
        open_video(tmp_path, 30)


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_rate_that_is_no_positive_number(tmp_path, rate):
    save(tmp_path / "1.png", 1)
    with pytest.raises(InputError, match=r"image rate is .* accepted are 0.0001 to 10000 Hz"):
        ImageFolder(tmp_path, rate)


def test_not_a_folder(tmp_path):
    with pytest.raises(InputError, match="is not a folder of images"):
        ImageFolder(tmp_path / "nowhere")


def test_an_image_that_unpacks_to_far_more_than_its_file_is_damage(tmp_path):
    save(tmp_path / "1.png", 9)
    Image.new("1", (9000, 9000)).save(tmp_path / "2.png")  # 81 million pixels in 10 kB
    assert (tmp_path / "2.png").stat().st_size < 50_000
    with pytest.warns(UpliftWarning):
        frames = list(ImageFolder(tmp_path, 30).frames_at())
    assert [frame.number for frame in frames] == [0]


def test_an_empty_picture_of_8k_is_none(tmp_path):
    Image.new("RGB", (7680, 4320)).save(tmp_path / "1.png")
    assert ImageFolder(tmp_path, 30).size == (7680, 4320)
