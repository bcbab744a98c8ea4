"""Held-out motion of a store before virtual cameras, measured like any other data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from uplift3d.data.store import MotionStore

if TYPE_CHECKING:
    from uplift3d.evaluate.datasets import Progress
    from uplift3d.evaluate.lifters import Lifter
    from uplift3d.evaluate.report import Report

PIECES = 100
"""By default; a minute or two with the shipped weights at three strides."""


def evaluate_open_mocap(
    lifter: Lifter,
    folder: Path,
    s_in: Sequence[int],
    *,
    pieces: int = PIECES,
    learned_upsampling: bool = True,
    progress: Progress,
) -> Report:
    """Both protocols on the films that `uplift3d reproduce` measures on; needs torch.

    Args:
        lifter, s_in, learned_upsampling, progress: as for `evaluate.datasets.evaluate_h36m`.
        folder: a motion store.
        pieces: number of pieces of at most ten seconds to measure on, evenly spread over all of them.

    Raises:
        InputError: no motion store, nothing held out in it, or a stride that the network cannot use.
    """
    from uplift3d.evaluate.datasets import PROTOCOLS, results_at
    from uplift3d.evaluate.report import Report
    from uplift3d.film.held_out import PIECE_S, evenly, noise_in_words, virtual_tracks

    films = virtual_tracks(MotionStore.open(folder))
    chosen = evenly(films, pieces)
    results = results_at(s_in, lifter, chosen, progress, learned_upsampling=learned_upsampling)
    few = "all" if len(chosen) == len(films) else f"{len(chosen)}, evenly spread, of"
    facts = {
        "data set": f"motion store {folder.name}",
        "split": f"validation (held out from training): {', '.join(sorted({f.action for f in films}))}",
        "pieces": f"{few} {len(films)} pieces of at most {PIECE_S:g} s",
        "ground truth": "motion capture in camera axes, relative to the pelvis",
        "cameras": "virtual, one for each piece, always the same",
        "2D": noise_in_words(),
        "protocols": PROTOCOLS,
        **lifter.facts(learned_upsampling),
    }
    return Report("Open motion capture", facts, results, group="data set")
