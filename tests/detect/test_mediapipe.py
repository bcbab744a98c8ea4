import os
import subprocess
import sys

import numpy as np
import pytest

from uplift3d.detect import create_detector, run
from uplift3d.errors import InputError
from uplift3d.video import open_video, regular_key_frames


def test_without_the_package_there_is_a_sentence_that_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "mediapipe.python.solutions", None)
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(InputError, match=r"pip install 'uplift3d\[mediapipe\]'"):
        create_detector("mediapipe")


def test_a_missing_system_library_is_told_from_a_missing_package(monkeypatch):
    class Broken:
        def find_spec(self, name, path=None, target=None):
            if name.startswith("mediapipe"):
                raise ImportError("libGL.so.1: cannot open shared object file")

    for name in [name for name in sys.modules if name.partition(".")[0] == "mediapipe"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with pytest.raises(
        InputError, match=r"installed but cannot be loaded \(libGL\.so\.1.*apt install libgl1"
    ):
        create_detector("mediapipe")


def test_only_pythons_own_words_reach_stderr_while_mediapipe_is_silenced():
    code = (
        "import os, sys; from uplift3d.detect.mediapipe import _silent_stderr\n"
        "with _silent_stderr(): os.write(2, b'from C\\n'); print('a warning', file=sys.stderr)\n"
        "os.write(2, b'afterwards\\n'); print('too', file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == ["a warning", "afterwards", "too"]


@pytest.fixture(scope="module")
def detector():
    pytest.importorskip("mediapipe", reason="needs the mediapipe extra")
    return create_detector("mediapipe")


@pytest.fixture(scope="module")
def video(shared_dir):
    return open_video(shared_dir / "data" / "videos" / "sports2d-demo.mp4")


def test_an_empty_image_holds_nobody(detector):
    positions, confidence = detector.detect(np.zeros((120, 160, 3), np.uint8))
    assert (positions.shape, confidence.shape) == ((0, 33, 2), (0, 33))


def test_a_person_is_found_upright_with_the_right_side_on_the_left_when_facing_the_camera(detector, video):
    rgb = next(video.frames_at([0])).rgb
    positions, confidence = detector.detect(np.ascontiguousarray(rgb[:600, 350:950]))
    assert positions.dtype == confidence.dtype == np.float32
    nose, left_hip, right_hip, left_ankle = positions[0, [0, 23, 24, 27]]
    assert nose[1] < left_hip[1] < left_ankle[1]
    assert right_hip[0] < left_hip[0]
    assert abs(left_hip[0] - (655 - 350)) < 30
    assert confidence[0, [11, 12, 23, 24]].min() > 0.8


def test_the_same_image_gives_the_same_answer_whatever_came_before(detector, video):
    first, other = (np.ascontiguousarray(f.rgb[:600, 350:950]) for f in video.frames_at([0, 30]))
    before = detector.detect(first)
    detector.detect(other)
    np.testing.assert_array_equal(detector.detect(first)[0], before[0])


def test_joints_outside_the_image_keep_their_guess_without_confidence(detector, video):
    rgb = next(video.frames_at([0])).rgb
    cut = np.ascontiguousarray(rgb[:300, 400:900])  # below the hips there is nothing
    positions, confidence = detector.detect(cut)
    outside = positions[0, :, 1] > cut.shape[0]
    assert outside.sum() >= 4
    assert (confidence[0][outside] == 0).all()
    assert confidence[0][~outside].max() > 0.9


def test_nothing_of_its_logs_reaches_the_terminal(capfd, video):
    pytest.importorskip("mediapipe", reason="needs the mediapipe extra")
    fresh = create_detector("mediapipe")
    for frame in video.frames_at([0, 3]):
        fresh.detect(np.ascontiguousarray(frame.rgb[:600, 350:950]))
    os.write(2, b"still open")
    assert capfd.readouterr().err == "still open"


def test_two_people_in_a_real_video_are_two_steady_tracks(detector, video):
    keys = run(video, regular_key_frames(video.times, 0.4)[4:14], detector)  # 1.6–5.2 s: both are in view
    assert keys.positions.shape == (2, 10, 33, 2)
    assert keys.observed.sum(axis=1).min() >= 7
    hips = np.nanmean(keys.positions[:, :, [23, 24]], axis=2)  # (P, K, 2)
    man, woman = hips if hips[0, 0, 1] < hips[1, 0, 1] else hips[::-1]
    assert np.nanmax(man[:, 1]) < 400  # he stays on the roof
    assert np.nanmin(woman[:, 1]) > 650  # she walks below it, from right to left
    assert (np.diff(woman[np.isfinite(woman[:, 0]), 0]) < 0).all()
