"""What weights say about how they were made: configuration, motion, and the licence that follows from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from uplift3d.data.store import RATE_HZ, MotionStore, split_of
from uplift3d.train.config import TrainConfig

FREE_LICENCE = "Apache-2.0"
"""Of weights from motion that may be used for anything."""
UNKNOWN = "unknown"
NON_COMMERCIAL = "CC-BY-NC-4.0"


def training_record(config: TrainConfig) -> dict[str, str]:
    """Notes for the files of a run: its configuration, its data with their hash, and the weights' licence."""
    given = config.model_dump(mode="json", exclude={"store", "output", "start_from"}, exclude_defaults=True)
    record = {"training": json.dumps(given)}
    if config.source != "motion":
        return record | {"licence": config.licence or UNKNOWN}
    store = MotionStore.open(config.store)
    clips = [store.clips[index] for index in split_of(store, config.datasets)[0]]
    data = {
        name: {
            "clips": sum(clip.dataset == name for clip in clips),
            "minutes": round(sum(c.frames for c in clips if c.dataset == name) / RATE_HZ / 60, 1),
            "licence": ", ".join(sorted({clip.licence for clip in clips if clip.dataset == name})),
        }
        for name in sorted({clip.dataset for clip in clips})
    }
    return record | {
        "data": json.dumps(data),
        "data_sha256": _digest(store.path / "positions.npy"),
        "licence": config.licence or licence_of_weights(clip.licence for clip in clips),
    }


def licence_of_weights(licences: Iterable[str]) -> str:
    """Licence that weights take over from the motion they were trained on: the strictest one there is.

    Args:
        licences: of the clips, as the motion store has them.
    """
    given = {licence.lower() for licence in licences}
    if any("nc" in licence.split("-") or "non-commercial" in licence for licence in given):
        return NON_COMMERCIAL
    if any(not licence or licence.startswith(UNKNOWN) for licence in given):
        return UNKNOWN
    if shared := sorted(licence for licence in given if "sa" in licence.split("-")):
        return shared[0].upper()
    credit = any("mocap.cs.cmu.edu" in licence for licence in given)
    return f"{FREE_LICENCE}, acknowledge mocap.cs.cmu.edu" if credit else FREE_LICENCE


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
