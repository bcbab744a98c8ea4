"""Whose motion a file is: data set, person, licence and split, from its path and its skeleton's rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from uplift3d.errors import InputError

TRAINING, VALIDATION = "training", "validation"
SPLITS = (TRAINING, VALIDATION)

AMASS_VALIDATION = ("amass-MPIHDM05", "amass-SFU", "amass-MPImosh")
"""Names under which the importer stores `data.amass.VALIDATION_SUBSETS`."""


def project_split(dataset: str, subject: str) -> str:
    """Split of a clip that says none itself.

    Bandai-Namco dataset-1, CMU subject 2 (in both forms it comes in, or the validation motions would be
    trained on) and the paper's validation subsets of AMASS are held out.
    """
    held_out = dataset in ("bandai-1", *AMASS_VALIDATION)
    held_out |= dataset in ("cmu-bvh", "cmu-amc") and subject == "2"
    return VALIDATION if held_out else TRAINING


@dataclass(frozen=True)
class DatasetRule:
    """What a mapping file says about the files whose path has a pattern."""

    dataset: str
    pattern: str
    """Regular expression, searched in the path whatever the case; its group `subject` says who moves."""
    licence: str = "unknown"
    subject: str = ""
    """Who moves, where the path does not say."""
    held_out: str | None = None
    """Regular expression: files for validation among these; "" is found in all."""
    leave_out: str = ""
    """Why these files are not imported; "" for files that are."""
    without: tuple[str, ...] = ()
    """h36m21 joints that these files have elsewhere than others, so that they are left out."""


@dataclass(frozen=True)
class Provenance:
    """Where one file comes from."""

    dataset: str
    licence: str
    subject: str = ""
    """Without leading zeros; "" where nothing says."""
    split: str = TRAINING
    without: tuple[str, ...] = ()


class LeftOutError(InputError):
    """A recording that a mapping file leaves out on purpose."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: left out, {reason}")
        self.reason = reason


def provenance_of(path: str, rules: Sequence[DatasetRule], default: Provenance) -> Provenance:
    """What the first rule says whose pattern is in `path`, or else `default`.

    Raises:
        LeftOutError: the rule leaves such files out; the message says why.
    """
    for rule in rules:
        if match := re.search(rule.pattern, path, re.IGNORECASE):
            if rule.leave_out:
                raise LeftOutError(path, rule.leave_out)
            named = match.groupdict().get("subject")
            held_out = rule.held_out is not None and re.search(rule.held_out, path, re.IGNORECASE)
            return Provenance(
                dataset=rule.dataset,
                licence=rule.licence,
                subject=(named.lstrip("0") or "0") if named else rule.subject,
                split=VALIDATION if held_out else TRAINING,
                without=rule.without,
            )
    return default
