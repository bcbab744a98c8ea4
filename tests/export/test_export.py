"""The registry: suffixes, refusals, and laws that every format keeps."""

import sys

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from uplift3d.errors import InputError
from uplift3d.export import FORMATS, check_output, load_motion, save_motion
from uplift3d.types import Motion3D

EXACT = [".npz", ".json", ".parquet"]
TABLES = [*EXACT, ".csv"]  # hold any motion; the others hold bodies of bones, and have tests of their own


def assert_same(actual, expected, atol=0.0):
    np.testing.assert_allclose(actual.positions, expected.positions, rtol=0, atol=atol)
    np.testing.assert_array_equal(actual.times, expected.times)
    np.testing.assert_array_equal(actual.people, expected.people)
    np.testing.assert_array_equal(actual.observed, expected.observed)
    assert actual.joints == expected.joints
    assert (actual.root is None) == (expected.root is None)
    if expected.root is not None:
        np.testing.assert_allclose(actual.root, expected.root, rtol=0, atol=atol)
    assert (actual.sigma_m is None) == (expected.sigma_m is None)
    if expected.sigma_m is not None:
        np.testing.assert_allclose(actual.sigma_m, expected.sigma_m, rtol=0, atol=atol)


def skip_without_pyarrow(suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")


@pytest.mark.parametrize("with_root", [False, True])
@pytest.mark.parametrize("suffix", TABLES)
def test_what_is_written_is_read_again(tmp_path, walk, rng, suffix, with_root):
    skip_without_pyarrow(suffix)
    root = rng.normal(size=(2, 50, 3)) if with_root else None
    sigma = rng.uniform(size=(2, 50, 17)) if with_root else None
    motion = Motion3D(
        walk.positions, walk.times, root, walk.observed, walk.people, meta=walk.meta, sigma_m=sigma
    )
    path = save_motion(tmp_path / f"walk{suffix}", motion)
    again = load_motion(path)
    assert_same(again, motion, atol=0.0 if suffix in EXACT else 5.1e-7)
    if suffix in EXACT:
        assert again.meta["made_by"] == "tests/conftest.py"
        assert again.meta["units"]["positions"] == "m"
        assert "y down" in again.meta["axes"]


@pytest.mark.parametrize("suffix", EXACT)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    positions=st.integers(1, 3).flatmap(
        lambda people: arrays.arrays(
            np.float32,
            (people, 4, 17, 3),
            elements=st.floats(-1e3, 1e3, width=32),
            fill=st.just(np.float32("nan")),
        )
    ),
    start=st.floats(0, 1e5),
)
def test_round_trip_is_exact_for_any_numbers(tmp_path, suffix, positions, start):
    skip_without_pyarrow(suffix)
    times = start + np.arange(4) * 1001 / 30000
    observed = np.isfinite(positions).all(axis=(-1, -2))
    motion = Motion3D(positions, times, None, observed, np.arange(len(positions))[::-1] + 5)
    assert_same(load_motion(save_motion(tmp_path / f"any{suffix}", motion)), motion)


@pytest.mark.parametrize("suffix", TABLES)
@pytest.mark.parametrize("joints", ["uu17", "halpe26", "mpi_inf_3dhp28"])
def test_every_joint_set_keeps_its_name_and_order(tmp_path, rng, suffix, joints):
    skip_without_pyarrow(suffix)
    from uplift3d.skeletons import joint_set

    positions = rng.normal(size=(1, 2, len(joint_set(joints)), 3)).round(3)
    motion = Motion3D(positions, [0, 0.02], None, [[True, False]], joints=joints)
    assert_same(load_motion(save_motion(tmp_path / f"m{suffix}", motion)), motion)


@pytest.mark.parametrize("suffix", TABLES)
def test_a_single_pose_and_a_single_person(tmp_path, walk, suffix):
    skip_without_pyarrow(suffix)
    motion = walk[:1].select([3])
    assert_same(load_motion(save_motion(tmp_path / f"one{suffix}", motion)), motion, atol=5.1e-7)


@pytest.mark.parametrize("suffix", EXACT)
def test_a_motion_with_no_times_keeps_its_shape(tmp_path, walk, suffix):
    skip_without_pyarrow(suffix)
    if suffix == ".parquet":
        pytest.skip("a table without rows cannot hold the people of an empty motion")
    empty = walk[:0]
    assert load_motion(save_motion(tmp_path / f"empty{suffix}", empty)).positions.shape == (2, 0, 17, 3)


def test_meta_of_numpy_numbers_and_nan_is_written_as_json(tmp_path, walk):
    meta = {"loss": np.float32(0.5), "steps": np.arange(2), "best": float("nan"), "path": tmp_path}
    motion = Motion3D(walk.positions, walk.times, None, walk.observed, walk.people, meta=meta)
    again = load_motion(save_motion(tmp_path / "m.npz", motion)).meta
    assert (again["loss"], again["steps"], again["best"], again["path"]) == (0.5, [0, 1], None, str(tmp_path))


def test_suffix_may_be_upper_case(tmp_path, walk):
    assert_same(load_motion(save_motion(tmp_path / "WALK.NPZ", walk)), walk)


def test_unknown_suffixes_list_the_known_ones(tmp_path, walk):
    with pytest.raises(InputError, match=r"walk\.xyz: the output's name must end in .*\.npz, \.json, \.csv"):
        save_motion(tmp_path / "walk.xyz", walk)
    with pytest.raises(InputError, match=r"walk\.mp3: not a motion file; .* \.npz, \.json, \.csv, \.parquet"):
        load_motion(tmp_path / "walk.mp3")


def test_a_page_to_look_at_is_not_a_motion_file(tmp_path):
    with pytest.raises(InputError, match=r"walk\.html: not a motion file"):
        load_motion(tmp_path / "walk.html")


def test_missing_file_and_folder_are_named(tmp_path):
    with pytest.raises(InputError, match=r"gone\.npz: no such file"):
        load_motion(tmp_path / "gone.npz")
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(InputError, match=r"folder\.npz: is a folder"):
        load_motion(tmp_path / "folder.npz")


def test_output_into_a_missing_folder_is_refused(tmp_path, walk):
    with pytest.raises(InputError, match="does not exist"):
        check_output(tmp_path / "nowhere" / "walk.npz")


@pytest.mark.parametrize(("suffix", "package", "extra"), [(".parquet", "pyarrow", "export")])
def test_a_missing_package_is_named_before_any_work(tmp_path, monkeypatch, suffix, package, extra):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, "uplift3d.export.parquet", raising=False)
    with pytest.raises(InputError, match=rf"{suffix} needs {package}.*uplift3d\[{extra}\]"):
        check_output(tmp_path / f"walk{suffix}")


def test_another_package_can_add_a_format(tmp_path, walk, monkeypatch):
    class Lengths:
        def write(self, path, motion):
            path.write_text(str(len(motion)))

        def read(self, path):
            return walk[: int(path.read_text())]

    monkeypatch.setitem(FORMATS, ".len", Lengths())
    assert len(load_motion(save_motion(tmp_path / "walk.len", walk[:7]))) == 7


def test_a_failed_write_leaves_the_old_file(tmp_path, walk, monkeypatch):
    class Failing:
        def write(self, path, motion):
            path.write_text("half")
            raise RuntimeError("disk on fire")

        def read(self, path):
            raise NotImplementedError

    monkeypatch.setitem(FORMATS, ".len", Failing())
    (tmp_path / "walk.len").write_text("old")
    with pytest.raises(RuntimeError):
        save_motion(tmp_path / "walk.len", walk)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("walk.len", "old")]
