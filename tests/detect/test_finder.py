import numpy as np
import pytest

from uplift3d.detect.finder import FIRST_SEARCHES, SEARCH_INTERVAL_S, SEARCH_KEY_FRAMES, Finder
from uplift3d.detect.tracks import Tracker


def heights(found):
    return sorted(round(person.size) for person in found)


def places(found):
    return sorted(round(float(person.centre[0])) for person in found)


@pytest.mark.parametrize("kind", ["colour_detector", "colour_follower"])
def test_everybody_is_found_in_one_image_by_either_kind_of_detector(request, painted, standing, kind):
    image = painted([standing(x=100), standing(x=320, height=180), standing(x=560)], 0.0)
    found = Finder(request.getfixturevalue(kind)()).find(image, 0.0, [])
    assert places(found) == [100, 320, 560]
    assert heights(found) == [150, 150, 180]


def test_a_detector_that_cannot_be_told_places_is_asked_once(colour_detector, painted, standing):
    detector = colour_detector()
    Finder(detector).find(painted([standing(), standing(x=100)], 0.0), 0.0, [])
    assert detector.looks == [(640, 360)]


def test_positions_are_those_of_the_whole_image(colour_follower, painted, standing):
    image = painted([standing(x=500, y=200, height=120)], 0.0)
    (person,) = Finder(colour_follower()).find(image, 0.0, [])
    np.testing.assert_allclose(person.box, [(470, 140), (530, 260)], atol=0.5)


def test_small_people_are_found_by_a_fine_search(colour_follower, painted, standing):
    image = painted([standing(x=90, y=90, height=50)], 0.0)  # less than a fifth of the image's height
    assert heights(Finder(colour_follower()).find(image, 0.0, [])) == [50]


def test_an_empty_image_holds_nobody(colour_follower, painted):
    assert Finder(colour_follower()).find(painted([], 0.0), 0.0, []) == []


def test_tiny_and_unsure_findings_are_nobody(colour_follower, painted, standing):
    assert (
        Finder(colour_follower()).find(painted([standing(height=20)], 0.0)[150:210, 290:350], 0.0, []) == []
    )
    assert Finder(colour_follower(confidence=0.3)).find(painted([standing()], 0.0), 0.0, []) == []


def follow(detector, video, interval_s, max_people=None):
    """The finder's findings and its number of looks in every key-frame."""
    finder, tracker = Finder(detector, max_people), Tracker()
    findings, looks = [], []
    for _, time_s, rgb in video.frames_at(video.every(interval_s)):
        before = len(detector.looks)
        findings.append(finder.find(rgb, time_s, tracker.live(time_s)))
        for newcomer in tracker.add(time_s, findings[-1]):
            finder.trace_back(newcomer)
        looks.append(len(detector.looks) - before)
    return findings, looks, tracker


def test_somebody_known_costs_one_look_and_the_search_comes_once_a_second(
    colour_follower, painted_video, standing
):
    _, looks, _ = follow(colour_follower(), painted_video([standing(vx=20)]), 0.1)
    searches = [frame for frame, count in enumerate(looks) if count > 1 or frame == 0]
    assert searches[:FIRST_SEARCHES] == list(range(FIRST_SEARCHES))
    searches = searches[FIRST_SEARCHES - 1 :]
    assert np.diff(searches).tolist() == [round(SEARCH_INTERVAL_S / 0.1)] * (len(searches) - 1)
    assert {count for frame, count in enumerate(looks) if frame not in (0, 1, *searches)} == {1}


def test_with_one_person_wanted_there_is_no_search_once_they_are_found(
    colour_follower, painted_video, standing
):
    people = [standing(x=200), standing(x=500)]
    findings, looks, _ = follow(colour_follower(), painted_video(people), 0.2, max_people=1)
    assert {len(found) for found in findings} == {1}
    assert set(looks[1:]) == {1}


def test_somebody_missed_for_a_moment_is_searched_at_once(colour_follower, painted_video, standing):
    jump = lambda t: (120 if t < 2.0 else 520, 180, 150)  # noqa: E731 - a cut in the film
    findings, _, _ = follow(colour_follower(), painted_video([jump]), 0.4)
    assert [len(found) for found in findings] == [1] * len(findings)


def test_a_newcomer_is_traced_back_to_where_they_came_from(colour_follower, painted_video, standing):
    people = [standing(x=150), standing(x=450, vx=20, start=0.35)]
    findings, _, tracker = follow(colour_follower(), painted_video(people), 0.1)
    first_found = next(frame for frame, found in enumerate(findings) if len(found) == 2)
    assert first_found >= 9, "found at once: nothing to trace back"
    assert [track.frames[0] for track in tracker.people()] == [0, 4]
    assert [len(track.frames) for track in tracker.people()] == [41, 37]


def test_tracing_back_does_not_take_somebody_elses_sighting(colour_follower, painted_video, standing):
    people = [standing(x=250), standing(x=330, start=0.95)]
    _, _, tracker = follow(colour_follower(), painted_video(people), 0.1)
    assert [track.frames[0] for track in tracker.people()] == [0, 10]


def test_people_side_by_side_are_not_mixed_up(colour_follower, painted_video, standing):
    people = [standing(x=200, vx=30), standing(x=290, vx=30)]
    _, _, tracker = follow(colour_follower(), painted_video(people), 0.4)
    assert [len(track.frames) for track in tracker.people()] == [11, 11]
    for track, x in zip(tracker.people(), (200, 290), strict=True):
        seen = [float(sighting.centre[0]) for sighting in track.sightings]
        np.testing.assert_allclose(seen, x + 30 * np.array(track.times), atol=1)


def test_far_apart_key_frames_are_searched_less_often(colour_follower, painted_video, standing):
    _, looks, _ = follow(colour_follower(), painted_video([standing()]), 0.5)
    searches = [frame for frame, count in enumerate(looks) if count > 1 or frame == 0]
    assert searches == [0, 1, 1 + SEARCH_KEY_FRAMES]


def test_who_has_left_the_image_is_neither_looked_for_nor_missed(colour_follower, painted_video, standing):
    leaving = standing(x=500, vx=150, end=1.35)  # at 700 of 640 pixels
    findings, looks, _ = follow(colour_follower(), painted_video([standing(x=150), leaving]), 0.2)
    gone = next(frame for frame, found in enumerate(findings) if len(found) == 1)
    assert sum(looks[gone + 1 :]) == len(looks[gone + 1 :]) + 2  # one look each, and two searches


def test_somebody_seen_once_and_not_again_is_soon_given_up(colour_follower, painted_video, standing):
    flash = standing(x=500, end=0.05)
    _, looks, tracker = follow(colour_follower(), painted_video([standing(x=150), flash]), 0.1)
    assert looks[:5] == [1, 3, 1, 1, 1]  # the second also searches; afterwards nobody looks for the flash
    assert len(tracker.people()) == 1
