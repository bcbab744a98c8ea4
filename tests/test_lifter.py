"""From 2D key-frames to motion: times, absences, symmetries, bad input."""

import copy
import json
import os
import pickle
import signal
import tracemalloc
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_runtime import FakeRuntime
from swinging_person import SIZE, clip, moving_person, regular
from uplift3d import (
    Adaptive,
    InputError,
    Keypoints2D,
    Lifter,
    NothingFoundError,
    lift_keypoints,
)
from uplift3d.camera import Camera, rotation_looking_at
from uplift3d.detect import load_keypoints
from uplift3d.lift.adaptive import recorded_interval
from uplift3d.normalise import mirror
from uplift3d.skeletons import convert_2d, reorder
from walker import put_in, walker

RATES_HZ = [23.976, 25.0, 29.97, 30.0, 50.0, 59.94, 60.0, 120.0]


@pytest.fixture(scope="module")
def lifter():
    return Lifter(FakeRuntime())


# times


@pytest.mark.parametrize("rate", RATES_HZ)
@pytest.mark.parametrize("key_interval", [None, 0.1, 0.4])
def test_any_frame_rate_gives_a_pose_for_every_frame(lifter, rate, key_interval):
    times = regular(5, rate)
    motion = lifter.lift(clip(times), key_interval)
    np.testing.assert_array_equal(motion.times, times)
    assert motion.present.all()
    measured = len(times) if key_interval is None else int(5 / key_interval + 1e-6) + 1
    assert motion.observed.sum() == pytest.approx(measured, abs=1)
    np.testing.assert_array_equal(motion.positions[:, :, 0], 0)  # relative to the pelvis


def test_the_result_hardly_depends_on_the_frame_rate(lifter):
    wanted = np.arange(5, 45) / 10
    results = [lifter.lift(clip(regular(5, rate)), 0.1, wanted).positions for rate in (30.0, 50.0, 120.0)]
    for result in results[1:]:
        np.testing.assert_allclose(result, results[0], atol=0.01)


def test_variable_frame_rate(lifter, rng):
    times = np.cumsum(rng.uniform(0.01, 0.08, 120))
    motion = lifter.lift(clip(times), 0.2)
    np.testing.assert_array_equal(motion.times, times)
    assert motion.present.all()
    between = np.diff(times[motion.observed[0]])
    assert np.abs(between - 0.2).max() < 0.09


@pytest.mark.parametrize("frames", [1, 2, 3, 12, 13])
@pytest.mark.parametrize("key_interval", [None, 0.1, 0.4])
def test_the_shortest_clips(lifter, frames, key_interval):
    motion = lifter.lift(clip(3.0 + np.arange(frames) / 30), key_interval)
    assert motion.positions.shape == (1, frames, 17, 3)
    assert motion.present.all()
    assert motion.observed[0, 0]


def test_sparse_key_frames_are_answered_at_the_networks_own_times(lifter):
    motion = lifter.lift(clip(2 + np.arange(6) * 0.4))
    np.testing.assert_allclose(motion.times, 2 + np.arange(21) * 0.1)
    np.testing.assert_array_equal(np.flatnonzero(motion.observed[0]), np.arange(0, 21, 4))
    assert motion.present.all()


def test_output_times_of_ones_own(lifter):
    wanted = np.array([0.5, 0.55, 1.234])
    motion = lifter.lift(clip(regular(2, 30)), 0.4, wanted)
    np.testing.assert_array_equal(motion.times, wanted)
    assert motion.present.all()
    late = lifter.lift(clip(regular(2, 30)), 0.4, [1.0, 2.3, 2.5, 9.0])
    assert late.present[0].tolist() == [True, True, False, False]  # one interval, 0.4 s, beyond the last


def test_between_the_networks_poses_the_motion_is_straight_or_smooth():
    key_frames = clip(regular(3, 30))
    for interpolation, limit in (("linear", 1e-6), ("smooth", np.inf)):
        network = FakeRuntime(axes="camera")  # nothing turns between the poses
        lifter = Lifter(network, interpolation=interpolation, constant_bones=False)
        motion = lifter.lift(key_frames, 0.1, np.arange(0, 2.05, 0.05))
        even, odd = motion.positions[0, ::2], motion.positions[0, 1::2]
        bend = np.abs(odd - (even[:-1] + even[1:]) / 2).max()
        assert bend <= limit
    assert bend > 1e-5


@pytest.mark.parametrize("hop", [1, 4, 10])
def test_every_hop_gives_nearly_the_same_poses(hop):
    # The network answers for its centre with 1.1 times its sequence.
    scale = 1.0 if hop == 1 else 1.1
    reference = Lifter(FakeRuntime(), hop=1).lift(clip(regular(6, 30)), 0.2).positions
    motion = Lifter(FakeRuntime(), hop=hop).lift(clip(regular(6, 30)), 0.2)
    np.testing.assert_allclose(motion.positions * scale, reference, atol=0.05)


def test_networks_with_the_published_input_are_used_as_published():
    assert Lifter(FakeRuntime(edges="repeat")).options["hop"] == 1
    assert Lifter(FakeRuntime()).options["hop"] == 7
    assert Lifter(FakeRuntime(tokens=9)).options["hop"] == 3
    assert Lifter(FakeRuntime(edges="repeat"), hop=5).options["hop"] == 5
    assert Lifter(FakeRuntime(edges="repeat")).options["interpolation"] == "linear"
    keys, published = clip(regular(2, 30)), FakeRuntime(input="screen", edges="repeat")
    np.testing.assert_array_equal(
        Lifter(published).lift(keys).positions, Lifter(published, raw=True).lift(keys).positions
    )


# after the network


def test_bones_keep_their_length_unless_switched_off():
    keys = clip(regular(3, 30))
    for options, constant in (({}, True), ({"constant_bones": False}, False), ({"raw": True}, False)):
        positions = Lifter(FakeRuntime(), **options).lift(keys).positions[0]
        shin = np.linalg.norm(positions[:, 3] - positions[:, 2], axis=-1)
        assert (np.ptp(shin) < 1e-5) == constant


def test_smoothing_takes_out_what_is_fast():
    keys = clip(regular(6, 30))
    plain, smoothed = (Lifter(FakeRuntime(), smooth_hz=hz).lift(keys).positions for hz in (None, 0.5))
    assert np.abs(np.diff(smoothed, 2, axis=1)).mean() < 0.5 * np.abs(np.diff(plain, 2, axis=1)).mean()


class Standing(FakeRuntime):
    """Answers with the same pose, whatever it sees."""

    pose = np.random.default_rng(3).uniform(-0.5, 0.5, (17, 3)).astype(np.float32)

    def uplift(self, pose_tokens, slots, part):
        shape = (len(slots), 17, 3) if part == "centre" else (len(slots), self.config["tokens"], 17, 3)
        return np.broadcast_to(self.pose - self.pose[:1], shape)


def test_the_pelvis_is_put_where_the_joints_are_seen():
    times = regular(2, 10)
    there = Standing.pose - Standing.pose[:1] + [0, 0, 4.0]
    pixels = np.repeat(Camera.pinhole(800.0, (320, 240)).project(there)[None, None], len(times), axis=1)
    keys = Keypoints2D(pixels, None, times, SIZE, "h36m17")
    motion = Lifter(Standing(), constant_bones=False, flip=False).lift(keys, focal_px=800.0)
    seen = {"principal_point_px": [320.0, 240.0], "image_size": [640, 480]}
    assert motion.meta["camera"] == {"focal_px": 800.0, "focal_from": "given", **seen}
    np.testing.assert_allclose(motion.root[0], [[0, 0, 4.0]] * len(motion), atol=1e-3)
    tall, small = (
        Lifter(Standing(), height_m=height, flip=False).lift(keys, focal_px=800.0) for height in (1.8, 0.9)
    )
    np.testing.assert_allclose(tall.root, 2 * small.root, rtol=1e-3, atol=1e-4)
    noted = Lifter(FakeRuntime()).lift(replace(keys, meta={"focal_px_from_metadata": 700.0}))
    assert noted.meta["camera"] == {"focal_px": 700.0, "focal_from": "the file's metadata", **seen}
    assumed = Lifter(FakeRuntime()).lift(keys).meta["camera"]
    assert assumed == {"focal_px": 544.0, "focal_from": "assumed: 0.85 of the image's longer side", **seen}
    known, guessed = Lifter(Standing()).lift(keys, focal_px=544.0), Lifter(Standing()).lift(keys)
    np.testing.assert_array_equal(known.root, guessed.root)
    assert guessed.meta["root_sigma_m"][0] > 2.5 * known.meta["root_sigma_m"][0]
    raw = Lifter(FakeRuntime(), raw=True).lift(keys)
    assert raw.root is None
    assert raw.meta["camera"]["focal_px"] is None
    assert raw.meta["camera"]["focal_from"] == "unknown"


def test_raw_poses_are_the_networks_own():
    keys, times = clip(regular(3, 30)), np.arange(0, 2.05, 0.05)
    raw = Lifter(FakeRuntime(), raw=True)
    assert raw.options["interpolation"] == "linear"
    by_hand = Lifter(FakeRuntime(), constant_bones=False, interpolation="linear")
    np.testing.assert_array_equal(
        raw.lift(keys, 0.1, times, focal_px=800.0).positions,
        by_hand.lift(keys, 0.1, times, focal_px=800.0).positions,
    )
    assert Lifter(FakeRuntime()).options["interpolation"] == "smooth"


# absences


def test_an_absence_is_nan_and_the_sides_know_nothing_of_each_other():
    lifter = Lifter(FakeRuntime(), constant_bones=False)  # a person's bones are those of the whole clip
    times = regular(8, 30)
    together = clip(times)
    positions = together.positions.copy()
    positions[0, (times > 2.9) & (times < 5.1)] = np.nan
    motion = lifter.lift(replace(together, positions=positions, confidence=None), 0.1)
    absent = ~motion.present[0]
    assert absent[(times > 2.96) & (times < 5.04)].all()
    assert not absent[(times < 2.91) | (times > 5.09)].any()
    assert not motion.observed[0, absent].any()
    before = lifter.lift(clip(times[times <= 2.9]), 0.1)
    np.testing.assert_allclose(motion.positions[0, : len(before)], before.positions[0], atol=1e-6)
    other = positions.copy()
    other[0, times > 5] *= 1.7
    changed = lifter.lift(replace(together, positions=other, confidence=None), 0.1)
    np.testing.assert_array_equal(changed.positions[0, times < 3], motion.positions[0, times < 3])


def test_a_short_gap_is_filled_in_but_not_called_observed(lifter):
    times = regular(4, 30)
    positions = clip(times).positions.copy()
    positions[0, 40:60] = np.nan
    motion = lifter.lift(replace(clip(times), positions=positions, confidence=None))
    assert motion.present.all()
    assert not motion.observed[0, 41:59].any()


def test_people_come_and_go_each_for_themselves(lifter):
    times = regular(6, 25)
    keys = clip(times, people=3)
    positions = keys.positions.copy()
    positions[1, :75] = np.nan
    positions[2] = np.nan
    keys = replace(keys, positions=positions, confidence=None, people=np.array([4, 9, 2]))
    motion = lifter.lift(keys, 0.2)
    assert motion.people.tolist() == [4, 9, 2]
    assert motion.present[0].all()
    assert not motion.present[1, :72].any()
    assert motion.present[1, 77:].all()
    assert not motion.present[2].any()
    alone = lifter.lift(keys.select([9]), 0.2)
    np.testing.assert_array_equal(alone.positions[0], motion.positions[1])


def test_a_person_without_hips_is_not_there(lifter):
    keys = clip(regular(4, 30))
    positions = keys.positions.copy()
    positions[0, 30:90, [0, 1, 4]] = np.nan
    motion = lifter.lift(replace(keys, positions=positions, confidence=None))
    assert not motion.present[0, 35:85].any()


# what must not matter


@given(scale=st.floats(0.2, 5), x=st.floats(-500, 500), y=st.floats(-500, 500))
@settings(max_examples=15, deadline=None)
def test_scale_shift_and_crop_leave_the_result_unchanged(scale, x, y):
    lifter = Lifter(FakeRuntime(), raw=True)  # in the axes that the network answers in
    keys = clip(regular(3, 30))
    moved = replace(
        keys, positions=keys.positions * np.float32(scale) + np.float32([x, y]), image_size=(99, 77)
    )
    np.testing.assert_allclose(lifter.lift(moved, 0.2).positions, lifter.lift(keys, 0.2).positions, atol=1e-4)


def test_a_mirrored_video_gives_the_mirrored_motion():
    lifter = Lifter(FakeRuntime(), flip=True)
    keys = clip(regular(3, 30))
    flipped = mirror(keys.positions, "h36m17") + np.float32([SIZE[0], 0])
    motion, mirrored = lifter.lift(keys, 0.2), lifter.lift(replace(keys, positions=flipped), 0.2)
    np.testing.assert_allclose(mirrored.positions, mirror(motion.positions, "h36m17"), atol=1e-5)


def test_the_joint_order_of_the_input_does_not_matter(lifter):
    keys = clip(regular(2, 30))
    order = reorder("h36m17", "uu17")
    shuffled = Keypoints2D(
        keys.positions[:, :, order], keys.confidence[:, :, order], keys.times, SIZE, "uu17"
    )
    np.testing.assert_array_equal(lifter.lift(shuffled).positions, lifter.lift(keys).positions)


def test_a_network_of_another_joint_order_answers_in_the_common_one():
    order = reorder("h36m17", "uu17")

    class Reordered(FakeRuntime):
        def embed(self, poses):
            return super().embed(poses[:, np.argsort(order)])

        def uplift(self, pose_tokens, slots, part):
            return super().uplift(pose_tokens, slots, part)[..., order, :]

    keys = clip(regular(2, 30))
    motion = Lifter(Reordered(joints="uu17")).lift(keys)
    assert motion.joints == "h36m17"
    np.testing.assert_allclose(motion.positions, Lifter(FakeRuntime()).lift(keys).positions, atol=1e-6)


def test_coco_joints_are_lifted(lifter, rng):
    positions = rng.uniform(100, 300, (1, 31, 17, 2))
    keys = Keypoints2D(positions, None, regular(1, 30), SIZE, "coco17")
    joints, confidence = convert_2d(keys.positions, keys.confidence, "coco17", "h36m17")
    same = Keypoints2D(joints, confidence, keys.times, SIZE, "h36m17")
    np.testing.assert_allclose(lifter.lift(keys).positions, lifter.lift(same).positions, atol=1e-5)


# axes


def test_a_known_focal_length_turns_the_poses_into_the_cameras_axes(lifter):
    keys = clip(regular(2, 30))
    plain = Lifter(FakeRuntime(), constant_bones=False, raw=True).lift(keys)
    lifter = Lifter(FakeRuntime(), constant_bones=False, interpolation="linear")
    turned = lifter.lift(keys, focal_px=800.0)
    rays = Camera.pinhole(800.0, (320, 240)).rays(keys.positions[0, :, 0])
    expected = np.einsum("tij,tkj->tki", rotation_looking_at(rays), plain.positions[0])
    np.testing.assert_allclose(turned.positions[0], expected, atol=1e-5)
    assert "looks straight at the pelvis" in plain.meta["axes"]
    assert turned.meta["axes"].startswith("camera axes")
    shifted = lifter.lift(keys, focal_px=800.0, principal_point_px=(0.0, 0.0))
    assert np.abs(shifted.positions - turned.positions).max() > 1e-2


def test_a_network_that_answers_in_camera_axes_is_left_alone():
    keys, lifter = clip(regular(2, 30)), Lifter(FakeRuntime(axes="camera"))
    np.testing.assert_array_equal(lifter.lift(keys, focal_px=800.0).positions, lifter.lift(keys).positions)


# the record


def test_the_result_says_how_it_was_made(lifter):
    keys = clip(regular(4, 30), meta={"detector": "by hand"})
    meta = json.loads(json.dumps(lifter.lift(keys, 0.4).meta))
    model = {"name": "given", "hash": "abc", "runtime": "fake", "licence": "CC0-1.0"}
    assert meta["model"] == model
    assert meta["arguments"]["key_interval"] == 0.4
    assert meta["arguments"]["hop"] == 7
    assert meta["units"] == {"positions": "m", "times": "s"}
    assert meta["keypoints"] == {
        "detector": "by hand",
        "sides": {"exchanged_poses": 0, "people": {}},
    }
    assert meta["key_frames"] == 11
    assert meta["timings_s"]["lift"] >= 0
    assert {"uplift3d", "versions", "axes", "joints", "key_interval_s"} <= set(meta)


def test_exchanged_sides_are_put_back_unless_switched_off():
    keys = walker(0.1)
    wrong, _ = put_in(keys, "whole body", 2.0, 3.0)
    right, kept = (
        Lifter(FakeRuntime(), settle_sides=settle).lift(keys).positions for settle in (True, False)
    )
    np.testing.assert_array_equal(right, kept)
    settled = Lifter(FakeRuntime()).lift(wrong)
    np.testing.assert_array_equal(settled.positions, right)
    assert settled.meta["keypoints"]["sides"]["exchanged_poses"] == 10
    as_given = Lifter(FakeRuntime(), settle_sides=False).lift(wrong)
    assert np.abs(as_given.positions - right).max() > 0.01
    assert "sides" not in as_given.meta["keypoints"]


def test_the_pictures_own_depth_is_blended_in_unless_switched_off():
    keys = clip(regular(3, 10))
    plain = Lifter(FakeRuntime()).lift(keys)
    hint = plain.positions + np.float32(0.04)
    hint[:, :, 0] = 0
    hinted = replace(keys, depth_hint=hint)
    blended = Lifter(FakeRuntime()).lift(hinted)
    assert np.abs(blended.positions - plain.positions).max() > 0.01
    off = Lifter(FakeRuntime(), use_hint=False).lift(hinted)
    np.testing.assert_array_equal(off.positions, plain.positions)
    assert off.meta["arguments"]["use_hint"] is False
    published = FakeRuntime(input="screen", edges="repeat")
    np.testing.assert_array_equal(
        Lifter(published).lift(hinted).positions, Lifter(published).lift(keys).positions
    )


# long clips


@pytest.mark.slow
def test_an_hour_takes_little_more_memory_than_its_result():
    """One person at 30 Hz who never leaves, all that is on by default: 300 MB more than for a minute."""
    there = Standing.pose - Standing.pose[:1] + [0, 0, 4.0]
    seen = Camera.pinhole(800.0, (320, 240)).project(there)
    peaks = []
    for minutes in (1, 60):
        times, looks = regular(60 * minutes, 30), regular(60 * minutes, 2.5)
        keys = Keypoints2D(np.repeat(seen[None, None], len(looks), axis=1), None, looks, SIZE, "h36m17")
        tracemalloc.start()
        motion = Lifter(Standing()).lift(keys, output_times=times)
        peaks.append(tracemalloc.get_traced_memory()[1] / 1e6)
        tracemalloc.stop()
        assert motion.root is not None
    assert peaks[1] - peaks[0] < 300


def test_an_hour_is_lifted_in_batches():
    runtime = FakeRuntime()
    times = np.arange(36001) * 0.1
    keys = Keypoints2D(np.repeat(clip(regular(0, 1)).positions, 36001, axis=1), None, times, SIZE, "h36m17")
    motion = Lifter(runtime, hop=10, flip=False).lift(keys, 0.4)
    assert len(motion) == 36001
    assert motion.present.all()
    assert runtime.largest_batch <= 64
    assert runtime.embedded == motion.meta["key_frames"] == 9001


# bad input


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"key_interval": "often"}, "key_interval is 'often'; accepted are seconds"),
        ({"key_interval": True}, "key_interval is True; accepted are seconds"),
        ({"key_interval": 0.0}, "key interval is 0.0 s; it must be a positive number"),
        ({"key_interval": float("nan")}, "key interval is nan s; it must be a positive number"),
        ({"output_times": [1.0, 1.0]}, "output_times must be one row of finite seconds that increase"),
        ({"output_times": [[1.0]]}, "output_times must be one row"),
        ({"output_times": [np.nan]}, "output_times must be one row"),
        ({"focal_px": -3.0}, "focal_px is -3.0; it must be a number of pixels, 32 to 640000 for images of"),
        ({"principal_point_px": (1.0, 2.0)}, "principal_point_px needs focal_px too"),
        ({"focal_px": 500.0, "principal_point_px": (np.nan, 2.0)}, r"must be \(x, y\) in pixels"),
        ({"focal_px": 500.0, "principal_point_px": (1.0,)}, r"must be \(x, y\) in pixels"),
        ({"output_times": "now"}, "output_times must be one row"),
        ({"hop": 0}, "hop is 0; accepted are 1 … 10 tokens"),
        ({"interpolation": "cubic"}, "interpolation is 'cubic'; accepted are linear, smooth"),
        ({"max_gap_s": -1.0}, "max_gap_s is -1.0; it must be a number of seconds from 0"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        lift_keypoints(clip(regular(2, 30)), FakeRuntime(), **arguments)


def test_what_is_no_model_or_no_key_frames_is_refused(lifter):
    with pytest.raises(InputError, match="model is None; accepted are 'base'"):
        Lifter(None)
    with pytest.raises(
        InputError, match=r"of type str; accepted is Keypoints2D, which detect\.load_keypoints"
    ):
        lifter.lift("keys.npz")


def test_times_in_another_unit_do_not_fill_the_memory(lifter):
    with pytest.raises(InputError, match=r"span 1e\+06 s, which is .*are their times in seconds"):
        lifter.lift(clip(np.array([0.0, 1e5, 1e6])))


def test_no_output_times_give_no_poses(lifter):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(lifter.lift(clip(regular(2, 10)), output_times=[])) == 0


def test_nobody_to_lift_is_nothing_found(lifter):
    keys = clip(regular(1, 30))
    with pytest.raises(NothingFoundError, match="nobody is in view in any of the 31 key-frames"):
        lifter.lift(keys.select([]))
    blank = replace(keys, positions=np.full_like(keys.positions, np.nan), confidence=None)
    with pytest.raises(NothingFoundError, match="none of the 31 key-frames shows enough of a person"):
        lifter.lift(blank)
    with pytest.raises(NothingFoundError, match="hold no key-frame"):
        lifter.lift(keys[:0])


# real networks and real video


@pytest.mark.parametrize("options", [{}, {"hop": 1}, {"flip": False}])
def test_both_runtimes_agree_to_a_tenth_of_a_millimetre(tiny_model, options):
    keys = clip(regular(9, 30), people=2)
    onnx, pytorch = (
        lift_keypoints(keys, tiny_model, 0.4, runtime=runtime, raw=True, **options)
        for runtime in ("onnx", "torch")
    )
    assert np.ptp(onnx.positions) > 0.1
    np.testing.assert_allclose(onnx.positions, pytorch.positions, atol=1e-4)
    assert onnx.meta["model"]["hash"] == pytorch.meta["model"]["hash"]


@pytest.mark.parametrize("key_interval", ["adaptive", Adaptive(3)])
def test_of_dense_2d_poses_those_that_pay_are_used(lifter, key_interval):
    positions = np.repeat(moving_person([0.0])[None], 151, axis=1)
    times = regular(5, 30)
    positions[0, 60:90, 9:] += 60 * np.sin(2 * np.pi * 1.3 * times[60:90])[:, None, None]
    motion = lifter.lift(Keypoints2D(positions, None, times, SIZE, "h36m17"), key_interval)
    assert 13 < motion.meta["key_frames"] < 30
    used = times[motion.observed[0]]
    assert (np.abs(np.diff(used)[(used[1:] > 2) & (used[1:] < 3)]) < 0.25).any()
    assert motion.meta["arguments"]["key_interval"] == recorded_interval(key_interval)


# one network, several threads and processes


@pytest.fixture(scope="module")
def demo_keys():
    return load_keypoints(str(files("uplift3d") / "demo" / "keys.npz"))


def alike(one, other):
    np.testing.assert_array_equal(one.positions, other.positions)
    np.testing.assert_array_equal(one.root, other.root)


def test_one_lifter_serves_several_threads(demo_keys):
    lifter = Lifter("base")
    alone = lifter.lift(demo_keys)
    with ThreadPoolExecutor(4) as pool:
        for motion in pool.map(lambda _: lifter.lift(demo_keys), range(8)):
            alike(motion, alone)


def test_the_number_of_threads_does_not_change_a_bit(demo_keys):
    alike(Lifter("base", threads=1).lift(demo_keys), Lifter("base", threads=2).lift(demo_keys))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # newer Pythons warn of forks with threads
def test_a_lifter_goes_on_after_a_fork(demo_keys):
    lifter = Lifter("base")
    alone = lifter.lift(demo_keys)
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        same = np.array_equal(lifter.lift(demo_keys).positions, alone.positions, equal_nan=True)
        os._exit(0 if same else 3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_copies_and_pickles_load_the_network_again():
    lifter = Lifter(smooth_hz=2.0)
    keys = clip(regular(2, 10))
    for again in (copy.deepcopy(lifter), pickle.loads(pickle.dumps(lifter))):
        assert again.options == lifter.options
        np.testing.assert_array_equal(again.lift(keys).positions, lifter.lift(keys).positions)


@pytest.mark.parametrize("chosen", [slice(3, None, 12), slice(20, 200, 40), slice(77, 78), slice(60, 140)])
def test_a_moment_is_the_same_whatever_other_moments_are_asked_for(chosen):
    """With our own network, whose pelvis, feet and pulled joints follow from all key-frames."""
    keys = load_keypoints(files("uplift3d") / "demo" / "keys.npz")
    lifter = Lifter()
    times = keys.video_times if keys.video_times is not None else np.arange(*keys.times[[0, -1]], 1 / 30)
    few = lifter.lift(keys, 0.4, times[chosen])
    whole = lifter.lift(keys, 0.4, times)[chosen]
    np.testing.assert_array_equal(few.present, whole.present)
    assert np.nanmax(np.linalg.norm(few.root - whole.root, axis=-1)) < 0.01
    assert np.nanmax(np.linalg.norm(few.positions - whole.positions, axis=-1)) < 0.01


@pytest.mark.parametrize("step", [2, 3])
def test_every_second_frame_of_a_video_has_the_poses_of_all_frames(step):
    keys = load_keypoints(files("uplift3d") / "demo" / "keys.npz")
    keys = replace(keys, video_times=np.arange(0, keys.times[-1], 1 / 30))
    lifter = Lifter()
    whole = lifter.lift(keys, 0.4)
    few = lifter.lift(keys, 0.4, whole.times[::step])
    np.testing.assert_array_equal(few.times, whole.times[::step])
    np.testing.assert_allclose(few.positions, whole.positions[:, ::step], atol=1e-6)
    np.testing.assert_allclose(few.root, whole.root[:, ::step], atol=1e-6)
