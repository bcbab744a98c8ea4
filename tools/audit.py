"""What comes with `pip install .`: known weaknesses, licences and a bill of materials.

    python tools/audit.py PYTHON OUT

PYTHON is one of an environment that holds the base install and nothing else; this program runs in another
one, with pip-audit and cyclonedx-bom. Prints every package with its licence, writes `OUT/sbom.json`
(CycloneDX), and ends with 1 if a package has a known weakness or a licence that obliges who ships it to open
their own code. Where no advisories can be had, a warning says so.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

COPYLEFT = ("GPL", "AFFERO", "EUPL", "SSPL")
LESSER = ("LGPL", "LESSER GENERAL")
"""Libraries under these may be used by anybody: PyAV's wheels hold FFmpeg's under the LGPL."""
LIST = """
import json
from importlib.metadata import distributions
def about(one):
    told = one.metadata
    classifiers = [line for line in told.get_all("Classifier") or [] if line.startswith("License")]
    own = [told.get("License-Expression") or "", told.get("License") or "", classifiers]
    return [told["Name"], one.version, *own]
print(json.dumps([about(one) for one in distributions()]))
"""
OURS = ("pip", "setuptools", "wheel", "uplift3d")


def licence_of(expression: str, text: str, classifiers: Sequence[str]) -> str:
    """A licence in a line: the SPDX expression, else the classifiers, else the text's first line."""
    if expression:
        return expression
    if classifiers:
        return "; ".join(line.rpartition("::")[2].strip() for line in classifiers)
    return text.strip().partition("\n")[0] or "unknown"


def obliges(licence: str) -> bool:
    """Whether a licence would reach beyond the package itself; one of several to choose from is enough."""

    def strict(one: str) -> bool:
        upper = one.upper()
        return any(word in upper for word in COPYLEFT) and not any(word in upper for word in LESSER)

    return all(strict(one) for one in licence.split(" OR "))


def weaknesses(report: Mapping[str, Any]) -> tuple[list[str], int]:
    """Known weaknesses in pip-audit's report, a line each, and how many packages it could look up."""
    looked_up = [one for one in report["dependencies"] if "skip_reason" not in one]
    found = [
        f"{one['name']} {one['version']}: {weakness['id']}, fixed in {weakness['fix_versions'] or '–'}"
        for one in looked_up
        for weakness in one["vulns"]
    ]
    return found, len(looked_up)


def main(python: str, out: Path) -> int:
    """See the module."""
    packages = json.loads(subprocess.run([python, "-c", LIST], check=True, capture_output=True).stdout)
    bad = []
    for name, version, *told in sorted(packages, key=lambda package: package[0].lower()):
        if name in OURS:
            continue
        licence = licence_of(*told)
        print(f"{name:28} {version:12} {licence}")
        if obliges(licence):
            bad.append(f"{name} {version}: {licence}")
    out.mkdir(parents=True, exist_ok=True)
    tools = Path(sys.executable).parent
    subprocess.run([tools / "cyclonedx-py", "environment", python, "-o", out / "sbom.json"], check=True)
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    command = [tools / "pip-audit", "--path", site, "--format", "json", "--progress-spinner", "off"]
    answer = subprocess.run(command, capture_output=True, text=True)
    report = json.loads(answer.stdout) if answer.stdout.startswith("{") else {"dependencies": []}
    found, looked_up = weaknesses(report)
    if not looked_up:
        print("warning: no advisories could be had, so weaknesses were not looked for", file=sys.stderr)
    for line in [*bad, *found]:
        print(f"found: {line}", file=sys.stderr)
    print(f"{out / 'sbom.json'}: {len(packages)} packages; {looked_up} looked up")
    return 1 if bad or found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
