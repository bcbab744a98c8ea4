import pytest

from uplift3d.data.provenance import DatasetRule, Declared, LeftOutError, Provenance, provenance_of
from uplift3d.errors import InputError

RULES = (
    DatasetRule("kept", r"(?P<subject>\d+)_\d+(_(?P<rate_hz>\d+))?\.amc$", licence="MIT", held_out="9_"),
    DatasetRule("", "secret", leave_out="nobody may see it"),
)
DEFAULT = Provenance("skeleton", "CC0-1.0")


def found(path, **declared):
    return provenance_of(path, RULES, DEFAULT, Declared(**declared))


def test_the_first_rule_that_fits_counts():
    assert found("a/07_01.amc") == Provenance("kept", "MIT", "7", "training")
    assert found("a/09_01_60.amc") == Provenance("kept", "MIT", "9", "validation", rate_hz=60.0)


def test_files_that_no_rule_names_are_their_folders():
    assert found("anna/walk.bvh") == Provenance("skeleton", "CC0-1.0", "anna", "")
    assert found("walk.bvh", licence="own") == Provenance("skeleton", "own", "", "")


def test_a_name_that_is_given_takes_nothing_from_the_rules_but_the_person():
    assert found("a/09_01.amc", name="studio") == Provenance("studio", "unknown", "9", "")
    assert found("a/09_01.amc", name="studio", licence="own").licence == "own"
    assert found("secret.amc", name="studio").dataset == "studio"


def test_what_is_held_out_can_be_said():
    for path, split in (("anna/1.bvh", "validation"), ("ben/1.bvh", "training"), ("09_1.amc", "training")):
        assert found(path, validation="^anna/").split == split


def test_what_is_left_out_says_why():
    with pytest.raises(LeftOutError, match=r"secret\.amc: left out, nobody may see it"):
        found("secret.amc")


def test_wrong_declarations():
    with pytest.raises(InputError, match="unknown licence 'beer'"):
        Declared(licence="beer")
    with pytest.raises(InputError, match=r"validation '\(' is no regular expression"):
        Declared(validation="(")
