"""The record of a batch, and the storage it lies in."""

import io
import json

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")

from uplift3d.errors import InputError
from uplift3d.scale.manifest import NAME, PARTS, Manifest, check_settings
from uplift3d.scale.storage import Storage, on_this_machine


@pytest.fixture(params=["local", "memory"])
def storage(request, tmp_path):
    return Storage(str(tmp_path / "out") if request.param == "local" else f"memory://{tmp_path.name}/out")


def ends(manifest):
    table = manifest.table()
    return dict(zip(table["input"].to_pylist(), table["status"].to_pylist(), strict=True))


def test_rows_survive_a_stop_at_any_moment(storage):
    first = Manifest(storage, every_s=0)
    first.add({"input": "a", "status": "failed", "error": "broken", "looks": 3})
    first.add({"input": "b", "status": "done", "outputs": ["b.npz"]})
    assert len(storage.names(PARTS)) == 2
    second = Manifest(storage, every_s=1000)  # the first was killed
    assert ends(second) == {"a": "failed", "b": "done"}
    second.add({"input": "a", "status": "done"})
    assert ends(second) == {"a": "failed", "b": "done"}  # not yet written
    second.close()
    assert ends(Manifest(storage)) == {"a": "done", "b": "done"}
    assert NAME in storage.names()
    assert storage.names(PARTS) == set()


def test_parts_that_were_left_behind_count_once(storage):
    manifest = Manifest(storage, every_s=0)
    manifest.add({"input": "a", "status": "done"})
    (part,) = storage.names(PARTS)
    content = storage.read(f"{PARTS}/{part}")
    manifest.close()
    storage.write(f"{PARTS}/{part}", content)  # killed before it was taken away
    assert ends(Manifest(storage)) == {"a": "done"}


def test_a_damaged_manifest_is_named(storage):
    storage.write(NAME, b"no parquet")
    with pytest.raises(InputError, match=r"manifest.parquet is no manifest"):
        Manifest(storage).table()


def test_other_settings_are_refused(storage):
    check_settings(storage, {"model": "base", "flip": False})
    check_settings(storage, {"model": "base", "flip": False})
    with pytest.raises(InputError, match=r"made with other settings \(flip\); give another folder"):
        check_settings(storage, {"model": "base", "flip": True})
    for damaged, message in ((b"{", r"settings.json: not JSON"), (b"[]", r"settings.json is a JSON list")):
        storage.write("settings.json", damaged)
        with pytest.raises(InputError, match=message):
            check_settings(storage, {})


def test_results_of_unknown_settings_are_refused(storage):
    check_settings(storage, {"hop": 4})
    storage.remove("settings.json")
    check_settings(storage, {"hop": 4})  # nothing is done yet
    storage.remove("settings.json")
    manifest = Manifest(storage)
    manifest.add({"input": "a.mp4", "status": "done"})
    manifest.flush()
    with pytest.raises(InputError, match=r"holds results, but settings.json, which says how .* is gone"):
        check_settings(storage, {"hop": 4})
    manifest.close()
    with pytest.raises(InputError, match=r"holds results, but settings.json"):
        check_settings(storage, {"hop": 4})


def test_files_filled_in_are_in_the_storage(storage):
    with storage.folder_to_fill() as folder:
        (folder / "a.json").write_text(json.dumps([1]))
    assert storage.read("a.json") == b"[1]"
    assert storage.read("b.json") is None
    with on_this_machine(storage.path("a.json")) as path:
        assert path.read_text() == "[1]"
    storage.remove("a.json")
    assert "a.json" not in storage.names()


def test_places_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"the output folder .*file/out cannot be used"):
        Storage(str(tmp_path / "file" / "out"))
    with pytest.raises(InputError, match="nope://x cannot be used"):
        Storage("nope://x")
    with (
        pytest.raises(InputError, match=r"memory://gone.mp4: no such file"),
        on_this_machine("memory://gone.mp4"),
    ):
        pass


def test_text_that_is_no_utf8_is_a_damaged_manifest(storage):
    import pyarrow as pa
    import pyarrow.parquet as pq

    first = Manifest(storage)
    first.add({"input": "a", "status": "done"})
    first.close()
    table = pq.read_table(io.BytesIO(storage.read(NAME)))
    broken = pa.array([b"\xff\xfe"], pa.binary()).view(pa.string())
    buffer = io.BytesIO()
    pq.write_table(table.set_column(table.column_names.index("input"), "input", broken), buffer)
    storage.write(NAME, buffer.getvalue())
    with pytest.raises(InputError, match=r"is no manifest .*Invalid UTF8"):
        Manifest(storage).table()


def test_two_batches_on_one_folder_write_over_nothing(storage):
    one, other = Manifest(storage, every_s=0), Manifest(storage, every_s=0)
    one.add({"input": "a", "status": "done"})
    other.add({"input": "b", "status": "done"})
    assert len(storage.names(PARTS)) == 2
    assert ends(Manifest(storage)) == {"a": "done", "b": "done"}


def test_files_that_are_no_parts_are_left_alone(storage):
    storage.write(f"{PARTS}/1abc.parquet", b"nothing of ours")
    manifest = Manifest(storage, every_s=0)
    manifest.add({"input": "a", "status": "done"})
    manifest.close()
    assert ends(Manifest(storage)) == {"a": "done"}
    assert storage.names(PARTS) == {"1abc.parquet"}
