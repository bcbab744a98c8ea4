"""Our own validation as a report: held-out motion of a store, virtual cameras, stated 2D noise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from uplift3d.data.store import MotionStore
from uplift3d.errors import InputError
from uplift3d.evaluate.protocols import METRICS, Scores
from uplift3d.evaluate.report import Report, Result

if TYPE_CHECKING:
    from uplift3d.model.checkpoints import Network


def evaluate_open_mocap(network: Network, folder: Path, s_in: Sequence[int] | None, windows: int) -> Report:
    """Errors on held-out motion, as `train.validate` measures them.

    Args:
        network: on the device to use.
        folder: a motion store.
        s_in: frames between 2D poses; None: those it was trained for.
        windows: per stride and data set.

    Raises:
        InputError: no motion store, nothing held out in it, or the network of a rival.
    """
    from uplift3d.model import UpliftUpsample
    from uplift3d.train.noise import REALISTIC_NOISE
    from uplift3d.train.validate import ALL, validate

    if not isinstance(network, UpliftUpsample):
        raise InputError(
            f"this is a network of {network.config.rival!r}: on open-mocap networks of this project "
            "are measured, rivals on h36m and mpi-inf-3dhp"
        )
    store = MotionStore.open(folder)
    strides = tuple(s_in or network.config.strides_in)
    errors = validate(network, store, windows=windows, strides_in=strides, noise=REALISTIC_NOISE)
    rows = {
        name: {stride: {metric: getattr(found, metric) for metric in METRICS} for stride, found in by.items()}
        for name, by in errors.items()
    }
    datasets = [name for name in rows if name != ALL]
    results = []
    for stride in strides:
        means = {metric: sum(rows[n][stride][metric] for n in datasets) / len(datasets) for metric in METRICS}
        scores = Scores(
            frames=errors[ALL][stride].poses,
            frame_mean=rows[ALL][stride],
            action_mean=means,
            per_action={name: rows[name][stride] for name in datasets},
        )
        results.append(Result(stride, "random windows", scores))
    noise = ", ".join(f"{name} {_plain(value)}" for name, value in REALISTIC_NOISE.model_dump().items())
    facts = {
        "data set": f"motion store {folder.name}",
        "split": f"validation (held out from training): {', '.join(datasets)}",
        "ground truth": "motion capture in the axes of a camera that looks at the pelvis, relative to it",
        "2D": f"virtual cameras; noise at the person: {noise}",
        "protocols": "random windows: the pose in the middle of windows drawn at random, the same every time",
        "upsampling": "learned; nothing is interpolated",
        "flip": "none",
    }
    return Report("Open motion capture", facts, tuple(results), group="data set")


def _plain(value: object) -> str:
    """Equal ends of a range are one number."""
    if isinstance(value, tuple):
        return str(value[0]) if value[0] == value[-1] else "–".join(map(str, value))
    return str(value)
