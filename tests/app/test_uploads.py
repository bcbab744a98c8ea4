"""Names of files that somebody else chose."""

import pytest

from uplift3d.app.uploads import _suffix, plain_name


@pytest.mark.parametrize(
    ("given", "name", "suffix"),
    [
        ("walk.mp4", "walk.mp4", ".mp4"),
        ("/etc/passwd", "passwd", ""),
        ("..\\..\\a.MKV", "a.MKV", ".mkv"),
        ("a\nb\0.mov", "a_b_.mov", ".mov"),
        ("", "video", ""),
        ("../", "video", ""),
        ("x" * 500, "x" * 120, ""),
        ("a.b/../c.verylong", "c.verylong", ""),
    ],
)
def test_a_name_is_for_reading_only(given, name, suffix):
    assert plain_name(given) == name
    assert _suffix(name) == suffix
