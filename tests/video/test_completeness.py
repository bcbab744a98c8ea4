import struct
from typing import Any

import pytest

from uplift3d.errors import UpliftWarning
from uplift3d.video import open_video
from uplift3d.video.completeness import is_cut_off

from .clips import remux, write_moving

NAMES = ["a.mp4", "a.mov", "a.mkv", "a.avi"]


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_file_is_whole_and_every_cut_is_seen(tmp_path, name):
    path = write_moving(tmp_path / name, "mpeg4", frames=20)
    assert not is_cut_off(path)
    data = path.read_bytes()
    for length in (len(data) - 1, len(data) - 100, len(data) // 2):
        path.write_bytes(data[:length])
        assert is_cut_off(path)


def test_fragments_are_whole_at_every_end_of_a_part(tmp_path):
    path = write_moving(tmp_path / "a.mp4", "libx264", g="10", movflags="frag_keyframe+empty_moov")
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"moof") - 4])
    assert not is_cut_off(path)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"short",
        b"RIFF",
        b"\x1a\x45\xdf\xa3",
        b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" + bytes(50),  # live recording
        struct.pack(">I4s", 0, b"mdat") + bytes(50),  # up to the end of the file
        struct.pack(">I4sQ", 1, b"mdat", 66) + bytes(50),
        struct.pack(">I4s", 3, b"ftyp") + bytes(50),  # damage
    ],
)
def test_other_files_promise_nothing(tmp_path, head):
    (tmp_path / "a").write_bytes(head)
    assert not is_cut_off(tmp_path / "a")


def test_a_long_box_is_measured_by_its_long_size(tmp_path):
    (tmp_path / "a").write_bytes(struct.pack(">I4sQ", 1, b"mdat", 67) + bytes(50))
    assert is_cut_off(tmp_path / "a")


@pytest.mark.parametrize(
    ("old", "new", "how"),
    [
        ("a.mp4", "b.mp4", {"shift": -25}),  # an edit list hides 25 frames
        ("a.avi", "b.avi", {"dropped": range(1, 60, 3)}),  # empty chunks for dropped frames
        ("a.avi", "b.avi", {"dropped": range(10, 40)}),
    ],
)
def test_whole_files_with_hidden_or_empty_frames_do_not_end_early(tmp_path, old, new, how):
    path = remux(write_moving(tmp_path / old, "mpeg4", g="20"), tmp_path / new, **how)
    source = open_video(path)
    assert len(list(source.frames_at())) == len(source.times)  # an UpliftWarning is an error here


@pytest.mark.parametrize("lost", [1, 10])
def test_a_missing_end_is_told_with_the_time_it_should_reach(tmp_path, lost):
    path = write_moving(tmp_path / "a.mp4", "mpeg4", g="1", movflags="faststart")
    source: Any = open_video(path)
    at = source._timeline.packets
    assert at is not None
    size = (path.stat().st_size - path.read_bytes().index(b"mdat")) // 60  # about one frame
    path.write_bytes(path.read_bytes()[: -size * lost])
    with pytest.warns(UpliftWarning, match=r"ends early; it can be read up to 1\.\d+ s of 2\.00 s"):
        list(open_video(path).frames_at([0]))


@pytest.mark.parametrize("case", ["trimmed.mp4", "null_frames.avi"])
def test_real_files_that_were_once_said_to_end_early(shared_dir, case):
    path = shared_dir / "cases" / "05-ends-early-false" / case
    if not path.exists():
        pytest.skip("needs the shared cases")
    source = open_video(path)
    assert len(list(source.frames_at())) == len(source.times) == {"t": 60, "n": 100}[case[0]]
