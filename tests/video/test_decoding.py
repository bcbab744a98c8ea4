"""What is decoded for the wanted frames, and that this makes no difference to a single pixel of them."""

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.errors import UpliftWarning
from uplift3d.video import decoding, open_video
from uplift3d.video.decoding import JOIN_PACKETS, plan
from uplift3d.video.timeline import Packets

from .clips import remux, write_moving, write_palette

FRAMES = 60
H264 = {"codec": "libx264", "g": "20", "preset": "veryfast"}
X265 = "keyint=20:log-level=none:pools=none:frame-threads=1:rd=1"
CODECS = {
    "h264": ("a.mp4", H264),
    "h264 open gop": ("a.mkv", {**H264, "x264-params": "open-gop=1"}),
    "h264 stream": ("a.ts", {**H264, "x264-params": "open-gop=1"}),
    "h264 fragments": ("a.mp4", {**H264, "movflags": "frag_keyframe+empty_moov"}),
    "h264 intra only": ("a.mov", {"codec": "libx264", "g": "1"}),
    "h264 interlaced": ("a.mp4", {**H264, "flags": "+ildct+ilme"}),
    "h264 10 bit": ("a.mp4", {**H264, "pixels": "yuv420p10le"}),
    "hevc": ("a.mp4", {"codec": "libx265", "x265-params": X265}),
    "hevc stream": ("a.ts", {"codec": "libx265", "x265-params": X265}),
    "hevc layers": ("a.mp4", {"codec": "libx265", "x265-params": f"{X265}:temporal-layers=3:bframes=7"}),
    "vp8": ("a.webm", {"codec": "libvpx", "g": "20", "deadline": "realtime", "threads": "1"}),
    "vp9": (
        "a.webm",
        {"codec": "libvpx-vp9", "g": "20", "lag-in-frames": "16", "cpu-used": "8", "threads": "1"},
    ),
    "av1": ("a.mp4", {"codec": "libsvtav1", "g": "20", "preset": "13"}),
    "mpeg4": ("a.mp4", {"codec": "mpeg4", "g": "20", "bf": "2"}),
    "mpeg4 avi": ("a.avi", {"codec": "mpeg4", "g": "20", "bf": "2"}),
    "mpeg2": ("a.mpg", {"codec": "mpeg2video", "g": "20", "bf": "2"}),
    "wmv2": ("a.wmv", {"codec": "wmv2", "g": "20"}),
    "prores": ("a.mov", {"codec": "prores", "pixels": "yuv422p10le"}),
    "prores alpha": ("a.mov", {"codec": "prores_ks", "pixels": "yuva444p10le"}),
    "mjpeg": ("a.avi", {"codec": "mjpeg", "pixels": "yuvj420p"}),
    "ffv1": ("a.mkv", {"codec": "ffv1", "g": "20"}),
    "animation": ("a.mov", {"codec": "qtrle", "pixels": "rgb24", "g": "20"}),
    "gif": ("a.gif", {"codec": "gif", "pixels": "rgb8"}),
    "raw": ("a.avi", {"codec": "rawvideo", "pixels": "bgr24"}),
}
WANTED = [[0, 12, 24, 36, 48], [59], [19, 20, 21, 40], [1, 3, 37], [5, 57, 58]]


def plain_pixels(path):
    """All frames, decoded without any of our code."""
    with av.open(str(path)) as container:
        return [picture.to_ndarray(format="rgb24") for picture in container.decode(video=0)]


def assert_same_pixels(source, wanted, plain):
    frames = list(source.frames_at(wanted))
    assert [frame.number for frame in frames] == list(wanted)
    for frame in frames:
        np.testing.assert_array_equal(frame.rgb, plain[frame.number])


@pytest.mark.parametrize("codec", CODECS)
def test_wanted_frames_are_those_of_plain_decoding_to_the_pixel(codec, tmp_path, monkeypatch):
    name, how = CODECS[codec]
    path = write_moving(tmp_path / name, frames=FRAMES, **how)
    source, plain = open_video(path), plain_pixels(path)
    assert len(source.times) == len(plain) == FRAMES
    if codec != "mpeg4 avi":  # that one is decoded in full; the others may not need it
        monkeypatch.delattr(decoding, "_all")
    for wanted in WANTED:
        assert_same_pixels(source, wanted, plain)


@pytest.mark.parametrize("name", ["a.avi", "a.mov"])
def test_a_palette_that_comes_only_once_is_kept(tmp_path, name):
    source = open_video(write_palette(tmp_path / name))
    levels = [int(frame.rgb.max()) for frame in source.frames_at([0, 40, 41, 79])]
    assert levels == [100, 140, 141, 179]


def test_frames_behind_a_hidden_start_are_found(tmp_path):
    whole = write_moving(tmp_path / "whole.mp4", frames=FRAMES, **H264)
    path = remux(whole, tmp_path / "trimmed.mp4", shift=-25)
    plain = plain_pixels(path)
    assert len(plain) == FRAMES - 25
    for wanted in ([0], [0, 1, 14, 15, 34], [20]):
        assert_same_pixels(open_video(path), wanted, plain)


def test_a_long_way_is_sought_not_read(tmp_path, monkeypatch):
    path = write_moving(tmp_path / "a.mp4", frames=FRAMES, **H264)
    source, plain = open_video(path), plain_pixels(path)
    reads = []
    true_demuxed = decoding.demuxed

    def counted(container, stream):
        for packet in true_demuxed(container, stream):
            reads.append(packet.pts)
            yield packet

    monkeypatch.setattr(decoding, "demuxed", counted)
    monkeypatch.setattr(decoding, "SEEK_PACKETS", 15)
    monkeypatch.delattr(decoding, "_all")
    assert_same_pixels(source, [1, 44], plain)
    assert len(reads) < 15


def test_where_seeking_lands_too_late_all_is_decoded(tmp_path, monkeypatch):
    path = write_moving(tmp_path / "a.mp4", frames=FRAMES, **H264)
    source, plain = open_video(path), plain_pixels(path)
    true_fed = decoding._fed

    class Late:
        def __init__(self, container):
            self.container = container

        def demux(self, stream):
            return self.container.demux(stream)

        def seek(self, offset, **how):
            self.container.seek(offset * 2, **how)

    monkeypatch.setattr(decoding, "_fed", lambda container, *rest: true_fed(Late(container), *rest))
    monkeypatch.setattr(decoding, "SEEK_PACKETS", 15)
    assert_same_pixels(source, [1, 25, 44], plain)


def test_periodic_refresh_in_place_of_key_frames_loses_nothing(tmp_path):
    path = write_moving(tmp_path / "a.mkv", **{**H264, "bf": "0", "x264-params": "intra-refresh=1"})
    assert_same_pixels(open_video(path), [0, 22, 38, 41], plain_pixels(path))


def test_only_what_is_needed_is_decoded(tmp_path, monkeypatch):
    fed = []
    true_pictures = decoding.pictures
    monkeypatch.setattr(
        decoding, "pictures", lambda stream, packet: fed.append(packet) or true_pictures(stream, packet)
    )
    source = open_video(write_moving(tmp_path / "a.mov", "mjpeg", "yuvj420p"))
    fed.clear()
    assert len(list(source.frames_at([0, 24, 48]))) == 3
    assert sum(packet is not None for packet in fed) == 3
    source = open_video(write_moving(tmp_path / "a.mp4", **H264))
    fed.clear()
    assert len(list(source.frames_at([0, 40]))) == 2
    assert sum(packet is not None for packet in fed) == 2


@pytest.mark.parametrize(("flags", "skips"), [("", True), ("+ildct+ilme", False)])
def test_interlaced_frames_may_be_two_packets_so_none_is_skipped(tmp_path, monkeypatch, flags, skips):
    path = write_moving(tmp_path / "a.mp4", **H264, **({"flags": flags} if flags else {}))
    states = set()
    true_pictures = decoding.pictures

    def noted(stream, packet):
        states.add(stream.codec_context.skip_frame)
        return true_pictures(stream, packet)

    source = open_video(path)
    monkeypatch.setattr(decoding, "pictures", noted)
    assert len(list(source.frames_at([0, 18, 38]))) == 3
    assert ("NONREF" in states) is skips


def test_a_damaged_stretch_costs_one_more_pass_not_one_for_each_frame(tmp_path, monkeypatch):
    path = write_moving(tmp_path / "a.mp4", **H264)
    data = bytearray(path.read_bytes())
    middle = data.index(b"mdat") + (data.index(b"moov") - data.index(b"mdat")) // 2
    data[middle : middle + 6000] = bytes(6000)
    path.write_bytes(data)
    source, passes = open_video(path), []
    true_all = decoding._all
    monkeypatch.setattr(decoding, "_all", lambda *given: passes.append(1) or true_all(*given))
    with pytest.warns(UpliftWarning, match=r"\d+ of the 30 frames asked for cannot be decoded"):
        numbers = [frame.number for frame in source.frames_at(range(0, 60, 2))]
    assert numbers == sorted(set(numbers))
    assert {0, 2, 4, 56, 58} <= set(numbers)
    assert len(passes) == 1


@st.composite
def packets_and_wanted(draw):
    """Groups of pictures in decoding order; a few that are shown before a group's key follow it."""
    groups = draw(st.lists(st.integers(1, 12), min_size=1, max_size=6))
    stamps, entries, clock = [], [], 10
    for size in groups:
        leading = draw(st.integers(0, 2)) if stamps and size > 3 else 0
        entries.append(len(stamps))
        stamps += [clock + leading, *range(clock, clock + leading)]
        stamps += list(range(clock + leading + 1, clock + size))
        clock += size
    array = np.array(stamps)
    packets = Packets(array, np.argsort(array), np.array(entries), np.zeros(len(array), dtype=bool))
    wanted = draw(st.sets(st.integers(0, len(array) - 1), min_size=1))
    return packets, np.array(sorted(wanted))


@given(packets_and_wanted())
def test_every_wanted_packet_is_fed_with_all_from_an_entry_that_is_shown_no_later(case):
    packets, wanted = case
    chosen = plan(packets, wanted, intra_only=False)
    first_of_run = np.flatnonzero(chosen.fed & ~np.concatenate([[False], chosen.fed[:-1]]))
    assert np.isin(first_of_run, packets.entries).all()
    for place in packets.frames[wanted]:
        start = first_of_run[first_of_run <= place].max()
        assert chosen.fed[start : place + 1].all()
        assert packets.stamps[start] <= packets.stamps[place]
    np.testing.assert_array_equal(np.flatnonzero(chosen.wanted), np.sort(packets.frames[wanted]))


@given(packets_and_wanted())
def test_the_decoder_is_emptied_at_the_end_of_each_run_and_runs_lie_apart(case):
    packets, wanted = case
    chosen = plan(packets, wanted, intra_only=False)
    edges = np.diff(chosen.fed.astype(int), prepend=0, append=0)
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    assert (starts[1:] - ends[:-1] > JOIN_PACKETS).all()
    np.testing.assert_array_equal(np.flatnonzero(chosen.ends), ends[ends < len(chosen.fed)] - 1)


def test_pictures_of_their_own_are_decoded_alone_with_what_sets_the_palette():
    state = np.zeros(6, dtype=bool)
    state[0] = True
    packets = Packets(np.arange(6), np.arange(6), np.array([0]), state)
    assert plan(packets, np.array([3, 5]), intra_only=True).fed.tolist() == [
        True,
        False,
        False,
        True,
        False,
        True,
    ]
