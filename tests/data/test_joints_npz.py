import numpy as np
import pytest

from uplift3d.data.importer import import_folder
from uplift3d.data.joints_npz import read_joints_npz
from uplift3d.data.store import MotionStore
from uplift3d.errors import InputError
from uplift3d.skeletons import joint_set

NAMES = np.array(joint_set("h36m21").joints)


def walk(frames=31, seed=0):
    """Somebody without bones of one length, at 1 m/s along x, seen at 30 Hz."""
    pose = np.random.default_rng(seed).normal(size=(1, len(NAMES), 3))
    return pose + np.arange(frames)[:, None, None] / 30 * [1, 0, 0]


def write(path, **changes):
    content = {"walk": walk(), "__names": NAMES, "__fps": np.array(30.0), **changes}
    np.savez(path, **{key: value for key, value in content.items() if value is not None})
    return path


def test_recordings_come_with_their_names_and_rates(tmp_path):
    path = write(tmp_path / "a.npz", hop=walk(5), __fps_hop=np.array(16.0))
    one, two = read_joints_npz(path)
    assert (one.source, two.source) == (path / "walk", path / "hop")
    assert (one.frame_time_s, two.frame_time_s) == (1 / 30, 1 / 16)
    assert (one.names, one.up, one.metres_per_unit, one.rotations) == (tuple(NAMES), None, None, None)
    np.testing.assert_array_equal(one.positions, walk())


def test_anybodys_positions_become_clips(tmp_path):
    unseen = walk()
    unseen[10:15, 13] = np.nan
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "mine.npz", unseen=unseen)
    report = import_folder(tmp_path / "in", tmp_path / "store", jobs=1)
    assert (report.imported, report.skipped) == (2, [])
    store = MotionStore.open(tmp_path / "store")
    assert [clip.name for clip in store.clips] == ["mine.npz/walk", "mine.npz/unseen"]
    assert {(clip.dataset, clip.licence) for clip in store.clips} == {("positions", "unknown")}
    np.testing.assert_allclose(
        store[0], walk()[:1] + np.arange(51)[:, None, None] / 50 * [1, 0, 0], atol=1e-5
    )
    assert store.clips[1].lacks == ("left_wrist",)
    lost = np.isnan(store[1][:, 13, 0])
    # Frames 10 to 14 of 30 Hz were not seen: nothing is known between 0.30 and 0.50 s.
    np.testing.assert_array_equal(lost, (np.arange(51) > 15) & (np.arange(51) < 25))


@pytest.mark.parametrize("rate_hz", [1e-300, 0.5, 2e4])
def test_rates_that_nobody_records_at(tmp_path, rate_hz):
    with pytest.raises(InputError, match=r"a.npz/walk: frames that are .* s apart, 0.0001 to 1 s accepted"):
        read_joints_npz(write(tmp_path / "a.npz", __fps=np.array(rate_hz)))


def test_unit_and_axis_that_the_file_states(tmp_path):
    y_up = np.stack([walk()[..., 0], walk()[..., 2], -walk()[..., 1]], axis=-1)
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "b.npz", walk=100 * y_up, __up=np.array("y"), __metres_per_unit=np.array(0.01))
    import_folder(tmp_path / "in", tmp_path / "store", jobs=1)
    np.testing.assert_allclose(MotionStore.open(tmp_path / "store")[0][0], walk()[0], atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"__names": None}, r"a\.npz holds no joint positions for a motion store: __names missing"),
        ({"__fps": None}, "__fps missing"),
        ({"walk": None}, r"holds no recording, arrays \(T, 21, 3\) needed"),
        ({"walk": np.zeros((4, 20, 3))}, r"a\.npz/walk: float64 \(4, 20, 3\) found, numbers \(T, 21, 3\)"),
        ({"walk": np.full((4, 21, 3), np.inf)}, "infinite numbers"),
        ({"__names": np.array(["a"] * 21)}, "'__names' is no list of different texts"),
        ({"__fps": np.array(0)}, "'__fps' is 0, a number above 0 needed"),
        ({"__fps": np.array([1, 2])}, "one number expected, 2 found"),
        ({"__fps_walk": np.array(np.nan)}, "'__fps_walk' is nan"),
        ({"__up": np.array("x")}, "'__up' must be 'y' or 'z'"),
        ({"__metres_per_unit": np.array(-1)}, "'__metres_per_unit' is -1"),
        ({"__parents": np.zeros(3, int)}, "'__parents' must be 21 integers"),
        ({"__parents": np.full(21, 21)}, "'__parents' must be −1 or one of the 21 joints"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        read_joints_npz(write(tmp_path / "a.npz", **changes))


def test_a_damaged_file(tmp_path):
    path = write(tmp_path / "a.npz")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match=r"a\.npz is not an \.npz file"):
        read_joints_npz(path)
