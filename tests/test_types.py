"""The two containers: what they refuse and how they say it, slicing, selecting, and read-only arrays."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d import Keypoints2D, Motion3D
from uplift3d.errors import InputError

PEOPLE, FRAMES = 2, 5


def keypoints_fields(**changes):
    """Valid fields of two people at five key-frames, some of them changed."""
    positions = np.arange(PEOPLE * FRAMES * 17 * 2, dtype=np.float64).reshape(PEOPLE, FRAMES, 17, 2)
    fields = {
        "positions": positions,
        "confidence": np.full(positions.shape[:-1], 0.5),
        "times": np.arange(FRAMES) * 0.4,
        "image_size": (640, 480),
        "joints": "coco17",
        "people": np.array([7, 3]),
        "meta": {"detector": "none"},
        "depth_hint": np.arange(PEOPLE * FRAMES * 17 * 3).reshape(PEOPLE, FRAMES, 17, 3) / 1000,
    }
    return fields | changes


def motion_fields(**changes):
    positions = np.arange(PEOPLE * FRAMES * 17 * 3, dtype=np.float64).reshape(PEOPLE, FRAMES, 17, 3)
    fields = {
        "positions": positions,
        "times": np.arange(FRAMES) / 30,
        "root": np.ones((PEOPLE, FRAMES, 3)),
        "observed": np.arange(PEOPLE * FRAMES).reshape(PEOPLE, FRAMES) % 2 == 0,
        "people": np.array([7, 3]),
    }
    return fields | changes


def test_keypoints_are_stored_in_their_documented_types():
    keypoints = Keypoints2D(**keypoints_fields(times=[0, 1, 2, 3, 4], image_size=np.array([640, 480])))
    assert keypoints.positions.dtype == keypoints.confidence.dtype == keypoints.depth_hint.dtype == np.float32
    assert keypoints.times.dtype == np.float64
    assert keypoints.people.dtype == np.int64
    assert keypoints.image_size == (640, 480)
    assert len(keypoints) == FRAMES
    assert keypoints.meta == {"detector": "none"}


def test_motion_is_stored_in_its_documented_types():
    motion = Motion3D(**motion_fields(observed=np.ones((PEOPLE, FRAMES), dtype=int)))
    assert motion.positions.dtype == motion.root.dtype == np.float32
    assert motion.times.dtype == np.float64
    assert motion.observed.dtype == bool
    assert motion.joints == "h36m17"
    assert len(motion) == FRAMES


def test_people_are_numbered_when_nobody_names_them():
    np.testing.assert_array_equal(Keypoints2D(**keypoints_fields(people=None)).people, [0, 1])
    np.testing.assert_array_equal(Motion3D(**motion_fields(people=None)).people, [0, 1])


def test_without_confidence_every_seen_joint_is_sure():
    positions = keypoints_fields()["positions"]
    positions[1, 2, 3] = np.nan
    confidence = Keypoints2D(**keypoints_fields(positions=positions, confidence=None)).confidence
    assert confidence[1, 2, 3] == 0
    assert confidence.sum() == confidence.size - 1


def test_half_seen_joints_are_unseen():
    positions = keypoints_fields()["positions"]
    positions[0, 0, 5, 1] = np.nan
    keypoints = Keypoints2D(**keypoints_fields(positions=positions))
    assert np.isnan(keypoints.positions[0, 0, 5]).all()
    assert keypoints.confidence[0, 0, 5] == 0
    assert keypoints.confidence[0, 0, 4] == 0.5


def test_half_a_hint_is_none():
    hint = keypoints_fields()["depth_hint"]
    hint[0, 0, 5, 1] = np.nan
    keypoints = Keypoints2D(**keypoints_fields(depth_hint=hint))
    assert np.isnan(keypoints.depth_hint[0, 0, 5]).all()
    assert np.isnan(keypoints.depth_hint).sum() == 3
    assert Keypoints2D(**keypoints_fields(depth_hint=None)).depth_hint is None


def test_confidence_of_unseen_joints_does_not_matter():
    positions, confidence = keypoints_fields()["positions"], keypoints_fields()["confidence"]
    positions[0, 0], confidence[0, 0] = np.nan, np.nan
    assert (
        Keypoints2D(**keypoints_fields(positions=positions, confidence=confidence)).confidence[0, 0] == 0
    ).all()


def test_observed_says_who_was_seen_when():
    positions = keypoints_fields()["positions"]
    positions[0, 1] = np.nan
    positions[1, 2, 1:] = np.nan
    observed = Keypoints2D(**keypoints_fields(positions=positions)).observed
    assert not observed[0, 1]
    assert observed.sum() == PEOPLE * FRAMES - 1  # one joint is enough


def test_present_says_who_has_a_pose_when():
    positions = motion_fields()["positions"]
    positions[1, 4] = np.nan
    present = Motion3D(**motion_fields(positions=positions)).present
    assert not present[1, 4]
    assert present.sum() == PEOPLE * FRAMES - 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"positions": np.zeros((5, 17, 2))},
            r"Keypoints2D: positions have shape \(5, 17, 2\), expected \(people, K",
        ),
        ({"positions": np.zeros((2, 5, 16, 2))}, "expected .* 17 joints of 'coco17', 2"),
        ({"positions": np.zeros((2, 5, 17, 3))}, r"positions have shape \(2, 5, 17, 3\)"),
        ({"positions": np.full((2, 5, 17, 2), np.inf)}, "hold infinite values; mark an unseen joint as NaN"),
        ({"times": np.zeros((5, 1))}, r"times have shape \(5, 1\), expected \(K,\)"),
        ({"times": np.arange(4)}, "4 times for 5 frames of positions"),
        ({"times": [0, 1, np.nan, 3, np.inf]}, "times hold 2 NaN or infinite values"),
        ({"times": [0, 1, 1, 2, 3]}, r"must increase strictly, but times\[2\] = 1 s follows 1 s"),
        ({"times": [0, 1, 2, 1.5, 3]}, r"times\[3\] = 1.5 s follows 2 s"),
        (
            {"image_size": (640, 0)},
            r"image_size is \(640, 0\), expected \(width, height\) in pixels, both above 0",
        ),
        ({"image_size": (640, 480, 3)}, r"image_size is \(640, 480, 3\), expected \(width, height\)"),
        ({"image_size": None}, r"image_size is None, expected \(width, height\)"),
        ({"image_size": 640}, r"image_size is 640, expected \(width, height\)"),
        ({"image_size": (np.nan, 480)}, r"image_size is \(nan, 480\), expected \(width, height\)"),
        ({"joints": "smpl"}, "unknown joint set 'smpl'; known joint sets are h36m17"),
        (
            {"confidence": np.zeros((2, 5))},
            r"confidence has shape \(2, 5\), expected \(2, 5, 17\) as positions",
        ),
        ({"confidence": np.full((2, 5, 17), 1.01)}, r"confidence must be finite and within \[0, 1\]"),
        ({"confidence": np.full((2, 5, 17), np.nan)}, r"confidence must be finite and within \[0, 1\]"),
        ({"people": [1, 1]}, r"people is \[1, 1\], expected 2 different track ids"),
        ({"people": [1, 2, 3]}, r"people is \[1, 2, 3\], expected 2 different"),
        ({"people": ["Ann", "Bob"]}, r"people is \['Ann', 'Bob'\], expected 2 different whole numbers"),
        ({"positions": "text"}, "Keypoints2D: positions must be numbers in rows of equal length"),
        ({"positions": [[1], [1, 2]]}, "positions must be numbers in rows of equal length"),
        ({"positions": np.zeros((2, 5, 17, 2), complex)}, r"positions must be numbers .*complex"),
        ({"positions": np.full((2, 5, 17, 2), 1e300)}, "positions hold infinite values"),
        ({"positions": np.full((2, 5, 17, 2), 1e30)}, r"positions reach 1e\+30 pixels; mark an unseen"),
        ({"times": list("abcde")}, "times must be numbers"),
        ({"confidence": "sure"}, "confidence must be numbers"),
        ({"joints": ["nose"]}, r"unknown joint set \['nose'\]"),
        (
            {"depth_hint": np.zeros((2, 5, 17, 2))},
            r"depth_hint has shape .*expected \(2, 5, 17, 3\) as positions",
        ),
        ({"depth_hint": np.full((2, 5, 17, 3), np.inf)}, "depth_hint reaches inf m from the pelvis"),
        ({"depth_hint": np.full((2, 5, 17, 3), 850)}, "reaches 8.5e.02 m .*is it in millimetres"),
        ({"depth_hint": "deep"}, "depth_hint must be numbers in rows of equal length"),
    ],
)
def test_keypoints_name_what_does_not_fit(changes, message):
    with pytest.raises(InputError, match=message):
        Keypoints2D(**keypoints_fields(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"positions": np.zeros((2, 5, 17, 2))},
            r"Motion3D: positions have shape \(2, 5, 17, 2\), expected \(people, T",
        ),
        ({"positions": np.full((2, 5, 17, 3), -np.inf)}, "positions hold infinite values"),
        ({"times": np.arange(6)}, "6 times for 5 frames of positions"),
        ({"times": -np.arange(5)}, r"must increase strictly, but times\[1\] = -1 s follows 0 s"),
        ({"observed": np.ones(5)}, r"observed has shape \(5,\), expected \(2, 5\)"),
        ({"root": np.zeros((5, 3))}, r"root has shape \(5, 3\), expected \(2, 5, 3\)"),
        ({"people": [4]}, r"people is \[4\], expected 2 different track ids"),
        ({"joints": "coco18"}, "unknown joint set 'coco18'"),
    ],
)
def test_motion_names_what_does_not_fit(changes, message):
    with pytest.raises(InputError, match=message):
        Motion3D(**motion_fields(**changes))


def test_all_problems_are_named_at_once():
    with pytest.raises(InputError, match=r"4 times for 5 frames.*image_size"):
        Keypoints2D(**keypoints_fields(times=np.arange(4), image_size=(0, 0)))
    with pytest.raises(InputError, match=r"observed has.*root has.*people is"):
        Motion3D(**motion_fields(observed=np.ones(3), root=np.ones(3), people=[1]))


@given(st.slices(FRAMES).filter(lambda part: part.step is None or part.step > 0))
def test_slicing_keeps_everything_in_step(part):
    keypoints, motion = Keypoints2D(**keypoints_fields()), Motion3D(**motion_fields())
    some, few = keypoints[part], motion[part]
    np.testing.assert_array_equal(some.times, keypoints.times[part])
    np.testing.assert_array_equal(some.positions, keypoints.positions[:, part])
    np.testing.assert_array_equal(some.confidence, keypoints.confidence[:, part])
    np.testing.assert_array_equal(some.depth_hint, keypoints.depth_hint[:, part])
    np.testing.assert_array_equal(few.times, motion.times[part])
    np.testing.assert_array_equal(few.positions, motion.positions[:, part])
    np.testing.assert_array_equal(few.root, motion.root[:, part])
    np.testing.assert_array_equal(few.observed, motion.observed[:, part])
    assert len(few.people) == len(some.people) == PEOPLE


def test_a_mask_or_an_index_array_picks_times():
    motion = Motion3D(**motion_fields(root=None))
    np.testing.assert_array_equal(motion[motion.times > 0.05].times, motion.times[2:])
    picked = motion[np.array([0, 3])]
    np.testing.assert_array_equal(picked.positions, motion.positions[:, [0, 3]])
    assert picked.root is None


def test_time_cannot_run_backwards():
    with pytest.raises(InputError, match="times must increase strictly"):
        Keypoints2D(**keypoints_fields())[::-1]


def test_select_goes_by_track_id_in_the_order_asked_for():
    keypoints, motion = Keypoints2D(**keypoints_fields()), Motion3D(**motion_fields())
    np.testing.assert_array_equal(keypoints.select([3]).positions, keypoints.positions[1:])
    np.testing.assert_array_equal(keypoints.select([3]).confidence, keypoints.confidence[1:])
    np.testing.assert_array_equal(keypoints.select([3]).depth_hint, keypoints.depth_hint[1:])
    swapped = motion.select([3, 7])
    np.testing.assert_array_equal(swapped.people, [3, 7])
    np.testing.assert_array_equal(swapped.positions, motion.positions[::-1])
    np.testing.assert_array_equal(swapped.root, motion.root[::-1])
    np.testing.assert_array_equal(swapped.observed, motion.observed[::-1])


@pytest.mark.parametrize(("start", "end"), [(None, 0.8), (0.5, None), (0.3, 1.3), (0.0, 0.0)])
def test_between_takes_the_times_from_one_to_another(start, end):
    keypoints = replace(Keypoints2D(**keypoints_fields()), video_times=np.arange(100) / 50)
    low, high = -np.inf if start is None else start, np.inf if end is None else end
    whole, part = keypoints, keypoints.between(start, end)
    np.testing.assert_array_equal(part.times, [time for time in whole.times if low <= time <= high])
    np.testing.assert_array_equal(part.positions[:, 0], whole.positions[:, whole.times >= low][:, 0])
    assert low <= part.video_times.min() <= part.video_times.max() <= high
    motion = Motion3D(**motion_fields(times=np.arange(FRAMES) * 0.4))
    part = motion.between(start, end)
    np.testing.assert_array_equal(part.times, [time for time in motion.times if low <= time <= high])


def test_between_two_times_that_hold_nothing():
    with pytest.raises(InputError, match=r"nothing from 80 s on; there is 0\.00–"):
        Motion3D(**motion_fields()).between(80, None)


def test_select_keeps_what_meta_says_of_each_person():
    motion = Motion3D(**motion_fields(meta={"root_sigma_m": [0.5, 0.25], "model": "base"}))
    assert motion.select([3]).meta == {"root_sigma_m": [0.25], "model": "base"}
    assert motion.meta["root_sigma_m"] == [0.5, 0.25]


def test_select_names_unknown_tracks():
    with pytest.raises(InputError, match="there is no person 0; the people are 7, 3"):
        Motion3D(**motion_fields()).select([0, 3])


@pytest.mark.parametrize("name", ["positions", "confidence", "times", "people", "depth_hint"])
def test_stored_keypoints_cannot_be_changed(name):
    fields = keypoints_fields()
    keypoints = Keypoints2D(**fields)
    with pytest.raises(ValueError, match="read-only"):
        getattr(keypoints, name)[...] = 0
    with pytest.raises(AttributeError):
        setattr(keypoints, name, None)
    fields[name][...] = 0  # the caller's own array stays the caller's
    assert getattr(keypoints, name).any()


@pytest.mark.parametrize("name", ["positions", "times", "root", "observed", "people"])
def test_a_stored_motion_cannot_be_changed(name):
    fields = motion_fields()
    motion = Motion3D(**fields)
    with pytest.raises(ValueError, match="read-only"):
        getattr(motion, name)[...] = 0
    fields[name][...] = 0
    assert getattr(motion, name).any()


def test_nobody_and_no_time_are_allowed():
    nobody = Keypoints2D(np.zeros((0, 3, 17, 2)), None, [0.0, 0.1, 0.2], (4, 3), "coco17")
    assert len(nobody) == 3
    assert nobody.observed.shape == (0, 3)
    never = Motion3D(np.zeros((1, 0, 17, 3)), [], None, np.zeros((1, 0)))
    assert len(never) == 0
    assert repr(never) == "Motion3D(1 people × 0 poses × h36m17, no times)"


def test_repr_is_one_short_line():
    assert (
        repr(Keypoints2D(**keypoints_fields(depth_hint=None)))
        == "Keypoints2D(2 people × 5 key-frames × coco17, 0.00–1.60 s, image (640, 480))"
    )
    assert repr(Keypoints2D(**keypoints_fields())).endswith("image (640, 480), depth hint)")
    assert repr(Motion3D(**motion_fields())) == "Motion3D(2 people × 5 poses × h36m17, 0.00–0.13 s)"


@pytest.mark.parametrize("times", [[], [0.1, 0.1], [0, float("nan")], [[0, 1]], "soon"])
def test_times_of_the_video_must_be_a_time_axis(times):
    with pytest.raises(InputError, match="video_times must be"):
        Keypoints2D(np.zeros((1, 2, 17, 2)), None, [0, 1], (10, 10), "coco17", video_times=times)


def test_times_of_the_video_stay_whole():
    keys = Keypoints2D(
        np.zeros((1, 3, 17, 2)), None, [0, 1, 2], (10, 10), "coco17", video_times=np.arange(9) / 4
    )
    assert len(keys[:1].video_times) == len(keys.select([0]).video_times) == 9


def test_times_with_units_of_their_own_are_no_seconds():
    ms = np.arange(FRAMES).astype("timedelta64[ms]")
    with pytest.raises(InputError, match=r"times must be numbers .*timedelta64\[ms\] given"):
        Keypoints2D(**keypoints_fields(times=ms))
    with pytest.raises(InputError, match=r"times must be numbers .*datetime64\[s\] given"):
        Motion3D(**motion_fields(times=list(np.arange(FRAMES).astype("datetime64[s]"))))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"people": [1.2, 2.9]}, "expected 2 different whole numbers"),
        ({"image_size": "19"}, r"image_size is 19, expected \(width, height\)"),
        ({"image_size": (640.5, 480)}, r"image_size is \(640.5, 480\)"),
        ({"times": 1.7e12 + 400 * np.arange(FRAMES)}, r"times reach 1.7e\+12 s; are they in milliseconds"),
        ({"times": 1e-9 * np.arange(FRAMES)}, "times are 1e-09 s apart; are they in seconds"),
    ],
)
def test_what_would_be_taken_for_something_else_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        Keypoints2D(**keypoints_fields(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"root": np.full((PEOPLE, FRAMES, 3), np.inf)}, "root reaches inf m"),
        ({"positions": np.full((PEOPLE, FRAMES, 17, 3), 1e30)}, r"positions reach 1e\+30 m"),
        ({"observed": [["yes"] * FRAMES] * PEOPLE}, "observed must be numbers"),
    ],
)
def test_what_is_no_motion_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        Motion3D(**motion_fields(**changes))
