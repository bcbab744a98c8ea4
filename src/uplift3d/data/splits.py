"""Which clips are held out from training: by person, decided when motion is imported."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

TRAINING, VALIDATION = "training", "validation"
SPLITS = (TRAINING, VALIDATION)
AMASS_VALIDATION = ("amass-MPIHDM05", "amass-SFU", "amass-MPImosh")
"""Names under which the importer stores `data.amass.VALIDATION_SUBSETS`."""
HELD_OUT_SHARE = 0.1
"""Of the frames of a data set for which nobody said what to hold out."""
_FOR_TRAINING = ("bandai-2", "cmu-bvh", "cmu-amc", "cmu-daz", "cmu-amp", "hdm05", "deepmimic", "mass")


def project_split(dataset: str, subject: str) -> str:
    """The project's own split of the data sets it knows; "" for others.

    Held out are Bandai-Namco dataset-1, CMU's subject 2 in every form it comes in (or the validation motions
    would be trained on), HDM05's actor mm, the C3D takes, and the paper's validation subsets of AMASS.
    """
    if dataset in ("bandai-1", "c3d", *AMASS_VALIDATION):
        return VALIDATION
    if (dataset.startswith("cmu-") and subject == "2") or (dataset, subject) == ("hdm05", "mm"):
        return VALIDATION
    return TRAINING if dataset in _FOR_TRAINING or dataset.startswith("amass-") else ""


def default_split(people: Sequence[str], frames: Sequence[int]) -> list[str]:
    """A split of one data set by person: the same whenever its people are the same.

    People are held out in an order that their names decide but that follows no pattern, until a tenth of the
    frames is; the last person always stays for training.

    Args:
        people: who moves, per clip; clips of the same person stay together.
        frames: length of each clip.
    """
    order = sorted(set(people), key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    held_out: set[str] = set()
    lengths = {name: sum(n for who, n in zip(people, frames, strict=True) if who == name) for name in order}
    for name in order[:-1]:
        if sum(lengths[who] for who in held_out) >= HELD_OUT_SHARE * sum(frames):
            break
        held_out.add(name)
    return [VALIDATION if who in held_out else TRAINING for who in people]
