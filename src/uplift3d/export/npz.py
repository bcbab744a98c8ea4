"""`.npz`: the whole motion, exact, in arrays that numpy reads anywhere without pickle.

Keys: positions (P, T, J, 3) float32 m, times (T,) float64 s, joints (name of the joint set), people (P,)
int64, root (P, T, 3) float32 m or an empty array when unknown, observed (P, T) bool, meta (JSON text),
sigma_m (P, T, J) float32 m, left out when unknown.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from uplift3d.arrays import AnyArray
from uplift3d.errors import InputError
from uplift3d.export.meta import meta_from_json, meta_to_json
from uplift3d.files.arrays import read_npz, text_of, write_npz
from uplift3d.types import Motion3D

KEYS = ("positions", "times", "joints", "people", "root", "observed", "meta", "sigma_m")
OPTIONAL = ("root", "meta", "sigma_m")


def write(path: Path, motion: Motion3D) -> None:
    """Write the keys, compressed."""
    arrays: dict[str, AnyArray] = {
        "positions": motion.positions,
        "times": motion.times,
        "joints": np.array(motion.joints),
        "people": motion.people,
        "root": np.zeros(0, np.float32) if motion.root is None else motion.root,
        "observed": motion.observed,
        "meta": np.array(meta_to_json(motion)),
    }
    if motion.sigma_m is not None:
        arrays["sigma_m"] = motion.sigma_m
    write_npz(path, arrays)


def read(path: Path) -> Motion3D:
    """Read what `write` wrote; `OPTIONAL` ones may be missing."""
    required = [key for key in KEYS if key not in OPTIONAL]
    arrays = read_npz(path, "3D motions", required, OPTIONAL)
    root = arrays.get("root")
    try:
        return Motion3D(
            positions=arrays["positions"],
            times=arrays["times"],
            root=None if root is None or root.ndim == 1 else root,
            observed=arrays["observed"],
            people=arrays["people"],
            joints=text_of(arrays["joints"], "joints"),
            meta=meta_from_json(text_of(arrays["meta"], "meta"), path) if "meta" in arrays else {},
            sigma_m=arrays.get("sigma_m"),
        )
    except InputError as error:
        raise InputError(f"{path}: {error}" if str(path) not in str(error) else str(error)) from error
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{path}: not a 3D motion ({error})") from error
