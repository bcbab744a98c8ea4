"""Whose motion a file is: data set, person, licence and split, from its path and its skeleton's rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from uplift3d.data.licences import known_licence
from uplift3d.data.splits import TRAINING, VALIDATION, project_split
from uplift3d.errors import InputError
from uplift3d.files.guards import quoted


@dataclass(frozen=True)
class DatasetRule:
    """What a mapping file says about the files whose path has a pattern."""

    dataset: str
    pattern: str
    """Regular expression, searched in the path whatever the case; its group `subject` says who moves, its
    group `rate_hz` how many frames a second has."""
    licence: str = "unknown"
    subject: str = ""
    """Who moves, where the path does not say."""
    held_out: str | None = None
    """Regular expression: files for validation among these; "" is found in all; None: `splits` decides."""
    leave_out: str = ""
    """Why these files are not imported; "" for files that are."""
    without: tuple[str, ...] = ()
    """h36m21 joints that these files have elsewhere than others, so that they are left out."""
    drop_first_s: float = 0.0
    """Drop this much of every recording: a calibration pose that the files have blended into the motion."""


@dataclass(frozen=True)
class Declared:
    """What the person who imports says of all files, whatever their names say."""

    name: str = ""
    """Data set; "" leaves it to the rules, and with it whose motion it is."""
    licence: str = ""
    """Of files that no rule names; "" is unknown."""
    validation: str | None = None
    """Regular expression: clips whose path has it are held out, all others are not."""
    rate_hz: float | None = None
    """Frames per second, whatever the files say."""

    def __post_init__(self) -> None:
        if self.licence:
            known_licence(self.licence)
        try:
            re.compile(self.validation or "")
        except re.error as error:
            raise InputError(
                f"validation {quoted(self.validation)} is no regular expression ({error})"
            ) from error


@dataclass(frozen=True)
class Provenance:
    """Where one file comes from."""

    dataset: str
    licence: str = "unknown"
    subject: str = ""
    """Without leading zeros; "" where nothing says."""
    split: str = ""
    """"": `splits` decides when the whole data set is known."""
    without: tuple[str, ...] = ()
    drop_first_s: float = 0.0
    rate_hz: float | None = None
    """Where the file's name says it."""


class LeftOutError(InputError):
    """A recording that a mapping file leaves out on purpose."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: left out, {reason}")
        self.reason = reason


def provenance_of(
    path: str, rules: Sequence[DatasetRule], default: Provenance, declared: Declared
) -> Provenance:
    """What is declared of a file, then what the first rule says whose pattern is in its path, then a default.

    A file that no rule names is its folder's motion: the first folder of the path counts as the person.

    Raises:
        LeftOutError: the rule leaves such files out; the message says why.
    """
    found = _by_rule(path, rules, declared) or replace(
        default,
        licence=declared.licence or default.licence,
        subject=path.split("/")[0] if "/" in path else "",
    )
    if declared.name:
        found = replace(found, dataset=declared.name, licence=declared.licence or "unknown", split="")
    if declared.validation is not None:
        held_out = re.search(declared.validation, path)
        found = replace(found, split=VALIDATION if held_out else TRAINING)
    return found


def _by_rule(path: str, rules: Sequence[DatasetRule], declared: Declared) -> Provenance | None:
    matches = ((rule, re.search(rule.pattern, path, re.IGNORECASE)) for rule in rules)
    rule, match = next(((rule, match) for rule, match in matches if match), (None, None))
    if rule is None or match is None:
        return None
    if rule.leave_out:
        if declared.name:  # whoever gives files a name of their own wants them
            return None
        raise LeftOutError(path, rule.leave_out)
    groups = match.groupdict()
    subject = (groups["subject"].lstrip("0") or "0") if groups.get("subject") else rule.subject
    split = project_split(rule.dataset, subject)
    if rule.held_out is not None:
        split = VALIDATION if re.search(rule.held_out, path, re.IGNORECASE) else TRAINING
    rate_hz = float(groups["rate_hz"]) if groups.get("rate_hz") else None
    return Provenance(
        rule.dataset, rule.licence, subject, split, rule.without, rule.drop_first_s, rate_hz or None
    )
