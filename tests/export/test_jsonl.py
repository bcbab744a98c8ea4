"""`.jsonl`: recordings of streams, read again."""

import json
from dataclasses import replace

import numpy as np
import pytest

from uplift3d.errors import InputError
from uplift3d.export import load_motion, save_motion
from uplift3d.export.sinks import JsonLines
from uplift3d.types import Motion3D


@pytest.mark.parametrize("with_root", [False, True])
def test_what_is_written_is_read_again(tmp_path, walk, rng, with_root):
    root = rng.normal(size=(2, 50, 3)).round(3) if with_root else None
    motion = Motion3D(walk.positions, walk.times, root, walk.observed, walk.people, walk.joints)
    again = load_motion(save_motion(tmp_path / "walk.jsonl", motion))
    np.testing.assert_allclose(again.positions, motion.positions, atol=5.1e-5)
    np.testing.assert_allclose(again.times, motion.times, atol=5.1e-5)
    np.testing.assert_array_equal(again.present, motion.present)
    np.testing.assert_array_equal(again.observed & again.present, motion.observed & motion.present)
    np.testing.assert_array_equal(again.people, motion.people)
    assert again.joints == motion.joints
    assert (again.root is None) == (root is None)
    if root is not None:
        np.testing.assert_allclose(again.root[again.present], root[motion.present], atol=1e-6)


def test_a_stream_that_was_cut_off_gives_what_it_has(tmp_path, walk):
    path = save_motion(tmp_path / "walk.jsonl", walk)
    path.write_bytes(path.read_bytes()[:-40])
    assert len(load_motion(path)) == len(walk) - 1


def test_chunks_of_a_stream_become_one_motion(tmp_path, walk):
    motion = load_motion(save_motion(tmp_path / "walk.npz", walk))
    lines = JsonLines(tmp_path / "live.jsonl")
    for start in range(0, 50, 7):
        lines.write(motion[start : start + 7])
    lines.close()
    again = load_motion(tmp_path / "live.jsonl")
    np.testing.assert_allclose(again.positions, walk.positions, atol=5.1e-5)
    assert again.meta["units"] == motion.meta["units"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines.clear(), "holds no line of a recorded stream"),
        (lambda lines: lines.pop(0), "not a recorded stream, whose first line has"),
        (lambda lines: lines[0].update(joints=["nose"]), "its joints are those of no known set"),
        (lambda lines: lines[3].pop("people"), r"not a recorded stream \('people'\)"),
        (lambda lines: lines[3].update(time_s=0.0), "times must increase strictly"),
        (lambda lines: lines[3]["people"][0].update(id="Ben"), "expected 3 different whole numbers"),
        (lambda lines: lines[3]["people"][0].update(positions_m=[1, 2]), "could not broadcast"),
    ],
)
def test_what_is_no_recording_is_said(tmp_path, walk, change, message):
    path = save_motion(tmp_path / "walk.jsonl", walk)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    change(lines)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(InputError, match=message):
        load_motion(path)


def test_moments_before_the_first_look_wait_for_the_first_line(tmp_path, walk):
    motion = load_motion(save_motion(tmp_path / "walk.npz", walk))
    blank = replace(motion[:3], positions=np.full_like(motion.positions[:, :3], np.nan), meta={})
    lines = JsonLines(tmp_path / "live.jsonl")
    lines.write(blank)
    lines.write(motion[3:])
    lines.close()
    again = load_motion(tmp_path / "live.jsonl")
    np.testing.assert_allclose(again.times, motion.times, atol=5.1e-5)
    assert not again.present[:, :3].any()
