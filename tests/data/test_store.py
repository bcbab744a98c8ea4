import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.data.amass import VALIDATION_SUBSETS
from uplift3d.data.store import Clip, MotionStore, check_target, split_validation, whole_clips, write_store
from uplift3d.errors import InputError, NothingFoundError


def clip(name="a", dataset="cmu-amc", subject="1"):
    return Clip(name, dataset, subject, start=-1, frames=-1, licence="free", source=f"{name}.amc")


def motion(frames, seed=0, joints=21):
    return np.random.default_rng(seed).normal(size=(frames, joints, 3)).astype(np.float32)


@pytest.fixture
def store(tmp_path):
    """Six clips of 2, 3, … frames: one per dataset, and CMU's subject 2 in both forms."""
    kinds = [
        ("bandai-1", ""),
        ("bandai-2", ""),
        ("cmu-bvh", "1"),
        ("cmu-bvh", "2"),
        ("cmu-amc", "2"),
        ("cmu-amc", "12"),
    ]
    clips = [(clip(f"c{i}", d, s), motion(i + 2, i)) for i, (d, s) in enumerate(kinds)]
    write_store(tmp_path / "store", iter(clips))
    return MotionStore.open(tmp_path / "store")


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6))
def test_written_is_what_is_read(tmp_path_factory, lengths):
    path = tmp_path_factory.mktemp("round") / "deep" / "store"
    motions = [motion(frames, seed) for seed, frames in enumerate(lengths)]
    assert write_store(path, ((clip(f"c{i}"), m) for i, m in enumerate(motions))) == len(lengths)
    store = MotionStore.open(path)
    assert [c.frames for c in store.clips] == lengths
    assert [c.name for c in store.clips] == [f"c{i}" for i in range(len(lengths))]
    assert len(store) == len(lengths)
    for ours, theirs in zip(store, motions, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(store.positions, np.concatenate(motions))


def test_positions_are_mapped_not_loaded_and_read_only(store):
    assert isinstance(store.positions, np.memmap)
    assert np.shares_memory(store[2], store.positions)
    with pytest.raises(ValueError, match="read-only"):
        store[2][0] = 0


def test_index_says_units_and_axes(store):
    index = json.loads((store.path / "index.json").read_text())
    assert (index["joints"], index["rate_hz"], index["units"]) == ("h36m21", 50.0, "metres")
    assert index["axes"] == "world, right-handed, z up"
    assert index["clips"][3]["licence"] == "free"


def test_select(store):
    assert store.select() == (0, 1, 2, 3, 4, 5)
    assert store.select(dataset="cmu-bvh") == (2, 3)
    assert store.select(dataset=["cmu-bvh", "cmu-amc"], subject="2") == (3, 4)
    assert store.select(subject=("1", "12")) == (2, 5)
    assert store.select(name=r"c[01]$") == (0, 1)
    assert store.select(dataset="nothing") == ()


def test_validation_holds_out_bandai_1_and_subject_2_of_both_forms(store):
    training, validation = split_validation(store)
    assert training == (1, 2, 5)
    assert validation == (0, 3, 4)


def test_the_papers_amass_split_is_kept(tmp_path):
    names = ["amass-KIT", *(f"amass-{subset}" for subset in VALIDATION_SUBSETS)]
    write_store(tmp_path / "s", [(clip(name, dataset=name), motion(3)) for name in names])
    assert split_validation(MotionStore.open(tmp_path / "s")) == ((0,), (1, 2, 3))


def test_repr_is_short(store):
    assert "6 clips" in repr(store)
    assert len(repr(store)) < 200


def test_a_store_travels_to_another_process_by_its_path(store):
    sent = pickle.dumps(store)
    assert len(sent) < 1000
    np.testing.assert_array_equal(pickle.loads(sent)[4], store[4])


def test_nothing_is_left_when_writing_fails(tmp_path):
    def clips():
        yield clip(), motion(3)
        raise RuntimeError("the reader broke")

    with pytest.raises(RuntimeError, match="the reader broke"):
        write_store(tmp_path / "store", clips())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        (np.zeros((3, 16, 3)), r"clip 'a': positions \(3, 16, 3\) given, \(T, 21, 3\) with T > 0 needed"),
        (np.zeros((0, 17, 3)), r"\(0, 17, 3\) given"),
        (np.full((3, 21, 3), np.nan), r"clip 'a': the pelvis is not known in all frames"),
        (np.full((3, 21, 3), np.inf), r"or numbers are infinite"),
    ],
)
def test_wrong_clips_are_refused(tmp_path, positions, message):
    with pytest.raises(InputError, match=message):
        write_store(tmp_path / "store", [(clip(), positions)])
    assert list(tmp_path.iterdir()) == []


def test_no_clips(tmp_path):
    with pytest.raises(NothingFoundError, match="no clips"):
        write_store(tmp_path / "store", [])
    assert list(tmp_path.iterdir()) == []


def test_only_a_store_is_overwritten_and_only_on_request(store, tmp_path):
    with pytest.raises(InputError, match="store exists already; give another name or --overwrite"):
        write_store(store.path, [(clip(), motion(4))])
    write_store(store.path, [(clip("new"), motion(4))], overwrite=True)
    assert [c.name for c in MotionStore.open(store.path).clips] == ["new"]
    assert [p.name for p in tmp_path.iterdir()] == ["store"]
    holiday = tmp_path / "photos"
    holiday.mkdir()
    (holiday / "me.jpg").write_text("")
    with pytest.raises(InputError, match="photos is not a motion store, so it is not overwritten"):
        check_target(holiday, overwrite=True)
    with pytest.raises(InputError, match=r"me\.jpg is not a motion store"):
        check_target(holiday / "me.jpg", overwrite=True)


def test_an_unwritable_place(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="store: cannot be written"):
        write_store(tmp_path / "file" / "store", [(clip(), motion(2))])


def damage_index(change):
    def damage(path):
        index = json.loads((path / "index.json").read_text())
        change(index)
        (path / "index.json").write_text(json.dumps(index))

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda p: (p / "index.json").unlink(), r"not a motion store \(.*no such file"),
        (lambda p: (p / "index.json").write_text("{"), r"not a motion store \(.*not JSON"),
        (
            lambda p: (p / "index.json").write_text("[]"),
            r"not the index of a uplift3d motion store of version 1 or 2",
        ),
        (lambda p: (p / "positions.npy").write_bytes(b""), r"not a motion store"),
        (
            lambda p: np.save(p / "positions.npy", np.zeros((27, 17, 3))),
            r"float64 \(27, 17, 3\) found, float32",
        ),
        (
            lambda p: np.save(p / "positions.npy", motion(5)),
            r"the index lists 27 frames, the array holds 5",
        ),
        (lambda p: np.save(p / "positions.npy", np.array([{}])), r"not a motion store"),
        (damage_index(lambda i: i.update(version=3)), r"of version 1 or 2"),
        (damage_index(lambda i: i.update(clips=5)), r"no list of clips"),
        (damage_index(lambda i: i["clips"].append(None)), r"a clip's description lacks 'name'"),
        (
            damage_index(lambda i: i["clips"][1].update(subject={})),
            r"'subject' of a clip is {}, not of its kind",
        ),
        (
            damage_index(lambda i: i["clips"][1].update(split="both")),
            r"clip 'c1' has an unknown split or joint",
        ),
        (damage_index(lambda i: i["clips"][1].update(lacks=["tail"])), r"'c1' has an unknown split or joint"),
        (
            damage_index(lambda i: i["clips"][1].update(frames="3")),
            r"'frames' of a clip is '3', not of its kind",
        ),
        (lambda p: (p / "index.json").write_text("[" * 100_000), r"not a motion store"),
        (
            lambda p: np.savez(p / "positions", a=1) or (p / "positions.npz").rename(p / "positions.npy"),
            "is damaged",
        ),
        (damage_index(lambda i: i["clips"][1].pop("licence")), r"a clip's description lacks 'licence'"),
        (damage_index(lambda i: i["clips"][1].update(start=7)), r"clip 'c1' starts at frame 7, 2 expected"),
    ],
)
def test_a_damaged_store_is_refused(store, damage, message):
    damage(store.path)
    with pytest.raises(InputError, match=message):
        MotionStore.open(store.path)


def test_joints_that_a_source_lacks_are_nan_and_named(tmp_path):
    lacking = motion(4)
    lacking[:, 9] = np.nan
    lacking[2, 18, 0] = np.nan
    write_store(tmp_path / "s", [(clip("whole"), motion(3)), (clip("lacking"), lacking)])
    store = MotionStore.open(tmp_path / "s")
    assert [c.lacks for c in store.clips] == [(), ("head", "left_toe")]
    assert np.isnan(store[1][2, 18]).all()  # half a joint is none
    assert np.isfinite(store[1][3, 18]).all()
    assert whole_clips(store, (0, 1)) == (0,)


def test_motion_without_feet_is_stored_without(tmp_path):
    write_store(tmp_path / "s", [(clip(), motion(3, joints=17))])
    store = MotionStore.open(tmp_path / "s")
    np.testing.assert_array_equal(store[0][:, :17], motion(3, joints=17))
    assert np.isnan(store[0][:, 17:]).all()
    assert whole_clips(store, (0,)) == (0,)


def test_a_split_given_at_import_is_kept(tmp_path):
    clips = [replace(clip(str(i)), split=split) for i, split in enumerate(("validation", "training", ""))]
    write_store(tmp_path / "s", [(c, motion(2)) for c in clips])
    assert split_validation(MotionStore.open(tmp_path / "s")) == ((1, 2), (0,))
    with pytest.raises(InputError, match="clip '0': split 'both' given, training or validation accepted"):
        write_store(tmp_path / "t", [(replace(clips[0], split="both"), motion(2))])


def test_a_store_of_version_1_is_read(store):
    index = json.loads((store.path / "index.json").read_text())
    for entry in index["clips"]:
        del entry["split"], entry["lacks"]
    index.update(version=1, joints="h36m17")
    (store.path / "index.json").write_text(json.dumps(index))
    np.save(store.path / "positions.npy", motion(27, joints=17))
    old = MotionStore.open(store.path)
    assert old[5].shape == (7, 21, 3)
    np.testing.assert_array_equal(old[5][:, :17], motion(27, joints=17)[-7:])
    assert split_validation(old) == ((1, 2, 5), (0, 3, 4))
    assert old.clips[0].lacks == ("left_heel", "left_toe", "right_heel", "right_toe")
    assert whole_clips(old, range(6)) == tuple(range(6))
