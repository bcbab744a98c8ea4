"""What a motion store holds, in a few numbers per dataset."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from uplift3d.arrays import RealArray
from uplift3d.data.splits import VALIDATION
from uplift3d.data.store import RATE_HZ, MotionStore, whole_clips
from uplift3d.skeletons import joint_set

SOLE_M = 0.08
"""From the ankle joint down to the sole of a standing adult's foot."""

_CHAIN = ("ankle", "knee", "hip")


@dataclass(frozen=True)
class DatasetSummary:
    """One dataset of a store."""

    dataset: str
    subjects: int
    """How many are named; 0 where the data does not say."""
    clips: int
    held_out: int
    """Clips of the validation split."""
    frames: int
    heights_m: tuple[float, float, float]
    """Smallest, median and largest of the clips' body heights; NaN where no clip has the joints for it."""
    licence: str

    @property
    def minutes(self) -> float:
        """Length of all clips together."""
        return self.frames / RATE_HZ / 60


def body_height_m(positions: RealArray) -> float:
    """Height of whoever moves in (T, 17 or 21, 3) metres, in any pose: bones end to end, median over time.

    Sole to ankle, shin and thigh (mean of both legs), pelvis to neck, neck to top of the head.
    """
    joints = joint_set("h36m17").joints

    def distance(a: str, b: str) -> float:
        apart = positions[:, joints.index(a)] - positions[:, joints.index(b)]
        return float(np.median(np.linalg.norm(apart, axis=-1)))

    legs = sum(
        distance(f"{side}_{low}", f"{side}_{high}")
        for side in ("left", "right")
        for low, high in pairwise(_CHAIN)
    )
    return SOLE_M + legs / 2 + distance("pelvis", "neck") + distance("neck", "head_top")


def summarise(store: MotionStore) -> list[DatasetSummary]:
    """One summary per dataset, in the order of their names."""
    summaries = []
    for dataset in sorted({clip.dataset for clip in store.clips}):
        indices = store.select(dataset=dataset)
        clips = [store.clips[i] for i in indices]
        heights = [body_height_m(store[i]) for i in whole_clips(store, indices)]
        summaries.append(
            DatasetSummary(
                dataset=dataset,
                subjects=len({clip.subject for clip in clips} - {""}),
                clips=len(clips),
                held_out=sum(clip.split == VALIDATION for clip in clips),
                frames=sum(clip.frames for clip in clips),
                heights_m=_spread(heights),
                licence=", ".join(sorted({clip.licence for clip in clips})),
            )
        )
    return summaries


def _spread(values: list[float]) -> tuple[float, float, float]:
    if not values:
        return (np.nan, np.nan, np.nan)
    return min(values), float(np.median(values)), max(values)
