"""What weights say about how they were made: configuration, motion, and the licence that follows from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from uplift3d.data.licences import CMU, LICENCES
from uplift3d.data.store import RATE_HZ, MotionStore, split_of
from uplift3d.model.checkpoints import read_metadata
from uplift3d.train.config import TrainConfig
from uplift3d.train.networks import weights_at

FREE_LICENCE = "Apache-2.0"
"""Of weights from motion that may be used for anything."""
NON_COMMERCIAL, UNKNOWN = "CC-BY-NC-4.0", "unknown"
CREDIT = "acknowledge mocap.cs.cmu.edu"


def training_record(config: TrainConfig) -> dict[str, str]:
    """Notes for the files of a run: its configuration, its data with their hash, and the weights' licence."""
    given = config.model_dump(mode="json", exclude={"store", "output", "start_from"}, exclude_defaults=True)
    record = {"training": json.dumps(given)}
    if config.source != "motion":
        return record | {"licence": config.licence or UNKNOWN}
    store = MotionStore.open(config.store)
    clips = [store.clips[index] for index in split_of(store, config.datasets)[0]]
    return record | {
        "data": json.dumps(data_used(config)),
        "data_sha256": _digest(store.path / "positions.npy"),
        "licence": config.licence
        or licence_of_weights([*(clip.licence for clip in clips), *_of_start(config.start_from)]),
    }


def data_used(config: TrainConfig) -> dict[str, dict[str, Any]]:
    """Clips, minutes and licences of every data set that a run learns from."""
    store = MotionStore.open(config.store)
    clips = [store.clips[index] for index in split_of(store, config.datasets)[0]]
    return {
        name: {
            "clips": sum(clip.dataset == name for clip in clips),
            "minutes": round(sum(c.frames for c in clips if c.dataset == name) / RATE_HZ / 60, 1),
            "licence": ", ".join(sorted({clip.licence for clip in clips if clip.dataset == name})),
        }
        for name in sorted({clip.dataset for clip in clips})
    }


def _of_start(path: Path | None) -> list[str]:
    """Licences of the motion behind the weights to start from, as far as theirs says them."""
    if path is None:
        return []
    file = weights_at(path)
    said = read_metadata(file).get("licence", UNKNOWN) if file.suffix == ".safetensors" else UNKNOWN
    name, _, credit = said.partition(", ")
    return [name, *([CMU] if credit == CREDIT else [])]


def licence_of_weights(names: Iterable[str]) -> str:
    """Licence that weights take over from the motion they were trained on: the strictest one there is.

    Args:
        names: of the clips' licences, as the motion store has them; one that `data.licences` does not list
            counts as unknown.
    """
    licences = {LICENCES.get(name, LICENCES[UNKNOWN]) for name in names}
    if any(licence.name == UNKNOWN for licence in licences):
        return UNKNOWN
    if not all(licence.commercial for licence in licences):
        return NON_COMMERCIAL
    if shared := sorted(licence.name for licence in licences if licence.share_alike):
        return shared[-1]
    return f"{FREE_LICENCE}, {CREDIT}" if any(licence.name == CMU for licence in licences) else FREE_LICENCE


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
