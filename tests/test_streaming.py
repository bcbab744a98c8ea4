"""Streams: latency kept, nothing taken back, the same poses as offline where all is known, memory flat."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from fake_runtime import FakeRuntime
from uplift3d import Adaptive, InputError, Keypoints2D, Lifter, NothingFoundError, StreamLifter
from uplift3d.post import bone_lengths_m
from walker import walker

WINDOW_S = 2.1
"""Of the made network."""


def people(count=1, seconds=4.0, interval_s=0.1):
    """Walkers side by side, h36m17."""
    each = [walker(interval_s, seconds, "h36m17", facing_deg=40 * p, seed=p) for p in range(count)]
    positions = np.concatenate([one.positions for one in each]) + np.arange(count)[:, None, None, None]
    confidence = np.concatenate([one.confidence for one in each])
    return Keypoints2D(positions, confidence, each[0].times, each[0].image_size, "h36m17")


def fed(stream, keypoints, looks=None):
    """All chunks, and the time at which each was given; `looks`: which of the moments are looked at."""
    looks = np.ones(len(keypoints), bool) if looks is None else looks
    return [
        (time, stream.push(time, keypoints[k : k + 1] if looks[k] else None))
        for k, time in enumerate(keypoints.times.tolist())
    ]


def joined(chunks, person=0):
    """(T,) times and (T, J, 3) poses of one person."""
    times = np.concatenate([chunk.times for chunk in chunks])
    poses = [
        chunk.select([person]).positions[0]
        if person in chunk.people
        else np.full((len(chunk), 17, 3), np.nan)
        for chunk in chunks
    ]
    return times, np.concatenate(poses)


@pytest.mark.parametrize("keys", [1, 4])
@pytest.mark.parametrize("rate_hz", [None, 25.0])
def test_without_bound_a_stream_is_what_offline_lifting_gives(keys, rate_hz):
    keypoints = people(2)
    looks = np.arange(len(keypoints)) % keys == 0
    stream = StreamLifter(FakeRuntime(), np.inf, output_rate_hz=rate_hz)
    assert all(len(chunk) == 0 for _, chunk in fed(stream, keypoints, looks))
    motion = stream.flush()
    even = np.arange(int(keypoints.times[-1] * 25.0 + 1e-6) + 1) / 25.0
    times = keypoints.times if rate_hz is None else even
    expected = Lifter(FakeRuntime()).lift(keypoints[looks], output_times=times)
    np.testing.assert_array_equal(motion.positions, expected.positions)
    np.testing.assert_array_equal(motion.root, expected.root)
    np.testing.assert_array_equal(motion.observed, expected.observed)


@given(
    latency_s=st.sampled_from([0.0, 0.3, 1.0, 3.5]),
    rate_hz=st.sampled_from([None, 7.0, 30.0]),
    keys=st.integers(1, 4),
    seed=st.integers(0, 100),
)
@settings(max_examples=20, deadline=None)
def test_every_pose_comes_once_in_order_and_as_late_as_said(latency_s, rate_hz, keys, seed):
    keypoints = people(1, 3.0)
    steps = np.random.default_rng(seed).uniform(0.02, 0.15, len(keypoints))
    keypoints = replace(keypoints, times=np.cumsum(steps))
    stream = StreamLifter(FakeRuntime(), latency_s, output_rate_hz=rate_hz, raw=True, settle_sides=False)
    given_at = fed(stream, keypoints, np.arange(len(keypoints)) % keys == 0)
    before = -np.inf
    for time, chunk in given_at:
        assert (chunk.times <= time - latency_s + 1e-6).all()  # not earlier
        assert (chunk.times > before - latency_s - 1e-6).all()  # and with the first push that is late enough
        assert np.isfinite(chunk.positions).all() or len(chunk.people) == 0
        before = time
    chunks = [chunk for _, chunk in given_at] + [stream.flush()]
    times, _ = joined(chunks)
    if rate_hz is None:
        np.testing.assert_array_equal(times, keypoints.times)
    else:
        count = int((keypoints.times[-1] - keypoints.times[0]) * rate_hz + 1e-6) + 1
        np.testing.assert_allclose(times, keypoints.times[0] + np.arange(count) / rate_hz)


def test_the_later_the_nearer_to_offline():
    keypoints = people(1, 6.0)
    options = {"settle_sides": False, "raw": True, "interpolation": "smooth"}
    offline = Lifter(FakeRuntime(), **options).lift(keypoints).positions[0]
    apart = []
    for latency_s in (0.0, 0.3, 1.1):
        stream = StreamLifter(FakeRuntime(), latency_s, **options)
        chunks = [chunk for _, chunk in fed(stream, keypoints)] + [stream.flush()]
        apart.append(np.linalg.norm(joined(chunks)[1] - offline, axis=-1)[30:].mean())
    assert apart[0] > apart[1] > apart[2]
    assert apart[2] < 0.1 * np.linalg.norm(offline, axis=-1).mean()


def test_what_comes_later_changes_nothing_that_was_given():
    keypoints = people(1, 4.5)
    other = replace(keypoints, positions=keypoints.positions + 40 * (keypoints.times > 3)[:, None, None])
    answers = []
    for version in (keypoints, other):
        stream = StreamLifter(FakeRuntime(), 0.3, settle_sides=False)
        chunks = [chunk for time, chunk in fed(stream, version) if time <= 3]
        answers.append(joined(chunks)[1])
    np.testing.assert_array_equal(*answers)


def test_people_come_and_go_and_an_absence_is_one():
    keypoints = people(2, 8.0)
    positions = keypoints.positions.copy()
    positions[0, :20] = positions[1, 30:60] = np.nan
    stream = StreamLifter(FakeRuntime(), 0.3, raw=True, settle_sides=False)
    chunks = [chunk for _, chunk in fed(stream, replace(keypoints, positions=positions))]
    chunks.append(stream.flush())
    here = np.stack([np.isfinite(joined(chunks, person)[1]).all(axis=(1, 2)) for person in (0, 1)])
    times = keypoints.times
    assert not here[0, times < 1.8].any()
    assert here[0, times > 2.1].all()
    assert here[1, times < 2.9].all()
    assert not here[1, (times > 3.5) & (times < 5.8)].any()
    assert here[1, times > 6.1].all()


def test_between_looks_poses_go_on_and_are_not_called_observed():
    keypoints = people(1, 4.0)
    looks = np.arange(len(keypoints)) % 4 == 0
    stream = StreamLifter(FakeRuntime(), 0.0, key_interval=0.4)
    for k, (_, chunk) in enumerate(fed(stream, keypoints, looks)):
        assert chunk.observed.tolist() == [[bool(looks[k])]]
        assert np.isfinite(chunk.positions).all()
    assert stream.next_key_time() == pytest.approx(keypoints.times[looks][-1] + 0.4)


def test_nothing_is_invented_after_the_last_look():
    stream, keypoints = StreamLifter(FakeRuntime(), 0.0), people(1, 2.0)
    fed(stream, keypoints)
    last = keypoints.times[-1]
    assert stream.push(last + 0.3, None).present.all()
    assert stream.push(last + 0.5, None).people.tolist() == []


@pytest.mark.parametrize("looked_for", [True, False])
@pytest.mark.parametrize("rate_hz", [None, 30.0])
def test_somebody_lost_for_ten_seconds_is_absent_for_as_long(looked_for, rate_hz):
    stream = StreamLifter(FakeRuntime(), 0.3, output_rate_hz=rate_hz)
    before = people(1, 2.0)
    away_s = before.times[-1] + np.arange(0.1, 10.0, 0.1)
    after = replace(before, times=before.times + away_s[-1] + 0.1)
    nobody = replace(before[:1], positions=np.full((1, 1, 17, 2), np.nan, np.float32))
    chunks = [chunk for _, chunk in fed(stream, before)]
    for time_s in away_s.tolist():
        look = replace(nobody, times=np.array([time_s])) if looked_for else None
        chunks.append(stream.push(time_s, look))
    chunks += [chunk for _, chunk in fed(stream, after)]
    times, poses = joined([*chunks, stream.flush()])
    here = np.isfinite(poses).all(axis=(1, 2))
    lost = (times > before.times[-1] + 0.5) & (times < after.times[0] - 0.5)
    assert lost.sum() > 80
    assert not here[lost].any()
    assert here[times <= before.times[-1]].all()
    assert here[times >= after.times[0] + 0.1].all()


def test_a_gap_longer_than_a_window_has_no_moments():
    stream, keypoints = StreamLifter(FakeRuntime(), 0.3, output_rate_hz=30), people(1, 2.0)
    fed(stream, keypoints)
    chunk = stream.push(86400.0, None)
    assert len(chunk) < 30 * 3 * WINDOW_S
    later = replace(keypoints, times=keypoints.times + 86400.1)
    times, poses = joined([chunk for _, chunk in fed(stream, later)] + [stream.flush()])
    assert np.isfinite(poses[times > 86400.2]).all()


def test_one_window_a_look():
    class Counting(FakeRuntime):
        windows = 0

        def uplift(self, pose_tokens, slots, part):
            self.windows += len(slots)
            return super().uplift(pose_tokens, slots, part)

    runtime, keypoints = Counting(), people(1, 6.0)
    looks = np.arange(len(keypoints)) % 2 == 0
    fed(StreamLifter(runtime, 0.3, raw=True, settle_sides=False, flip=False), keypoints, looks)
    assert runtime.windows <= looks.sum()


def test_a_smoothed_stream_trembles_less_keeps_its_bones_and_says_so():
    keypoints = people(1, 6.0)
    shaken = np.random.default_rng(0).normal(0, 4, keypoints.positions.shape).astype(np.float32)
    keypoints = replace(keypoints, positions=keypoints.positions + shaken)
    streams = [StreamLifter(FakeRuntime(), 0.3, settle_sides=False, smooth_hz=hz) for hz in (None, 0.5)]
    plain, calm = ([chunk for _, chunk in fed(stream, keypoints)] for stream in streams)
    jerks = [np.nanmean(np.abs(np.diff(joined(chunks)[1], 3, axis=0))) for chunks in (plain, calm)]
    assert jerks[1] < 0.7 * jerks[0]
    for before, after in zip(plain, calm, strict=True):
        np.testing.assert_allclose(bone_lengths_m(after), bone_lengths_m(before), atol=1e-5)
    arguments = calm[-1].meta["arguments"]
    assert (arguments["smooth_hz"], arguments["smooth_with"]) == (0.5, "one-euro")
    assert arguments["lock_feet"] is False  # it needs what comes later


def test_linear_algebra_has_one_thread_for_a_look_and_those_it_had_after():
    seen = []

    class Asking(FakeRuntime):
        def uplift(self, pose_tokens, slots, part):
            seen.append(threads_of_blas())
            return super().uplift(pose_tokens, slots, part)

    with threadpool_limits(limits=2, user_api="blas"):
        before = threads_of_blas()
        fed(StreamLifter(Asking(), 0.3, raw=True), people(1, 1.0))
        assert set(seen) == {1}
        assert threads_of_blas() == before


def threads_of_blas():
    return max(one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas")


def test_memory_is_flat():
    stream, keypoints = StreamLifter(FakeRuntime(), 0.3, raw=True, settle_sides=False), people(2, 4.0, 0.2)
    sizes = []
    for turn in range(15):
        times = keypoints.times + 4.0 * turn
        fed(stream, replace(keypoints, times=times, people=np.array([turn, turn + 1])))
        sizes.append((len(stream._looks), stream._estimator.people_remembered, len(stream._pending)))
    assert max(sizes[5:]) <= max(sizes[:5])
    assert max(looks for looks, _, _ in sizes) < 60


def test_bones_keep_their_length_within_a_millimetre_over_chunks():
    keypoints = people(1, 6.0)
    stream = StreamLifter(FakeRuntime(), 0.3, settle_sides=False)
    _, poses = joined([chunk for _, chunk in fed(stream, keypoints)])
    thigh = np.linalg.norm(poses[:, 2] - poses[:, 1], axis=-1)
    assert np.ptp(thigh[-20:]) < 0.1 * thigh.mean()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latency_s": -1}, "latency_s is -1; accepted are seconds from 0"),
        ({"latency_s": "1"}, "latency_s is '1'; accepted are seconds"),
        ({"smooth_hz": 0.0}, "the cut-off of smoothing is 0.0; accepted are 0.01 Hz and more"),
        ({"smooth_hz": 3.0, "raw": True}, "raw poses are not smoothed, but smooth_hz is 3"),
        ({"hop": 8}, "hop needs a whole motion"),
        (
            {"smooth_hz": 1.0, "smooth_with": "savitzky-golay"},
            "smooth_with needs a whole motion, but latency_s is 0.3",
        ),
        ({"output_rate_hz": 0}, "output_rate_hz is 0; accepted are 0.0001 to 10000 Hz"),
        ({"key_interval": 0}, "the key interval is 0 s"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        StreamLifter(FakeRuntime(), **arguments)


def test_what_does_not_belong_to_the_stream_is_refused():
    keypoints = people(1, 1.0)
    stream = StreamLifter(FakeRuntime())
    stream.push(0.1, keypoints[1:2])
    with pytest.raises(InputError, match=r"the moment at 0\.1 s follows one at 0\.1 s, .*flush"):
        stream.push(0.1, None)
    with pytest.raises(InputError, match="must be a finite number of seconds"):
        stream.push(np.nan, None)
    with pytest.raises(InputError, match="must be a finite number of seconds"):
        stream.push(10**400, None)
    with pytest.raises(InputError, match="a look holds 2 key-frames"):
        stream.push(0.2, keypoints[:2])
    with pytest.raises(InputError, match=r"the look at 0\.5 s says that it is of 0\.4 s"):
        stream.push(0.5, keypoints[4:5])
    with pytest.raises(InputError, match="a look is of type list; accepted are Keypoints2D of one moment"):
        stream.push(0.2, [])
    with pytest.raises(InputError, match=r"image_size changes from \(800, 600\) to \(640, 480\)"):
        stream.push(0.2, replace(keypoints[2:3], image_size=(640, 480)))
    assert len(stream.push(0.9, keypoints[9:10])) == 1
    stream.flush()
    stream.push(0.0, keypoints[:1])  # another stream


def test_an_empty_stream_has_nothing():
    assert len(StreamLifter(FakeRuntime()).flush()) == 0
    with pytest.raises(NothingFoundError, match="ends without a look"):
        StreamLifter(FakeRuntime(), np.inf).flush()


def watched(key_interval, latency_s, bends, seconds=6.0, missed=lambda time: False):
    """Looks (times) of somebody who goes evenly, or to and fro where `bends` says so, and may be `missed`."""
    stream = StreamLifter(FakeRuntime(), latency_s, key_interval=key_interval, settle_sides=False, raw=True)
    moments = np.arange(0, seconds, 0.1)
    rest = people(1, 0.2).positions[:, :1]
    looks = []
    for time in moments.tolist():
        if time < stream.next_key_time() - 1e-6:
            stream.push(time, None)
            continue
        swing = 60 * np.sin(2 * np.pi * 1.1 * time) if bends(time) else 0.0
        positions = rest + np.where(np.arange(17) > 8, 30 * time + swing, 30 * time)[:, None]
        if missed(time):
            positions = np.full_like(positions, np.nan)
        stream.push(time, Keypoints2D(positions, None, [time], (800, 600), "h36m17"))
        looks.append(time)
    return np.array(looks)


@pytest.mark.parametrize("latency_s", [0.0, 0.3, np.inf])
def test_the_next_look_is_sooner_while_the_motion_bends(latency_s):
    looks = watched("adaptive", latency_s, lambda time: 2 <= time < 4)
    early, late = np.diff(looks[looks < 2]), np.diff(looks[(looks > 2.5) & (looks < 4)])
    np.testing.assert_allclose(early, 0.4)
    assert late.mean() < 0.25
    np.testing.assert_allclose(np.diff(looks[looks > 5]), 0.4)


@pytest.mark.parametrize("rate", [1.5, 4.0])
def test_a_stream_keeps_its_budget_on_average(rate):
    looks = watched(Adaptive(rate), 0.3, lambda time: True, 20.0)
    assert len(looks) / 20 == pytest.approx(rate, rel=0.3)


def test_a_calm_stream_does_not_spend_what_it_may():
    assert len(watched(Adaptive(rule="velocity"), 0.3, lambda time: False, 4.0)) == 10


@pytest.mark.parametrize("latency_s", [0.0, 0.3, np.inf])
@pytest.mark.parametrize("key_interval", ["adaptive", Adaptive(rule="velocity")])
def test_who_was_missed_is_looked_for_at_once_but_not_for_ever(latency_s, key_interval):
    looks = watched(key_interval, latency_s, lambda time: False, missed=lambda time: 1.9 < time < 2.15)
    np.testing.assert_allclose(np.diff(looks)[looks[:-1] < 1.9], 0.4)
    np.testing.assert_allclose(looks[(looks > 1.9) & (looks < 3)], [2.0, 2.1, 2.2, 2.6])
    gone = watched(key_interval, latency_s, lambda time: False, missed=lambda time: time > 1.9)
    np.testing.assert_allclose(np.diff(gone)[gone[:-1] < 2.5][-5:], 0.1)
    np.testing.assert_allclose(np.diff(gone)[gone[:-1] > 3], 0.4)


@pytest.mark.parametrize("latency_s", [0.0, 1.03, 4.03])
def test_who_asks_when_to_look_changes_no_pose(latency_s):
    keys = walker(0.2, 6.0)

    def poses(ask):
        lifter = StreamLifter("base", latency_s, output_rate_hz=10.0)
        chunks = []
        for frame in range(6 * 40):
            time_s, look = frame / 30, None
            if frame % 6 == 0 and frame // 6 < len(keys):
                look = replace(keys[frame // 6 : frame // 6 + 1], times=np.array([time_s]), video_times=None)
            chunks.append(lifter.push(time_s, look))
            if ask:
                lifter.next_key_time()
        return [chunk for chunk in (*chunks, lifter.flush()) if chunk.present.any()]

    asked, plain = poses(ask=True), poses(ask=False)
    assert len(asked) == len(plain) > 20
    for one, other in zip(asked, plain, strict=True):
        np.testing.assert_allclose(one.positions, other.positions, atol=1e-5)


def test_the_focal_length_that_a_look_notes_is_used():
    keys = walker(0.2, 4.0)
    noted = replace(keys, meta={"focal_px_from_metadata": 3000.0})
    stream = StreamLifter("base", np.inf)
    for time in range(len(noted)):
        stream.push(float(noted.times[time]), noted[time : time + 1])
    motion = stream.flush()
    offline = Lifter().lift(noted, None, motion.times)
    np.testing.assert_allclose(motion.root, offline.root, atol=1e-4)
