"""One cell of a table: a training run and its scores, kept in a folder and never done twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from uplift3d.errors import InputError
from uplift3d.evaluate.protocols import METRICS, Scores
from uplift3d.evaluate.published import evaluate_lifter
from uplift3d.evaluate.rivals import Interpolated, lifter_of
from uplift3d.files import atomic_write
from uplift3d.model import load_checkpoint
from uplift3d.model.checkpoints import Network, fingerprint
from uplift3d.reproduce.sources import Source
from uplift3d.train.config import TrainConfig
from uplift3d.train.run import train

RESULT, WEIGHTS = "result.json", "model.safetensors"
PROTOCOLS = ("all frames", "key frames")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Cell:
    """A network to train, and how to measure it."""

    name: str
    """Name of its folder; tables share cells of the same name."""
    settings: Mapping[str, Any]
    """Fields of `TrainConfig` besides store, output and seed."""
    strides: tuple[int, ...] = ()
    """Frames between key-frames to measure at; none for a pre-training."""
    interpolated: Interpolated | None = None
    """For rivals: what is interpolated between key-frames."""
    after: Cell | None = None
    """Pre-training whose weights it starts from."""
    datasets: tuple[str, ...] = field(default=())
    """Data sets to measure on; default: all that are held out."""


@dataclass(frozen=True)
class Result:
    """What is known of a cell with one seed."""

    cell: str
    seed: int
    weights: str
    """Fingerprint."""
    scores: Mapping[int, Mapping[str, Mapping[str, float]]]
    """Stride → protocol → metric → mean over frames in mm; "frames" is how many there were."""


def run_cell(cell: Cell, source: Source, folder: Path, seed: int, say: Say) -> Result:
    """Train and measure, unless that is done already; a killed run goes on where it stopped.

    Args:
        cell: what to do.
        source: data to train and measure on.
        folder: where the runs of all cells are.
        seed: of the run.
        say: is told what is being done.

    Raises:
        InputError: the folder holds a run of the same name with other settings.
    """
    place = folder / f"{cell.name}-{seed}"
    settings = {"source": source.identity, **_plain(cell.settings), "strides": list(cell.strides)}
    settings |= {"interpolated": cell.interpolated, "measured_on": list(cell.datasets)}
    known = _read(place / RESULT)
    _check(place, settings)
    if known is not None:
        return known
    start = None
    if cell.after is not None:
        run_cell(cell.after, source, folder, seed, say)
        start = folder / f"{cell.after.name}-{seed}" / WEIGHTS
    fields = {**source.training, **cell.settings, "output": place, "seed": seed, "start_from": start}
    say(f"{place.name}: training")
    _keep_settings(place, settings)
    network = load_checkpoint(train(TrainConfig(**fields, graphs=False)))
    say(f"{place.name}: measuring")
    result = Result(cell.name, seed, fingerprint(network), _measure(network, cell, source))
    with atomic_write(place / RESULT) as temporary:
        temporary.write_text(json.dumps(vars(result), indent=1) + "\n", encoding="utf-8")
    return result


def network_of(cell: Cell, folder: Path, seed: int) -> Network:
    """The trained network of a cell that is done."""
    return load_checkpoint(folder / f"{cell.name}-{seed}" / WEIGHTS)


def _measure(network: Network, cell: Cell, source: Source) -> dict[int, dict[str, dict[str, float]]]:
    lifter = lifter_of(network, flip=source.flip, interpolated=cell.interpolated)
    scores: dict[int, dict[str, dict[str, float]]] = {}
    for stride in cell.strides:
        found = evaluate_lifter(lifter, source.tracks(cell.datasets), stride)
        both = zip(PROTOCOLS, (found.all_frames, found.key_frames), strict=True)
        scores[stride] = {protocol: _means(one) for protocol, one in both}
    return scores


def _means(scores: Scores) -> dict[str, float]:
    return {"frames": scores.frames, **{metric: scores.frame_mean[metric] for metric in METRICS}}


def _check(place: Path, settings: Mapping[str, Any]) -> None:
    """Refuse a folder in which something else was run under the same name."""
    try:
        there = json.loads((place / "settings.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise InputError(f"{place / 'settings.json'}: cannot be read ({error})") from None
    here = json.loads(json.dumps(settings))
    different = sorted(name for name in {*here, *there} if here.get(name) != there.get(name))
    if different:
        raise InputError(
            f"{place} holds a run with other settings ({', '.join(different)}); give another output folder"
        )


def _keep_settings(place: Path, settings: Mapping[str, Any]) -> None:
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{place} cannot be created ({error.strerror})") from error
    with atomic_write(place / "settings.json") as temporary:
        temporary.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")


def _read(path: Path) -> Result | None:
    """A result that is there already."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); remove it to measure again") from None
    scores = {int(stride): protocols for stride, protocols in content["scores"].items()}
    return Result(content["cell"], content["seed"], content["weights"], scores)


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(dict(settings)))
    return plain
