import pytest

from uplift3d.detect import base
from uplift3d.detect.base import create_detector, register_detector
from uplift3d.errors import InputError


def test_a_registered_detector_is_created_when_asked_for(monkeypatch, colour_detector):
    monkeypatch.setattr(base, "_FACTORIES", dict(base._FACTORIES))
    register_detector("colours", colour_detector)
    assert create_detector("colours").name == "colours"


def test_an_unknown_detector_is_answered_with_the_known_ones():
    with pytest.raises(InputError, match=r"unknown detector 'openpose'; known detectors are mediapipe"):
        create_detector("openpose")
