from pathlib import Path

import pytest

from uplift3d.detect import registry
from uplift3d.detect.registry import create_detector, register_detector
from uplift3d.errors import InputError


def test_a_registered_detector_is_created_when_asked_for(monkeypatch, colour_detector):
    monkeypatch.setattr(registry, "_FACTORIES", dict(registry._FACTORIES))
    register_detector("colours", colour_detector)
    assert create_detector("colours").name == "colours"


def test_an_unknown_detector_is_answered_with_the_known_ones():
    with pytest.raises(InputError, match=r"'openpose'; known detectors are blazepose, blazepose-full, cpn"):
        create_detector("openpose")


def test_weights_go_to_the_detector_that_takes_some(monkeypatch, colour_detector):
    given = []

    def factory(weights=None):
        given.append(weights)
        return colour_detector()

    monkeypatch.setattr(registry, "_FACTORIES", {"colours": factory})
    create_detector("colours", "a.pth")
    create_detector("colours")
    assert given == ["a.pth", None]


def test_weights_for_a_detector_that_brings_its_own(monkeypatch, colour_detector):
    monkeypatch.setattr(registry, "_FACTORIES", {"colours": lambda: colour_detector()})
    with pytest.raises(
        InputError, match=r"the colours detector takes no file of weights, but a\.pth was given"
    ):
        create_detector("colours", Path("a.pth"))


def test_cpn_asks_for_weights():
    with pytest.raises(
        InputError, match=r"cpn detector needs a file of weights, .* --weights: CPN50_384x288"
    ):
        create_detector("cpn")
