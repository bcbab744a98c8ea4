"""Lines of JSON and UDP messages: what is written is what was given."""

import io
import json
import socket
import struct

import numpy as np
import pytest

from uplift3d import InputError
from uplift3d.export.sinks import JsonLines, Osc, Vmc, osc_message
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D

META = {"axes": "camera axes", "units": {"positions": "m"}, "latency_s": 0.3, "model": {"name": "base"}}


@pytest.fixture
def chunk(rng):
    positions = rng.normal(size=(2, 2, 17, 3)).astype(np.float32)
    positions[1, 0] = np.nan
    root = np.array([[[0, 0, 4], [0, 0, 4.1]], [[np.nan] * 3, [1, 0, 5]]])
    observed = np.array([[True, False], [False, False]])
    return Motion3D(positions, [1.0, 1.04], root, observed, [3, 7], meta=META)


def test_every_moment_is_a_line_behind_the_conventions(chunk):
    file = io.StringIO()
    sink = JsonLines(file)
    sink.write(chunk)
    sink.write(chunk[:0])
    header, *lines = [json.loads(line) for line in file.getvalue().splitlines()]
    assert header["format"] == "uplift3d stream"
    assert header["joints"] == list(chunk.joint_names)
    assert header["axes"] == "camera axes"
    assert [line["time_s"] for line in lines] == [1.0, 1.04]
    assert [[person["id"] for person in line["people"]] for line in lines] == [[3], [3, 7]]
    last = lines[1]["people"][1]
    np.testing.assert_allclose(last["positions_m"], chunk.positions[1, 1], atol=6e-5)
    assert last["root_m"] == [1, 0, 5]
    assert [person["observed"] for line in lines for person in line["people"]] == [True, False, False]


def test_a_file_is_replaced_by_the_first_moment_and_not_before(chunk, tmp_path):
    path = tmp_path / "live.jsonl"
    path.write_text("of yesterday")
    sink = JsonLines(path)
    assert path.read_text() == "of yesterday"
    sink.write(chunk)
    sink.write(chunk)
    sink.close()
    assert len(path.read_text().splitlines()) == 5
    assert sink.latest_s == 1.04


def test_a_full_disk_leaves_whole_lines_and_is_one_sentence(chunk, tmp_path):
    resource = pytest.importorskip("resource")
    path = tmp_path / "live.jsonl"
    sink = JsonLines(path)
    sink.write(chunk)
    whole, (_, most) = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 700, most))
    try:
        for _ in range(2):
            with pytest.raises(InputError, match=r"live\.jsonl cannot be written: File too large"):
                sink.write(chunk)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    assert path.read_bytes() == whole
    sink.write(chunk)
    assert [json.loads(line) for line in path.read_text().splitlines()][1]["time_s"] == 1.0


def read_text(data, at):
    end = data.index(b"\0", at)
    return data[at:end].decode(), at + (end - at) // 4 * 4 + 4


def read_message(data):
    """Address and values of an OSC message."""
    address, at = read_text(data, 0)
    tags, at = read_text(data, at)
    values = []
    for tag in tags[1:]:
        if tag == "s":
            value, at = read_text(data, at)
        else:
            (value,) = struct.unpack(f">{tag}", data[at : at + 4])
            at += 4
        values.append(value)
    assert at == len(data)
    return address, values


def read_bundle(data):
    assert data[:16] == b"#bundle\0" + struct.pack(">Q", 1)
    at, messages = 16, []
    while at < len(data):
        (size,) = struct.unpack(">i", data[at : at + 4])
        messages.append(read_message(data[at + 4 : at + 4 + size]))
        at += 4 + size
    return messages


@pytest.fixture
def listener():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        heard.settimeout(2)
        yield heard


def test_osc_says_where_every_joint_of_everybody_is(chunk, listener):
    Osc("127.0.0.1", listener.getsockname()[1]).write(chunk)
    bundles = [read_bundle(listener.recv(65536)) for _ in range(3)]
    assert [bundle[0][1][0] for bundle in bundles] == [3, 3, 7]
    names = joint_set("h36m17").joints
    for (address, (_, name, *place)), expected in zip(bundles[2], names, strict=True):
        assert (address, name) == ("/uplift3d/joint", expected)
        np.testing.assert_allclose(place, chunk.positions[1, 1, names.index(name)] + [1, 0, 5], rtol=1e-5)


def test_vmc_has_the_first_persons_joints_as_trackers_with_y_up(chunk, listener):
    Vmc("127.0.0.1", listener.getsockname()[1]).write(chunk)
    (*trackers, clock, alive), _ = (read_bundle(listener.recv(65536)) for _ in range(2))
    assert len(trackers) == 17
    address, (name, x, y, z, *turn) = trackers[10]
    assert (address, name) == ("/VMC/Ext/Tra/Pos", "head_top")
    np.testing.assert_allclose([x, -y, z], chunk.positions[0, 0, 10] + [0, 0, 4], rtol=1e-5)
    assert turn == [0, 0, 0, 1]
    assert clock == ("/VMC/Ext/T", [1.0])
    assert alive == ("/VMC/Ext/OK", [1])


def test_nobody_listening_is_no_error(chunk):
    sink = Osc("127.0.0.1", 9)
    sink.write(chunk)
    sink.write(chunk)


@pytest.mark.parametrize("host", ["255.255.255.255", "203.0.113.7"])
def test_everybody_in_a_network_can_be_told_and_a_network_may_be_away(chunk, host):
    Osc(host, 9).write(chunk)


def test_what_may_not_be_sent_is_one_sentence(chunk, monkeypatch):
    class Forbidden(socket.socket):
        def sendto(self, *_):
            raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(socket, "socket", Forbidden)
    with pytest.raises(InputError, match=r"nothing can be sent to 127\.0\.0\.1:9: Operation not permitted"):
        Osc("127.0.0.1", 9).write(chunk)


def test_a_host_that_is_none_is_refused():
    with pytest.raises(InputError, match=r"there is no host 'no\.such\.host\.invalid'"):
        Osc("no.such.host.invalid", 1)


def test_a_message_is_padded_to_four_bytes():
    assert osc_message("/abc", "x", 1, 2.5) == b"/abc\0\0\0\0,sif\0\0\0\0x\0\0\0" + struct.pack(">if", 1, 2.5)
