"""Lists of clips, places in stores, and the names of results."""

import numpy as np
import pytest

from uplift3d.errors import InputError, NothingFoundError
from uplift3d.scale.clips import clips_in_manifest, clips_in_store, is_manifest, is_url, result_name


def test_a_text_file_names_a_clip_a_line(tmp_path):
    (tmp_path / "a.txt").write_text("# walks\n\n clips/a.mp4\ns3://bucket/b.mp4 \n")
    assert clips_in_manifest(tmp_path / "a.txt") == ["clips/a.mp4", "s3://bucket/b.mp4"]


def test_a_parquet_column_names_them(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(
        pa.table({"input": ["a.mp4", None, "b.mp4"], "size": [1, 2, 3]}), tmp_path / "a.parquet"
    )
    assert clips_in_manifest(tmp_path / "a.parquet") == ["a.mp4", "b.mp4"]
    parquet.write_table(pa.table({"clip": ["a.mp4"]}), tmp_path / "b.parquet")
    with pytest.raises(InputError, match=r"b.parquet has no column 'input'; its columns are clip"):
        clips_in_manifest(tmp_path / "b.parquet")


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("a.txt", b"# nothing\n", NothingFoundError, "names no clips"),
        ("a.txt", b"\xff\xfe\x00", InputError, "cannot be read as a list of clips"),
        ("a.parquet", b"PAR1 or so", InputError, "cannot be read as Parquet"),
        ("gone.txt", None, InputError, "gone.txt: no such file"),
    ],
)
def test_lists_that_are_none(tmp_path, name, content, error, message):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=message):
        clips_in_manifest(tmp_path / name)


def test_patterns_in_a_store():
    fsspec = pytest.importorskip("fsspec")
    store = fsspec.filesystem("memory")
    for name in ("/clips/a.mp4", "/clips/deep/b.mp4", "/clips/c.txt"):
        store.pipe_file(name, b"")
    assert clips_in_store("memory://clips/*.mp4") == ["memory:///clips/a.mp4"]
    assert clips_in_store("memory://clips/new.mp4") == ["memory://clips/new.mp4"]
    with pytest.raises(NothingFoundError, match="nothing is called like that"):
        clips_in_store("memory://clips/*.mov")
    with pytest.raises(InputError, match=r"nope://x/\*.mp4 cannot be listed"):
        clips_in_store("nope://x/*.mp4")


def test_what_is_what():
    assert is_url("s3://bucket/a.mp4")
    assert not is_url("a.mp4")
    assert is_manifest("clips.TXT")
    assert not is_manifest("a.mp4")


def test_results_of_one_name_in_two_folders_stay_apart():
    names = {result_name(clip) for clip in ("a/walk.mp4", "b/walk.mp4", "s3://a/walk.mp4", "a/walk.mov")}
    assert len(names) == 4
    assert all(name.startswith("walk-") for name in names)
    assert result_name("frames/") != result_name("frames.mp4")
    assert len(result_name("x" * 500 + ".mp4")) < 100


def test_a_name_that_is_no_text_is_refused():
    with pytest.raises(InputError, match=r"'a/\\udcff\.mp4' is a name in another code than UTF-8"):
        result_name("a/\udcff.mp4")


def test_a_column_of_other_things_is_refused_before_it_takes_memory(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(arrow.table({"input": [{"a": 1}] * 9}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"column 'input' holds 'struct<a: int64>'; accepted are texts"):
        clips_in_manifest(tmp_path / "a.parquet")
    repeated = arrow.table({"input": arrow.array(["a.mp4"]).take(arrow.array(np.zeros(3_000_000, int)))})
    parquet.write_table(repeated, tmp_path / "b.parquet", compression="zstd")
    with pytest.raises(InputError, match=r"b\.parquet, unpacked, holds 600,000,000 bytes"):
        clips_in_manifest(tmp_path / "b.parquet")


def test_a_list_of_windows_begins_with_a_mark_and_loses_nothing(tmp_path):
    (tmp_path / "clips.txt").write_bytes(b"\xef\xbb\xbfa.mp4\r\nb.mp4\r\n")
    assert clips_in_manifest(tmp_path / "clips.txt") == ["a.mp4", "b.mp4"]
