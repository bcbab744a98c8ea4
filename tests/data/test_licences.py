import pytest

from uplift3d.data.licences import LICENCES, known_licence
from uplift3d.data.mapping_files import shipped_mappings
from uplift3d.errors import InputError


def test_what_may_be_used_in_products():
    free = {name for name, licence in LICENCES.items() if licence.commercial and not licence.share_alike}
    assert {"CMU-mocap", "MIT", "Apache-2.0", "BSD-3-Clause", "own"} <= free
    assert not LICENCES["CC-BY-NC-4.0"].commercial
    assert not LICENCES["unknown"].commercial
    assert LICENCES["CC-BY-SA-3.0"].share_alike


def test_an_unknown_licence_is_a_sentence():
    with pytest.raises(InputError, match=r"unknown licence 'beer'; known are CMU-mocap, CC0-1\.0"):
        known_licence("beer")


def test_shipped_rules_name_known_licences():
    for mapping in shipped_mappings():
        assert mapping.licence in LICENCES
        assert {rule.licence for rule in mapping.datasets} <= set(LICENCES)
