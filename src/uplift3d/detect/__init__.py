"""2D joints on key-frames: detectors, one track per person, and the project's own 2D file."""

from uplift3d.detect.again import look_again
from uplift3d.detect.base import Detector, People
from uplift3d.detect.files import load_keypoints, save_keypoints
from uplift3d.detect.keyframes import Who, check_people, run
from uplift3d.detect.registry import create_detector, register_detector
from uplift3d.detect.sides import settle_sides
from uplift3d.detect.watcher import Watcher

__all__ = [
    "Detector",
    "People",
    "Watcher",
    "Who",
    "check_people",
    "create_detector",
    "load_keypoints",
    "look_again",
    "register_detector",
    "run",
    "save_keypoints",
    "settle_sides",
]
