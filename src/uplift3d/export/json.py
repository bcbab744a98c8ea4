"""`.json`: the whole motion, exact, as strict JSON that any language reads; null where there is no value.

Keys as in `.npz`, plus `joint_names` and `bones` (parent, child) so that a reader needs no table of ours.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from uplift3d.arrays import FloatArray, RealArray
from uplift3d.errors import InputError
from uplift3d.export.meta import described
from uplift3d.files.guards import listed
from uplift3d.files.json_text import read_json
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D

REQUIRED = ("positions", "times", "joints", "people", "observed")


def write(path: Path, motion: Motion3D) -> None:
    """Write one object, a line per key."""
    joints = joint_set(motion.joints)
    entries = {
        "joints": json.dumps(motion.joints),
        "joint_names": json.dumps(joints.joints),
        "bones": json.dumps(joints.bones),
        "people": json.dumps(motion.people.tolist()),
        "meta": json.dumps(described(motion), allow_nan=False, ensure_ascii=False),
        "times": _numbers(motion.times),
        "observed": json.dumps(motion.observed.tolist()),
        "root": "null" if motion.root is None else _numbers(motion.root),
        "sigma_m": "null" if motion.sigma_m is None else _numbers(motion.sigma_m),
        "positions": _numbers(motion.positions),
    }
    lines = ",\n".join(f'"{key}": {text}' for key, text in entries.items())
    path.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def read(path: Path) -> Motion3D:
    """Read what `write` wrote; `root`, `sigma_m` and `meta` may be missing."""
    data = read_json(path, "3D motions as .json")
    if not isinstance(data, dict):
        raise InputError(f"{path}: not a 3D motion, a JSON {type(data).__name__} instead of an object")
    missing = [key for key in REQUIRED if key not in data]
    if missing:
        raise InputError(f"{path}: not a 3D motion, {', '.join(missing)} missing; it holds {listed(data)}")
    try:
        people, frames = len(data["people"]), len(data["times"])
        joints = joint_set(data["joints"])
        return Motion3D(
            positions=_array(data["positions"], (people, frames, len(joints), 3)),
            times=np.array(data["times"], dtype=np.float64),
            root=None if data.get("root") is None else _array(data["root"], (people, frames, 3)),
            observed=_array(data["observed"], (people, frames)).astype(bool),
            people=data["people"],
            joints=joints.name,
            meta=_meta(data.get("meta")),
            sigma_m=_sigma(data.get("sigma_m"), (people, frames, len(joints))),
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{path}: not a 3D motion ({error})") from error


def _meta(value: Any) -> dict[str, Any]:
    if value is not None and not isinstance(value, dict):
        raise InputError(f"meta is a JSON {type(value).__name__}, expected an object")
    return value or {}


def _sigma(value: Any, shape: tuple[int, ...]) -> FloatArray | None:
    return None if value is None else _array(value, shape)


def _array(nested: Any, shape: tuple[int, ...]) -> FloatArray:
    """Nested lists as an array, null as NaN; lists without elements keep the shape that was meant."""
    array = np.array(nested, dtype=np.float32)
    return array.reshape(shape) if array.size == 0 == np.prod(shape) else array


def _numbers(array: RealArray) -> str:
    """An array as nested lists, every number in the fewest digits that give the same value back."""
    texts = np.where(np.isfinite(array), array.astype("U"), "null")
    return _nested(texts.tolist())


def _nested(texts: Any) -> str:
    if isinstance(texts, str):
        return texts
    return f"[{', '.join(_nested(item) for item in texts)}]"
