"""Conversions between joint sets: laws over every pair."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from uplift3d.errors import InputError
from uplift3d.skeletons import DERIVED, JOINT_SETS, convert_2d, convert_3d, joint_set, reorder
from uplift3d.skeletons.conversion import conversion

NAMES = sorted(JOINT_SETS)
PAIRS = list(product(NAMES, NAMES))
VOCABULARY = sorted({joint for skeleton in JOINT_SETS.values() for joint in skeleton.joints})

# An upright adult in metres, x to the person's left, y up, z forwards: the proportions that `DERIVED` states,
# and the torso joint where Human3.6M's skeleton has it (0.233 m above the pelvis).
ADULT = {
    "left_hip": (0.13, 0.95, 0.00),
    "left_knee": (0.12, 0.50, 0.02),
    "left_ankle": (0.12, 0.06, 0.00),
    "left_shoulder": (0.17, 1.40, 0.00),
    "left_elbow": (0.19, 1.12, -0.02),
    "left_wrist": (0.20, 0.88, 0.03),
    "left_ear": (0.07, 1.61, 0.01),
    "nose": (0.00, 1.59, 0.11),
    "pelvis": (0.00, 0.95, 0.00),
    "mid_shoulder": (0.00, 1.40, 0.00),
    "torso": (0.00, 1.185, -0.01),
    "neck": (0.00, 1.44, 0.00),
    "head": (0.00, 1.56, 0.05),
    "head_top": (0.00, 1.71, 0.01),
}
ADULT |= {
    name.replace("left", "right"): (-x, y, z) for name, (x, y, z) in ADULT.items() if name.startswith("left")
}


def skeleton(name: str, table: dict[str, tuple[float, ...]]) -> tuple[np.ndarray, np.ndarray]:
    """Positions (J, D) of a named set from a table by joint name, NaN for joints that the table lacks."""
    size = len(next(iter(table.values())))
    positions = np.array([table.get(joint, (np.nan,) * size) for joint in joint_set(name).joints])
    return positions, np.isfinite(positions).all(axis=-1).astype(np.float64)


def mirrored(positions: np.ndarray, name: str) -> np.ndarray:
    return positions[..., list(joint_set(name).mirror), :] * ([-1] + [1] * (positions.shape[-1] - 1))


@pytest.mark.parametrize(
    "pair", [("h36m17", "uu17"), ("mpi_inf_3dhp28", "h36m17"), ("mpi_inf_3dhp17", "uu17")]
)
def test_reorder_finds_every_joint_by_name(pair):
    source, target = map(joint_set, pair)
    assert tuple(source.joints[j] for j in reorder(*pair)) == target.joints


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_every_derived_joint_is_a_weighted_mean(source, target):
    for rows in conversion(source, target):
        for row in rows:
            assert row.sum() == pytest.approx(1)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_every_joint_is_its_namesake_derived_or_missing(source, target, rng):
    table = {joint: tuple(rng.normal(size=2)) for joint in VOCABULARY}
    positions, confidence = convert_2d(*skeleton(source, table), source, target)
    for j, joint in enumerate(joint_set(target).joints):
        if joint in joint_set(source).joints:
            np.testing.assert_allclose(positions[j], table[joint], atol=1e-12)
            assert confidence[j] == 1
        elif joint not in DERIVED:
            assert np.isnan(positions[j]).all()
            assert confidence[j] == 0


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_converting_the_mirror_image_is_mirroring_the_conversion(source, target, rng):
    positions = rng.normal(size=(5, len(joint_set(source)), 2))
    positions[0, 0] = positions[1, -1] = np.nan
    confidence = rng.uniform(size=positions.shape[:-1])
    swap = list(joint_set(source).mirror)
    there, there_confidence = convert_2d(mirrored(positions, source), confidence[:, swap], source, target)
    here, here_confidence = convert_2d(positions, confidence, source, target)
    np.testing.assert_allclose(there, mirrored(here, target), atol=1e-12)
    np.testing.assert_array_equal(there_confidence, here_confidence[:, list(joint_set(target).mirror)])


@given(
    st.sampled_from(PAIRS),
    array_shapes(min_dims=0, max_dims=3, max_side=3).flatmap(
        lambda shape: arrays(np.float32, (*shape, 133, 2), elements=st.floats(-2000, 2000, width=16))
    ),
    st.tuples(st.floats(-100, 100), st.floats(-100, 100)),
)
def test_conversion_moves_with_the_person_and_keeps_shape_and_dtype(pair, joints, shift):
    source, target = pair
    positions = joints[..., : len(joint_set(source)), :]
    confidence = np.ones(positions.shape[:-1], dtype=np.float32)
    here, seen = convert_2d(positions, confidence, source, target)
    there, _ = convert_2d(positions + np.float32(shift), confidence, source, target)
    assert here.shape == (*positions.shape[:-2], len(joint_set(target)), 2)
    assert here.dtype == np.float32
    assert seen.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(here).any(axis=-1), seen == 0)
    np.testing.assert_allclose(there, here + np.float32(shift), atol=0.01)


DETECTED = ["coco17", "blazepose33", "halpe26", "body25", "openpose18", "coco_wholebody133"]


@pytest.mark.parametrize("source", DETECTED)
@pytest.mark.parametrize("target", ["h36m17", "uu17"])
def test_derived_joints_of_an_upright_adult_are_within_20_mm(source, target):
    positions, confidence = convert_2d(*skeleton(source, ADULT), source, target)
    expected, _ = skeleton(target, ADULT)
    error_mm = 1000 * np.linalg.norm(positions - expected, axis=-1)
    assert confidence.min() == 1
    assert error_mm.max() < 20, dict(zip(joint_set(target).joints, error_mm.round(), strict=True))


@pytest.mark.parametrize("source", ["coco17", "blazepose33", "body25"])
def test_3d_joints_stay_relative_to_the_pelvis(source):
    from_pelvis = {name: np.subtract(place, ADULT["pelvis"]) for name, place in ADULT.items()}
    given, _ = skeleton(source, from_pelvis)
    converted = convert_3d(given.astype(np.float32), source, "h36m17")
    expected, _ = skeleton("h36m17", from_pelvis)
    assert converted.dtype == np.float32
    np.testing.assert_allclose(converted, expected, atol=0.02)
    np.testing.assert_allclose(convert_3d(given + 0.1, source, "h36m17"), converted, atol=1e-6)
    without = given.copy()
    without[joint_set(source).index("left_hip")] = np.nan
    if "pelvis" not in joint_set(source).joints:  # nothing to bring back to: as given
        knee = convert_3d(without + 0.1, source, "h36m17")[joint_set("h36m17").index("right_knee")]
        np.testing.assert_allclose(knee, np.add(from_pelvis["right_knee"], 0.1), atol=1e-6)


@pytest.mark.parametrize("lost", [("left_ear",), ("right_ear", "left_ear"), ("nose",)])
def test_a_head_half_hidden_still_gives_all_joints(lost):
    table = {name: place for name, place in ADULT.items() if name not in lost}
    positions, confidence = convert_2d(*skeleton("coco17", table), "coco17", "h36m17")
    expected, _ = skeleton("h36m17", ADULT)
    assert confidence.min() == 1
    assert (
        1000 * np.linalg.norm(positions - expected, axis=-1).max() < 170
    )  # the nose is 11 cm before the head


def test_openpose_calls_the_middle_of_the_shoulders_neck():
    positions, _ = convert_2d(*skeleton("body25", ADULT), "body25", "h36m17")
    neck = positions[joint_set("h36m17").index("neck")]
    assert neck[1] - ADULT["mid_shoulder"][1] == pytest.approx(0.042, abs=1e-3)


def test_what_cannot_be_derived_is_missing():
    positions, confidence = convert_2d(*skeleton("h36m17", ADULT), "h36m17", "coco17")
    face = [
        joint_set("coco17").index(name) for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
    ]
    assert np.isnan(positions[face]).all()
    assert (confidence[face] == 0).all()
    assert np.isfinite(np.delete(positions, face, axis=0)).all()


def test_a_lost_hip_loses_what_hangs_on_it_only():
    table = {name: place for name, place in ADULT.items() if name != "left_hip"}
    positions, confidence = convert_2d(*skeleton("coco17", table), "coco17", "h36m17")
    h36m = joint_set("h36m17")
    missing = {joint for joint, place in zip(h36m.joints, positions, strict=True) if np.isnan(place).any()}
    assert missing == {"left_hip", "pelvis", "torso"}
    assert {joint for joint, c in zip(h36m.joints, confidence, strict=True) if c == 0} == missing


def test_a_derived_joint_is_as_sure_as_its_least_sure_source():
    positions, confidence = skeleton("coco17", ADULT)
    coco, h36m = joint_set("coco17"), joint_set("h36m17")
    confidence[coco.index("left_hip")] = 0.3
    confidence[coco.index("right_ear")] = 0.6
    _, converted = convert_2d(positions, confidence, "coco17", "h36m17")
    assert converted[h36m.index("pelvis")] == 0.3
    assert converted[h36m.index("torso")] == 0.3
    assert converted[h36m.index("head")] == 0.6
    assert converted[h36m.index("right_knee")] == 1


def test_derivations_name_joints_that_exist():
    for joint, options in DERIVED.items():
        assert joint in VOCABULARY
        for weights in options:
            assert set(weights) <= set(VOCABULARY) - {joint}


def test_conversion_to_the_same_set_is_a_copy():
    positions, confidence = skeleton("coco17", ADULT)
    same, sure = convert_2d(positions, confidence, "coco17", "coco17")
    np.testing.assert_array_equal(same, positions)
    np.testing.assert_array_equal(sure, confidence)
    assert not np.shares_memory(same, positions)
    assert not np.shares_memory(sure, confidence)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: joint_set("smpl"), "unknown joint set 'smpl'; known joint sets are h36m17, h36m21"),
        (lambda: joint_set("coco17").index("tail"), "'coco17' has no joint 'tail'; it has nose, left_eye"),
        (
            lambda: reorder("coco17", "h36m17"),
            "'coco17' lacks pelvis, torso, neck, head, head_top of 'h36m17'",
        ),
        (
            lambda: convert_2d(np.zeros((4, 16, 2)), np.zeros((4, 16)), "coco17", "h36m17"),
            r"positions \(4, 16, 2\) and confidence \(4, 16\) do not fit the 17 joints of 'coco17'",
        ),
        (
            lambda: convert_2d(np.zeros((17, 2)), np.zeros(16), "coco17", "coco17"),
            "do not fit the 17 joints of 'coco17'",
        ),
        (lambda: convert_2d(np.zeros((17, 2)), np.zeros(17), "smpl", "smpl"), "unknown joint set 'smpl'"),
    ],
)
def test_wrong_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_copied_joints_are_what_the_formulas_give(pair):
    source, target = pair
    rng = np.random.default_rng(5)
    positions = rng.normal(size=(40, len(joint_set(source)), 2))
    positions[rng.random(positions.shape[:2]) < 0.2] = np.nan
    confidence = rng.random(positions.shape[:2])
    expected = np.full((40, len(joint_set(target)), 2), np.nan)
    expected_confidence = np.zeros(expected.shape[:2])
    for j, rows in enumerate(conversion(source, target)):
        for row in reversed(rows):  # so that the best source is written last
            used = np.flatnonzero(row)
            here = np.isfinite(positions[:, used]).all(axis=(1, 2))
            expected[here, j] = np.einsum("njd,j->nd", positions[here][:, used], row[used])
            expected_confidence[here, j] = confidence[here][:, used].min(axis=-1)
    found, found_confidence = convert_2d(positions, confidence, source, target)
    if source == target:
        expected, expected_confidence = positions, confidence
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_array_equal(found_confidence, expected_confidence)
