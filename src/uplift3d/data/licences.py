"""Licences of motion, and so of the weights trained on it, as a field with a known list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from uplift3d.errors import InputError
from uplift3d.files.guards import quoted

__all__ = ["LICENCES", "Licence", "known_licence"]


@dataclass(frozen=True)
class Licence:
    """What a licence asks of those who pass on what was made from the motion."""

    name: str
    commercial: bool
    """Whether products may use it."""
    share_alike: bool = False
    note: str = ""


CMU = "CMU-mocap"
_LIST = (
    Licence(
        CMU,
        commercial=True,
        note="free for all uses; acknowledge mocap.cs.cmu.edu, created with funding from NSF EIA-0196217",
    ),
    Licence("CC0-1.0", commercial=True),
    Licence("CC-BY-3.0", commercial=True),
    Licence("CC-BY-4.0", commercial=True),
    Licence("CC-BY-SA-3.0", commercial=True, share_alike=True),
    Licence("CC-BY-SA-4.0", commercial=True, share_alike=True),
    Licence("CC-BY-NC-4.0", commercial=False),
    Licence("CC-BY-NC-SA-4.0", commercial=False, share_alike=True),
    Licence("CC-BY-NC-ND-4.0", commercial=False),
    Licence("MIT", commercial=True),
    Licence("Apache-2.0", commercial=True),
    Licence("BSD-3-Clause", commercial=True),
    Licence("own", commercial=True, note="recordings of one's own"),
    Licence("AMASS licence (non-commercial research) and that of the data set inside it", commercial=False),
    Licence("Human3.6M licence (academic use)", commercial=False),
    Licence("MPI-INF-3DHP licence (non-commercial research)", commercial=False),
    Licence("unknown", commercial=False, note="nobody said; do not publish weights that were trained on it"),
)
LICENCES: Mapping[str, Licence] = {licence.name: licence for licence in _LIST}


def known_licence(name: str) -> Licence:
    """The licence of that name; InputError listing the known names otherwise."""
    if name not in LICENCES:
        raise InputError(f"unknown licence {quoted(name)}; known are {', '.join(LICENCES)}")
    return LICENCES[name]
