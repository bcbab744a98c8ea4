import av
import pytest

from uplift3d.video.skipping import can_skip_unreferenced

from .clips import write_moving

X265 = "keyint=20:log-level=none"


@pytest.mark.parametrize(
    ("name", "how", "skips"),
    [
        ("a.mp4", {"codec": "libx264"}, True),
        ("a.mp4", {"codec": "libx265", "x265-params": X265}, True),
        ("a.ts", {"codec": "libx265", "x265-params": X265}, True),
        ("a.mp4", {"codec": "libx265", "x265-params": f"{X265}:temporal-layers=3:bframes=7"}, False),
        ("a.ts", {"codec": "libx265", "x265-params": f"{X265}:temporal-layers=3:bframes=7"}, False),
        ("a.mp4", {"codec": "mpeg4"}, True),
        ("a.webm", {"codec": "libvpx", "deadline": "realtime"}, False),
        ("a.mp4", {"codec": "libsvtav1", "preset": "13"}, False),
    ],
)
def test_only_decoders_that_stay_exact_skip(tmp_path, name, how, skips):
    with av.open(str(write_moving(tmp_path / name, frames=20, **how))) as container:
        assert can_skip_unreferenced(container.streams.video[0].codec_context) is skips
