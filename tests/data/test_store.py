import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.data.amass import VALIDATION_SUBSETS
from uplift3d.data.store import Clip, MotionStore, check_target, split_validation, write_store
from uplift3d.errors import InputError, NothingFoundError


def clip(name="a", dataset="cmu-amc", subject="1"):
    return Clip(name, dataset, subject, start=-1, frames=-1, licence="free", source=f"{name}.amc")


def motion(frames, seed=0):
    return np.random.default_rng(seed).normal(size=(frames, 17, 3)).astype(np.float32)


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
    assert (index["joints"], index["rate_hz"], index["units"]) == ("h36m17", 50.0, "metres")
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
        (np.zeros((3, 16, 3)), r"clip 'a': positions \(3, 16, 3\) given, \(T, 17, 3\) with T > 0 needed"),
        (np.zeros((0, 17, 3)), r"\(0, 17, 3\) given"),
        (np.full((3, 17, 3), np.nan), r"clip 'a': positions are not all finite"),
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
        (lambda p: (p / "index.json").unlink(), r"not a motion store \(No such file"),
        (lambda p: (p / "index.json").write_text("{"), r"not a motion store \(Expecting"),
        (
            lambda p: (p / "index.json").write_text("[]"),
            r"not the index of a uplift3d motion store of version 1",
        ),
        (lambda p: (p / "positions.npy").write_bytes(b""), r"not a motion store"),
        (
            lambda p: np.save(p / "positions.npy", np.zeros((27, 17, 3))),
            r"float64 \(27, 17, 3\) found, float32",
        ),
        (
            lambda p: np.save(p / "positions.npy", motion(5)),
            r"the index speaks of 27 frames, the array holds 5",
        ),
        (lambda p: np.save(p / "positions.npy", np.array([{}])), r"not a motion store"),
        (damage_index(lambda i: i.update(version=2)), r"of version 1"),
        (damage_index(lambda i: i["clips"][1].pop("licence")), r"a clip's description lacks 'licence'"),
        (damage_index(lambda i: i["clips"][1].update(start=7)), r"clip 'c1' starts at frame 7, 2 expected"),
    ],
)
def test_a_damaged_store_is_refused(store, damage, message):
    damage(store.path)
    with pytest.raises(InputError, match=message):
        MotionStore.open(store.path)
