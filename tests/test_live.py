"""From frames to chunks on a clock of its own: frames drop, latency stays, an hour is as a minute."""

import resource
from dataclasses import dataclass, replace

import numpy as np
import pytest

from fake_runtime import FakeRuntime
from seen_person import STANDING
from uplift3d import InputError, StreamLifter
from uplift3d.detect import People
from uplift3d.detect.watcher import Watcher
from uplift3d.errors import UpliftWarning
from uplift3d.live import watch


@dataclass
class Frame:
    number: int
    time_s: float
    arrived_s: float
    size: tuple[int, int] = (320, 240)

    def rgb(self):
        image = np.zeros((self.size[1], self.size[0], 3), np.uint8)
        image[0, 0] = [self.number >> 16, self.number >> 8 & 255, self.number & 255]
        return image


class Clock:
    """A clock that only stands still or is moved on, and a camera of 30 Hz that goes by it."""

    rate_hz = 30.0

    def __init__(self, seconds, breaks=None):
        self.now_s, self.seconds, self.breaks, self.last = 100.0, seconds, breaks, -1

    def now(self):
        return self.now_s

    def frames(self):
        while True:
            newest = max(self.last + 1, int((self.now_s - 100.0) * self.rate_hz + 1e-6))
            time_s = newest / self.rate_hz
            if time_s > self.seconds:
                return
            if self.breaks is not None and time_s > self.breaks:
                raise InputError("the camera was unplugged")
            self.now_s = max(self.now_s, 100.0 + time_s)
            self.last = newest
            yield Frame(newest, time_s, 100.0 + time_s)


class Slow:
    """Takes its time for every look, and sees somebody sway."""

    name, joints = "slow", "coco17"

    def __init__(self, clock, look_s):
        self.clock, self.look_s = clock, look_s

    def detect(self, rgb):
        self.clock.now_s += self.look_s
        number = (int(rgb[0, 0, 0]) << 16) + (int(rgb[0, 0, 1]) << 8) + int(rgb[0, 0, 2])
        sway = np.float32([8 * np.sin(number / 12), 0])
        return People(STANDING[None] + sway, np.ones((1, 17), np.float32))


class Kept:
    def __init__(self):
        self.chunks = []

    def write(self, chunk):
        self.chunks.append(chunk)


def run(seconds, look_s=0.1, key_interval=0.2, latency_s=0.3, **how):
    clock, sink, accounts = Clock(seconds, how.pop("breaks", None)), how.pop("sink", Kept()), []
    lifter = how.pop("lifter", StreamLifter)(
        FakeRuntime(), latency_s, key_interval=key_interval, settle_sides=False, raw=True, **how
    )
    watcher = Watcher(Slow(clock, look_s))
    account = watch(clock.frames(), watcher, lifter, [sink], report=accounts.append, now=clock.now)
    return account, sink, accounts


def test_looks_are_made_when_they_are_due_and_every_frame_used_has_a_pose():
    account, sink, accounts = run(4.0, look_s=0.0)
    times = np.concatenate([chunk.times for chunk in sink.chunks])
    np.testing.assert_allclose(times, np.arange(121) / 30)
    assert account.looks == 21
    assert account.frames == 121
    assert account.dropped == 0
    assert account.poses == 121
    assert account.latency_s == pytest.approx(0.3, abs=0.034)
    assert len(accounts) >= 3
    assert accounts[0].in_words().startswith("1 person, 6.0 looks/s, latency 0.30 s, load 0%, 31 frames/s")


def test_whoever_wants_to_sees_what_was_looked_at():
    clock, shapes = Clock(1.0), []
    lifter = StreamLifter(FakeRuntime(), key_interval=0.2, raw=True, settle_sides=False)
    watcher = Watcher(Slow(clock, 0.0))
    account = watch(
        clock.frames(), watcher, lifter, [], seen=lambda rgb: shapes.append(rgb.shape), now=clock.now
    )
    assert shapes == [(240, 320, 3)] * account.looks


def test_who_is_slow_drops_frames_and_does_not_fall_behind():
    account, _, accounts = run(20.0, look_s=0.25)
    assert account.dropped > 100
    assert account.frames + account.dropped >= 595
    assert account.latency_s < 0.3 + 2 * 0.25 + 0.04
    assert accounts[-1].latency_s <= accounts[2].latency_s + 0.1  # no drift
    assert 0.5 < account.busy_s / account.seconds <= 1


def test_a_picture_that_is_turned_in_the_middle_is_gone_on_with(monkeypatch):
    frames = Clock.frames

    def turned(self):
        for frame in frames(self):
            yield replace(frame, size=(320, 240) if frame.time_s < 2 else (240, 320))

    monkeypatch.setattr(Clock, "frames", turned)
    account, sink, _ = run(4.0, look_s=0.0)
    times = np.concatenate([chunk.times for chunk in sink.chunks])
    np.testing.assert_allclose(times, np.arange(121) / 30)
    assert account.poses == 121
    assert [chunk.people.tolist() for chunk in (sink.chunks[0], sink.chunks[-1])] == [[0], [1]]


@pytest.mark.parametrize(("fails", "failed"), [(range(3), 3), (range(10, 14), 4), (range(5, 500), None)])
def test_a_detector_that_fails_now_and_then_ends_nothing(fails, failed, monkeypatch):
    looks, detect = iter(range(1000)), Slow.detect

    def failing(self, rgb):
        if next(looks) in fails:
            raise RuntimeError("out of luck")
        return detect(self, rgb)

    monkeypatch.setattr(Slow, "detect", failing)
    with pytest.warns(
        UpliftWarning, match=r"the detector failed on \d+ key-frames, which were left out .*luck"
    ):
        account, sink, accounts = run(4.0, look_s=0.0)
    assert sum(len(chunk) for chunk in sink.chunks) == 121
    assert account.failed == (failed or account.looks - 5)
    assert any("looks failed" in one.in_words() for one in [*accounts, account])


def test_a_detector_that_never_works_says_why(monkeypatch):
    def failing(self, rgb):
        raise RuntimeError("no such network")

    monkeypatch.setattr(Slow, "detect", failing)
    with pytest.raises(RuntimeError, match="no such network"):
        run(4.0, look_s=0.0)


def test_what_was_done_is_kept_when_a_camera_is_unplugged():
    sink = Kept()
    with pytest.raises(InputError, match="unplugged"):
        run(10.0, look_s=0.0, breaks=2.0, sink=sink)
    assert sink.chunks[-1].times[-1] == pytest.approx(2.0, abs=0.04)


class Counted(Kept):
    """Forgets what it is given."""

    def write(self, chunk):
        pass


def resident_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def test_what_is_remembered_does_not_grow(monkeypatch):
    monkeypatch.setattr(Clock, "rate_hz", 10.0)
    sizes = []

    class Measured(StreamLifter):
        def push(self, time_s, keypoints):
            sizes.append((len(self._looks), len(self._pending), self._estimator.people_remembered))
            return super().push(time_s, keypoints)

    run(30.0, 0.3, "adaptive", sink=Counted(), lifter=Measured)
    middle = len(sizes) // 2
    assert (np.max(sizes[middle:], axis=0) <= np.max(sizes[:middle], axis=0)).all()


@pytest.mark.slow
def test_an_hour_of_a_stream_is_as_its_first_minutes():
    run(120.0, 0.3, "adaptive", sink=Counted())
    before_mb = resident_mb()
    account, _, accounts = run(3600.0, 0.3, "adaptive", sink=Counted())
    late = [one.latency_s for one in accounts[5:]]
    assert resident_mb() - before_mb < 5
    assert max(late[-200:]) <= max(late[:200]) + 0.05
    assert account.looks > 3600
