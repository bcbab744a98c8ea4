"""The project's own file of 2D key-frames: `.npz`, no pickle.

Keys: `positions` (P, K, J, 2) float32 pixels, NaN where unseen; `confidence` (P, K, J) float32; `times` (K,)
float64 seconds; `image_size` (2,) int64 width and height; `joints` the name of the joint set; `people` (P,)
int64 track ids; `meta` a JSON object; `depth_hint` (P, K, J, 3) float32 metres from the pelvis. `people`,
`meta` and `depth_hint` may be left out.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from uplift3d.errors import InputError
from uplift3d.files import atomic_write, check_writable, read_arrays
from uplift3d.types import Keypoints2D

SUFFIXES = (".npz",)
REQUIRED = ("positions", "confidence", "times", "image_size", "joints")


def save_keypoints(path: str | os.PathLike[str], keypoints: Keypoints2D) -> Path:
    """Write 2D key-frames; the file appears whole or not at all.

    Returns:
        The path written.

    Raises:
        InputError: a name that does not end in .npz, or a place that cannot be written.
    """
    target = check_writable(path, SUFFIXES)
    arrays: dict[str, Any] = {
        "positions": keypoints.positions,
        "confidence": keypoints.confidence,
        "times": keypoints.times,
        "image_size": np.array(keypoints.image_size, dtype=np.int64),
        "joints": np.array(keypoints.joints),
        "people": keypoints.people,
        "meta": np.array(json.dumps(dict(keypoints.meta))),
    }
    if keypoints.depth_hint is not None:
        arrays["depth_hint"] = keypoints.depth_hint
    with atomic_write(target) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)
    return target


def load_keypoints(path: str | os.PathLike[str]) -> Keypoints2D:
    """Read 2D key-frames.

    Raises:
        InputError: no such file, not an .npz file, keys that are missing, pickled content, or values that do
            not make `Keypoints2D`; the message names the file and everything that is wrong.
    """
    source = Path(path)
    arrays = read_arrays(source, "2D key-frames")
    missing = [key for key in REQUIRED if key not in arrays]
    if missing:
        raise InputError(
            f"{source} holds no 2D key-frames: {', '.join(missing)} missing; found "
            f"{', '.join(sorted(arrays)) or 'nothing'}, needed {', '.join(REQUIRED)}"
        )
    problems = _type_problems(arrays)
    if problems:
        raise InputError(f"{source}: {'; '.join(problems)}")
    meta = _meta(source, arrays.get("meta"))
    try:
        return Keypoints2D(
            positions=arrays["positions"],
            confidence=arrays["confidence"],
            times=arrays["times"],
            image_size=tuple(arrays["image_size"].tolist()),
            joints=str(arrays["joints"]),
            people=arrays.get("people"),  # type: ignore[arg-type]  # None counts them
            meta=meta,
            depth_hint=arrays.get("depth_hint"),
        )
    except InputError as error:
        raise InputError(f"{source}: {error}") from error


def _type_problems(arrays: dict[str, npt.NDArray[Any]]) -> list[str]:
    """What would not even convert; values and shapes are checked by `Keypoints2D`."""
    problems = [
        f"{key} holds {arrays[key].dtype}, expected numbers"
        for key in ("positions", "confidence", "times", "image_size", "people", "depth_hint")
        if key in arrays and arrays[key].dtype.kind not in "fiu"
    ]
    problems += [
        f"{key} must be one text, not {arrays[key].dtype} of shape {arrays[key].shape}"
        for key in ("joints", "meta")
        if key in arrays and (arrays[key].shape != () or arrays[key].dtype.kind != "U")
    ]
    if arrays["image_size"].shape != (2,):
        problems.append(f"image_size has shape {arrays['image_size'].shape}, expected (2,): width and height")
    return problems


def _meta(source: Path, text: npt.NDArray[Any] | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        meta = json.loads(str(text))
    except json.JSONDecodeError as error:
        raise InputError(f"{source}: meta is not JSON ({error})") from error
    if not isinstance(meta, dict):
        raise InputError(f"{source}: meta must be a JSON object, found {type(meta).__name__}")
    return meta
