"""What the audit makes of licences and of pip-audit's report."""

import pytest

from scripts import script


@pytest.fixture(scope="module")
def audit():
    return script("tools/audit.py")


@pytest.mark.parametrize(
    ("told", "licence", "bad"),
    [
        (("MIT", "", []), "MIT", False),
        (("", "BSD\nlong text", []), "BSD", False),
        (("", "", ["License :: OSI Approved :: Apache Software License"]), "Apache Software License", False),
        (("", "", []), "unknown", False),
        (("GPL-3.0-only", "", []), "GPL-3.0-only", True),
        (("LGPL-2.1-or-later", "", []), "LGPL-2.1-or-later", False),
        (("GPL-2.0-only OR MIT", "", []), "GPL-2.0-only OR MIT", False),
        (("", "GNU Affero General Public License v3", []), "GNU Affero General Public License v3", True),
    ],
)
def test_licences_are_read_and_copyleft_is_found(audit, told, licence, bad):
    assert audit.licence_of(*told) == licence
    assert audit.obliges(licence) is bad


def test_weaknesses_are_counted_only_where_somebody_was_asked(audit):
    report = {
        "dependencies": [
            {"name": "numpy", "version": "1.26.4", "vulns": []},
            {"name": "av", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]},
            {"name": "scipy", "skip_reason": "Dependency not found on PyPI"},
        ]
    }
    assert audit.weaknesses(report) == (["av 1: CVE-1, fixed in ['2']"], 2)
