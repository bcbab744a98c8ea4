"""Reader of mapping files, which say how a skeleton becomes h36m21 (`mapping`)."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from uplift3d.data.licences import LICENCES
from uplift3d.data.mapping import JOINTS, NEEDED, Frame, JointFormula, Offset, SkeletonMapping
from uplift3d.data.provenance import DatasetRule
from uplift3d.errors import InputError
from uplift3d.files.guards import quoted
from uplift3d.files.json_text import parse_json, read_json

MAX_BYTES = 1_000_000
"""Of a mapping file; those that ship have 5,000."""
_KEYS = {"name", "metres_per_unit", "up", "licence", "joints"}
_OPTIONAL = {
    "positions_only",
    "axes_run_along",
    "comment",
    "datasets",
    "default_dataset",
    "drop_first_frame_if_step_above_m",
}
_RULE_KEYS = {"dataset", "pattern", "licence", "subject", "held_out", "leave_out", "without", "drop_first_s"}


@lru_cache(maxsize=1)
def shipped_mappings() -> tuple[SkeletonMapping, ...]:
    """The mappings that come with the package."""
    folder = resources.files("uplift3d.data") / "skeletons"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".json")), key=lambda f: f.name)
    return tuple(parse_mapping(f.read_text(encoding="utf-8"), f.name) for f in files)


def read_mapping(path: str | Path) -> SkeletonMapping:
    """Read a mapping file.

    Raises:
        InputError: it cannot be read or is not a valid mapping; the message names every problem.
    """
    return _mapping(read_json(path, "a skeleton mapping as .json", MAX_BYTES), str(path))


def parse_mapping(text: str, source: str) -> SkeletonMapping:
    """A mapping file's text as a `SkeletonMapping`; InputError naming `source` and every problem."""
    return _mapping(parse_json(text, source), source)


def _mapping(content: Any, source: str) -> SkeletonMapping:
    problems = _problems(content)
    if problems:
        raise InputError(f"{source}: not a skeleton mapping: {'; '.join(problems)}")
    return SkeletonMapping(
        name=content["name"],
        formulas={joint: _formulas(given) for joint, given in content["joints"].items()},
        metres_per_unit=content["metres_per_unit"],
        up=content["up"],
        licence=content["licence"],
        datasets=tuple(_rule(rule) for rule in content.get("datasets", [])),
        default_dataset=content.get("default_dataset", ""),
        drop_first_frame_if_step_above_m=content.get("drop_first_frame_if_step_above_m"),
        positions_only=content.get("positions_only", False),
        axes_run_along=_run_along(content.get("axes_run_along")),
    )


def _problems(content: Any) -> list[str]:
    if not isinstance(content, dict) or not isinstance(content.get("joints"), dict):
        return ["an object with 'joints' needed"]
    problems = [f"key {key!r} missing" for key in sorted(_KEYS - set(content))]
    problems += [f"key {key[:40]!r} unknown" for key in sorted(set(content) - _KEYS - _OPTIONAL)]
    for key in ("name", "licence", "default_dataset"):
        if not isinstance(content.get(key, ""), str):
            problems.append(f"{key!r} is no text")
    if content.get("up") not in ("y", "z", None):
        problems.append(f"'up' is {quoted(content['up'])}, 'y', 'z' or null accepted")
    for key in ("metres_per_unit", "drop_first_frame_if_step_above_m"):
        if content.get(key) is not None and not _positive(content[key]):
            problems.append(f"{key!r} is {quoted(content[key])}, a number above 0 or null accepted")
    if not isinstance(content.get("positions_only", False), bool):
        problems.append("'positions_only' is neither true nor false")
    try:
        _run_along(content.get("axes_run_along"))
    except (TypeError, ValueError, KeyError, OverflowError):
        problems.append("'axes_run_along' not understood, {'joint', 'axis', 'bone'} accepted")
    if "licence" in content and str(content["licence"]) not in LICENCES:
        problems.append(f"licence {quoted(content['licence'])} is unknown; known are {', '.join(LICENCES)}")
    return problems + _joint_problems(content["joints"]) + _rule_problems(content.get("datasets", []))


def _joint_problems(joints: dict[str, Any]) -> list[str]:
    problems = [f"joint {joint!r} missing" for joint in NEEDED if not joints.get(joint)]
    problems += [f"joint {joint[:40]!r} is not of h36m21" for joint in joints if joint not in JOINTS]
    for joint, given in joints.items():
        problems += [f"joint {joint[:40]!r}: {problem}" for problem in _formula_problems(given)]
    return problems


def _formula_problems(given: Any) -> list[str]:
    try:
        parsed = _formulas(given)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
        return [
            "not understood, {'sum': {JOINT: WEIGHT}, 'offset': {'axes_of', 'along', 'unit'}} accepted, or "
            "'frame' instead of 'axes_of'"
        ]
    totals = [sum(formula.weights.values()) for formula in parsed]
    return [f"weights sum to {total:g}, not 1" for total in totals if not abs(total - 1) < 1e-6]


def _formulas(given: Any) -> tuple[JointFormula, ...]:
    """One formula, a list of alternatives, or null for a joint that the skeleton cannot give."""
    options = given if isinstance(given, list) else [] if given is None else [given]
    return tuple(_formula(option) for option in options)


def _formula(content: Any) -> JointFormula:
    weights = {str(name): float(weight) for name, weight in content["sum"].items()}
    if "offset" not in content:
        return JointFormula(weights)
    step = content["offset"]
    x, y, z = (float(value) for value in step["along"])
    if not max(abs(x), abs(y), abs(z)) < 1e6:
        raise ValueError("an offset that is no place")
    axes = str(step["axes_of"]) if "axes_of" in step else _frame(step["frame"])
    return JointFormula(weights, Offset(axes, (x, y, z), _pair(step["unit"])))


def _run_along(content: Any) -> tuple[str, tuple[float, float, float], tuple[str, str]] | None:
    if content is None:
        return None
    x, y, z = (float(value) for value in content["axis"])
    return str(content["joint"]), (x, y, z), _pair(content["bone"])


def _frame(content: Any) -> Frame:
    return Frame(_pair(content["along"]), _pair(content["toward"]))


def _pair(content: Any) -> tuple[str, str]:
    tail, head = (str(name) for name in content)
    return tail, head


def _rule_problems(rules: Any) -> list[str]:
    if not isinstance(rules, list):
        return ["'datasets' is no list"]
    problems = []
    for place, rule in enumerate(rules, start=1):
        where = f"the {place}. of 'datasets'"
        if not isinstance(rule, dict) or set(rule) - _RULE_KEYS or "pattern" not in rule:
            problems.append(f"{where}: 'pattern' and some of {', '.join(sorted(_RULE_KEYS))} needed")
        elif not ("dataset" in rule) ^ ("leave_out" in rule):
            problems.append(f"{where}: either 'dataset' or 'leave_out' needed")
        else:
            problems += [f"{where}: {problem}" for problem in _value_problems(rule)]
    return problems


def _value_problems(rule: dict[str, Any]) -> list[str]:
    texts = {key: value for key, value in rule.items() if key not in ("without", "drop_first_s")}
    problems = [f"{key!r} is no text" for key, value in texts.items() if not isinstance(value, str)]
    for key in ("pattern", "held_out"):
        try:
            re.compile(rule.get(key, ""))
        except (re.error, TypeError, RecursionError, OverflowError) as error:
            problems.append(f"{key!r} is no regular expression ({error})")
    if "drop_first_s" in rule and not _positive(rule["drop_first_s"]):
        problems.append(f"'drop_first_s' is {quoted(rule['drop_first_s'])}, a number above 0 accepted")
    if str(rule.get("licence", "unknown")) not in LICENCES:
        problems.append(f"licence {quoted(rule['licence'])} is unknown; known are {', '.join(LICENCES)}")
    without = rule.get("without", [])
    if not isinstance(without, list) or any(joint not in JOINTS for joint in without):
        problems.append("'without' is no list of joints of h36m21")
    return problems


def _rule(rule: dict[str, Any]) -> DatasetRule:
    return DatasetRule(**{"dataset": "", **rule, "without": tuple(rule.get("without", ()))})


def _positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9
