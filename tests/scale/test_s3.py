"""Clips and results in an S3 store: a real server on loopback."""

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")

from fake_runtime import FakeRuntime
from seen_person import Standing, film
from uplift3d.errors import InputError
from uplift3d.scale.clips import clips_in_store
from uplift3d.scale.manifest import Manifest
from uplift3d.scale.stages import BatchSettings, Lift, Look
from uplift3d.scale.storage import Storage


@pytest.fixture
def store(monkeypatch):
    s3fs, moto_server = pytest.importorskip("s3fs"), pytest.importorskip("moto.server")
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    s3fs.S3FileSystem.clear_instance_cache()
    store = s3fs.S3FileSystem()
    if not store.exists("bucket"):
        store.mkdir("bucket")
    yield store
    server.stop()
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.mark.slow
def test_from_a_clip_in_a_bucket_to_a_result_in_a_bucket(store, tmp_path, monkeypatch):
    monkeypatch.setattr("uplift3d.lifter.open_runtime", lambda *_: FakeRuntime())
    film(tmp_path / "a.mp4")
    store.put_file(str(tmp_path / "a.mp4"), "bucket/clips/a.mp4")
    store.pipe_file("bucket/clips/b.mp4", b"broken")
    clips = clips_in_store("s3://bucket/clips/*.mp4")
    assert clips == ["s3://bucket/clips/a.mp4", "s3://bucket/clips/b.mp4"]
    settings = BatchSettings(detector=Standing())
    look, lift = Look(settings), Lift(settings, "s3://bucket/out")
    storage = Storage("s3://bucket/out")
    manifest = Manifest(storage, every_s=0)
    for clip in clips:
        manifest.add(lift(look({"input": clip})))
    manifest.close()
    rows = Manifest(storage).table().to_pylist()
    assert [row["status"] for row in rows] == ["done", "failed"]
    assert rows[1]["error"].startswith("s3://bucket/clips/b.mp4 is not a readable video")
    assert store.exists(rows[0]["outputs"][0])
    assert storage.names() >= {"manifest.parquet", rows[0]["outputs"][0].rpartition("/")[2]}
    assert storage.names("manifest") == set()


@pytest.mark.slow
def test_a_bucket_that_is_not_there(store):
    with pytest.raises(InputError, match=r"s3://gone/\*.mp4"):
        clips_in_store("s3://gone/*.mp4")
