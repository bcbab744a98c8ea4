import threading

import numpy as np
import pytest

from uplift3d.detect import registry, run
from uplift3d.errors import InputError, NothingFoundError, UpliftWarning


@pytest.mark.parametrize("kind", ["colour_detector", "colour_follower"])
def test_each_person_becomes_one_track_with_the_videos_times(request, painted_video, standing, kind):
    video = painted_video([standing(x=150, vx=30), standing(x=500, vx=-20, height=120)])
    keys = run(video, video.every(0.4), request.getfixturevalue(kind)())
    assert keys.positions.shape == (2, 11, 17, 2)
    assert (keys.joints, keys.image_size) == ("coco17", (640, 360))
    np.testing.assert_allclose(keys.times, 0.4 * np.arange(11))
    assert keys.observed.all()
    middle = keys.positions.mean(axis=2)[..., 0]  # the layout is symmetric
    np.testing.assert_allclose(middle[0] - middle[0, 0], 30 * keys.times, atol=1)
    np.testing.assert_allclose(middle[1] - middle[1, 0], -20 * keys.times, atol=1)


def test_where_a_person_is_not_seen_there_is_nan_and_no_confidence(colour_detector, painted_video, standing):
    video = painted_video([standing(x=150), standing(x=450, start=1.0, end=2.5)])
    keys = run(video, video.every(0.1), colour_detector())
    expected = (keys.times >= 1.0) & (keys.times <= 2.5)
    np.testing.assert_array_equal(keys.observed, [np.ones(41, bool), expected])
    assert np.isnan(keys.positions[1][~expected]).all()
    assert (keys.confidence[1][~expected] == 0).all()
    assert (keys.confidence[1][expected] == np.float32(0.9)).all()


def test_noise_is_dropped_and_counted(colour_detector, painted_video, standing):
    video = painted_video([standing(x=150), standing(x=450, start=1.0, end=1.05)])
    keys = run(video, video.every(0.1), colour_detector())
    assert len(keys.people) == 1
    assert keys.meta["tracks_dropped_as_noise"] == 1
    assert keys.meta["detector"] == "colours"
    assert keys.meta["source"] == "painted.mp4"


def test_a_name_asks_the_registry(monkeypatch, colour_detector, painted_video, standing):
    monkeypatch.setitem(registry._FACTORIES, "colours", lambda: colour_detector())
    video = painted_video([standing()])
    assert len(run(video, [0, 30], "colours")) == 2
    with pytest.raises(InputError, match="unknown detector 'nothing'"):
        run(video, [0], "nothing")


def test_nobody_in_view(colour_detector, painted_video):
    video = painted_video([])
    with pytest.raises(
        NothingFoundError, match=r"painted\.mp4: nobody was found in the 11 key-frames"
    ) as caught:
        run(video, video.every(0.4), colour_detector())
    assert caught.value.exit_code == 1


def test_only_noise_in_view(colour_detector, painted_video, standing):
    video = painted_video([standing(start=1.0, end=1.05)])
    with pytest.raises(
        NothingFoundError, match=r"1 possible sightings: too few, too scattered or too unsure"
    ):
        run(video, video.every(0.1), colour_detector())


@pytest.mark.parametrize("people", [0, -1, True, "everyone", 1.5])
def test_whom_nobody_can_be(colour_detector, painted_video, people):
    with pytest.raises(InputError, match=r"people is .*; accepted are 'all', 'largest', or a number from 1"):
        run(painted_video([]), [0], colour_detector(), people=people)


@pytest.mark.parametrize(
    ("people", "heights"), [("all", [150, 120, 100]), ("largest", [150]), (2, [150, 120])]
)
def test_the_largest_are_kept(colour_detector, painted_video, standing, people, heights):
    sizes = ((150, 100), (320, 150), (500, 120))
    video = painted_video([standing(x=x, height=height) for x, height in sizes])
    keys = run(video, video.every(0.4), colour_detector(), people=people)
    seen = np.sort(np.ptp(keys.positions[:, 0, :, 1], axis=1))[::-1]
    np.testing.assert_allclose(seen, heights, atol=1)


def test_the_detectors_own_3d_goes_along(colour_detector, painted_video, standing):
    video = painted_video([standing(end=2.1)])
    keys = run(video, video.every(0.4), colour_detector())
    assert keys.depth_hint.shape == (1, 11, 17, 3)
    assert (keys.depth_hint[:, :6] == 0).all()
    assert np.isnan(keys.depth_hint[:, 6:]).all()


def test_frames_that_cannot_be_decoded_are_left_out(colour_detector, painted_video, standing):
    class Damaged(painted_video):
        def frames_at(self, indices=None):
            return (frame for frame in super().frames_at(indices) if frame[0] != 24)

    video = Damaged([standing()])
    keys = run(video, video.every(0.4), colour_detector())
    np.testing.assert_allclose(keys.times, np.delete(0.4 * np.arange(11), 2))


def test_decoding_runs_beside_the_detector(colour_detector, painted_video, standing):
    threads = set()

    class Watched(painted_video):
        def frames_at(self, indices=None):
            for frame in super().frames_at(indices):
                threads.add(threading.current_thread())
                yield frame

    video = Watched([standing()])
    run(video, video.every(0.4), colour_detector())
    assert threading.current_thread() not in threads


def test_a_broken_source_stops_the_run(colour_detector, painted_video, standing):
    class Broken(painted_video):
        def frames_at(self, indices=None):
            yield next(super().frames_at(indices))
            raise InputError("img7.png is of another size")

    video = Broken([standing()])
    with pytest.raises(InputError, match=r"img7\.png"):
        run(video, video.every(0.4), colour_detector())


def choking(detector, on):
    """The detector, which fails on the looks of these numbers."""
    detect, count = detector.detect, iter(range(10**6))

    def fail_sometimes(rgb):
        if next(count) in on:
            raise ValueError("cannot broadcast")
        return detect(rgb)

    detector.detect = fail_sometimes
    return detector


def test_key_frames_on_which_the_detector_fails_are_skipped_counted_and_said(
    colour_detector, painted_video, standing
):
    video = painted_video([standing(x=150, vx=30)])
    sentence = (
        r"painted\.mp4: the detector failed on 2 key-frames, which were left out \(first at 0 s: "
        "ValueError: cannot broadcast"
    )
    with pytest.warns(UpliftWarning, match=sentence):
        keys = run(video, video.every(0.4), choking(colour_detector(), {0, 4}))
    np.testing.assert_allclose(keys.times, 0.4 * np.delete(np.arange(11), [0, 4]))
    assert keys.observed.all()
    assert keys.meta["key_frames_failed"] == 2


@pytest.mark.parametrize("frames", [3, 100])
def test_a_detector_that_always_fails_says_why(colour_detector, painted_video, standing, frames):
    detector = choking(colour_detector(), range(100))
    with pytest.raises(ValueError, match="cannot broadcast"):
        run(painted_video([standing()]), np.arange(frames), detector)
