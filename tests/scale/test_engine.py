"""A whole batch on Ray: stopped in the middle, with damaged clips, and one that kills whoever looks at it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

pytest.importorskip("ray")

from pyarrow import parquet

from seen_person import film
from uplift3d.export import load_motion

DRIVER = Path(__file__).with_name("driver.py")
HERE = str(DRIVER.parent.parent)


def start(folder, clips, **environment):
    path = os.pathsep.join([HERE, *filter(None, [os.environ.get("PYTHONPATH")])])
    words = [sys.executable, str(DRIVER), str(folder), *map(str, clips)]
    environment = {**os.environ, "PYTHONPATH": path, **environment}
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment)


def white_film(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), 255, np.uint8), "rgb24")))
        container.mux(stream.encode())


@pytest.fixture
def clips(tmp_path):
    for number in range(8):
        film(tmp_path / f"{number}.mp4", frames=20)
    (tmp_path / "damaged.mp4").write_bytes((tmp_path / "0.mp4").read_bytes()[:500])
    return [
        *(tmp_path / f"{number}.mp4" for number in range(8)),
        tmp_path / "damaged.mp4",
        tmp_path / "gone.mp4",
    ]


@pytest.mark.slow
def test_a_killed_batch_goes_on_where_it_was(clips, tmp_path):
    folder = tmp_path / "out"
    first = start(folder, clips)
    for line in first.stdout:
        if sum(json.loads(line)[1].values()) == 4:
            break
    first.send_signal(signal.SIGKILL)
    first.wait()
    there = {path.name for path in folder.glob("*.npz")}
    assert all(len(load_motion(folder / name)) == 20 for name in there)  # none is half there
    white_film(tmp_path / "white.mp4")
    second = start(folder, [*clips, tmp_path / "white.mp4"])
    told = [json.loads(line) for line in second.stdout]
    assert second.wait() == 0
    assert told[0][0] <= 4
    rows = {
        Path(row["input"]).name: row for row in parquet.read_table(folder / "manifest.parquet").to_pylist()
    }
    assert {name: row["status"] for name, row in rows.items()} == {
        **{f"{number}.mp4": "done" for number in range(8)},
        **{name: "failed" for name in ("damaged.mp4", "gone.mp4", "white.mp4")},
    }
    assert rows["white.mp4"]["error"] == "the process that worked on it died, 3 times"
    assert "gone.mp4: no such file" in rows["gone.mp4"]["error"]
    outputs = [Path(output) for row in rows.values() for output in row["outputs"] or []]
    assert {path.name for path in folder.glob("*.npz")} == {path.name for path in outputs}
    assert len(outputs) == 8
    assert not (folder / "manifest").exists() or not list((folder / "manifest").iterdir())


@pytest.fixture
def cluster():
    """Two nodes on this machine, each with a CPU of its own and its own processes."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    yield cluster
    cluster.shutdown()


@pytest.mark.slow
def test_a_cluster_of_two_nodes_goes_on_without_its_driver(clips, tmp_path, cluster):
    folder = tmp_path / "out"
    first = start(folder, clips, ADDRESS=cluster.address)
    for line in first.stdout:
        if sum(json.loads(line)[1].values()) == 3:
            break
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = start(folder, clips, ADDRESS=cluster.address)
    told = [json.loads(line) for line in second.stdout]
    assert second.wait() == 0
    assert told[-1][0] + sum(told[-1][1].values()) == len(clips)
    rows = parquet.read_table(folder / "manifest.parquet").to_pylist()
    assert sorted(row["status"] for row in rows) == ["done"] * 8 + ["failed"] * 2
    assert all(len(load_motion(output)) == 20 for row in rows for output in row["outputs"] or [])
    assert len(list(folder.glob("*.npz"))) == 8
    assert len(list(folder.glob("*.node"))) == 2
