"""Held-out motion of a store seen by virtual cameras, measured like any other data set (needs torch)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from uplift3d.data.kinds import KINDS, kinds_of
from uplift3d.data.store import RATE_HZ, MotionStore
from uplift3d.evaluate.datasets import PROTOCOLS, Progress, results_at, silent
from uplift3d.evaluate.published import Labels
from uplift3d.evaluate.report import Report
from uplift3d.evaluate.video_lifter import VideoLifter
from uplift3d.film.held_out import PIECE_S, Piece, evenly, film, noise_in_words, pieces_of

__all__ = ["Grouping", "evaluate_open_mocap"]

Grouping = Literal["data set", "motion kind"]
"""What scores are also told by."""


def evaluate_open_mocap(
    lifter: VideoLifter[Any],
    folder: str | Path,
    s_in: Sequence[int],
    *,
    pieces: int | None = None,
    by: Grouping = "data set",
    learned_upsampling: bool = True,
    progress: Progress = silent,
) -> Report:
    """Both protocols on the films that `uplift3d reproduce` measures on.

    Args:
        lifter, s_in, learned_upsampling, progress: as for `datasets.evaluate_h36m`.
        folder: a motion store.
        pieces: number of pieces of at most ten seconds to measure on, evenly spread; default: all there are.
        by: what the scores are also told by: the data set, or the kind of motion in every frame
            (`data.kinds`).

    Raises:
        InputError: no motion store, nothing held out in it, or a stride that the network cannot use.
    """
    store = MotionStore.open(folder)
    there = pieces_of(store)
    chosen = evenly(there, pieces)
    films = [film(store, piece) for piece in chosen]
    labels = [_kinds(store, piece) for piece in chosen] if by == "motion kind" else None
    results = results_at(s_in, lifter, films, progress, learned_upsampling=learned_upsampling, labels=labels)
    few = "all" if len(films) == len(there) else f"{len(films)}, evenly spread, of"
    names = sorted({store.clips[piece.clip].dataset for piece in there})
    facts = {
        "data set": f"motion store {store.path.name}",
        "split": f"validation (held out from training): {', '.join(names)}",
        "pieces": f"{few} {len(there)} pieces of at most {PIECE_S:g} s",
        "ground truth": "motion capture in camera axes, relative to the pelvis",
        "cameras": "virtual, one for each piece, always the same",
        "2D": noise_in_words(),
        "protocols": PROTOCOLS,
        **lifter.facts(learned_upsampling),
    }
    return Report("Open motion capture", facts, results, group=by)


def _kinds(store: MotionStore, piece: Piece) -> Labels:
    """The kind of motion in every frame of a piece; the whole clip says where its floor is."""
    kinds = kinds_of(store[piece.clip], RATE_HZ)[piece.start :]
    return np.array([KINDS[kind] for kind in kinds[: piece.longest]])
