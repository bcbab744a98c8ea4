"""One cell of a table: a training run and its scores, kept in a folder and never done twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from uplift3d.errors import InputError
from uplift3d.evaluate.baselines import Interpolated
from uplift3d.evaluate.protocols import METRICS, Scores
from uplift3d.evaluate.published import predict_with, score_predictions
from uplift3d.evaluate.rivals import lifter_of
from uplift3d.evaluate.video_lifter import VideoLifter
from uplift3d.files import atomic_write
from uplift3d.files.guards import reason
from uplift3d.files.json_text import read_json
from uplift3d.model import load_checkpoint
from uplift3d.model.checkpoints import fingerprint
from uplift3d.model.network import Network
from uplift3d.reproduce.sources import Corpus, Source
from uplift3d.reproduce.speed import device
from uplift3d.train.config import TrainConfig
from uplift3d.train.run import train

RESULT, WEIGHTS = "result.json", "model.safetensors"
PROTOCOLS = ("all frames", "key frames")
BASELINE = "all frames, 3D poses of key-frames interpolated"
"""What our networks are measured in too: without their learned upsampling."""
Say = Callable[[str], None]
Over = Literal["frames", "actions"]
"""What a mean is over."""
Means = Mapping[int, Mapping[str, Mapping[str, float]]]
"""Stride → protocol → metric → mean in mm."""


@dataclass(frozen=True)
class Cell:
    """A network to train, and how to measure it."""

    name: str
    """Name of its folder; tables share cells of the same name."""
    corpus: Corpus
    """What it learns from."""
    settings: Mapping[str, Any]
    """Fields of `TrainConfig` besides those of the corpus's files, output and seed."""
    strides: tuple[int, ...] = ()
    """Frames between key-frames to measure at; none for a pre-training."""
    interpolated: Interpolated | None = None
    """For rivals: what is interpolated between key-frames."""
    after: Cell | None = None
    """Pre-training whose weights it starts from."""
    datasets: tuple[str, ...] = field(default=())
    """Data sets to measure on; default: all that are held out."""


@dataclass(frozen=True)
class CellResult:
    """What is known of a cell with one seed."""

    cell: str
    seed: int
    weights: str
    """Fingerprint."""
    scores: Means
    """Means over frames; "frames" is how many there were. No `BASELINE` in results of earlier versions."""
    over_actions: Means = field(default_factory=dict)
    """Means of the actions' means, where the source has actions."""

    def errors_mm(self, stride: int, protocol: str, over: Over = "frames") -> Mapping[str, float]:
        """Metric → mean in mm."""
        means = self.scores if over == "frames" else self.over_actions
        return means[stride][protocol]


def run_cell(cell: Cell, source: Source, folder: Path, seed: int, say: Say) -> CellResult:
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
    _check(cell, folder, seed)
    known = _read(place / RESULT)
    if known is not None and _is_complete(known, cell):
        return known
    start = None
    if cell.after is not None:
        run_cell(cell.after, source, folder, seed, say)
        start = folder / f"{cell.after.name}-{seed}" / WEIGHTS
    fields = {**cell.corpus.files, **cell.settings, "output": place, "seed": seed, "start_from": start}
    say(f"{place.name}: training")
    _keep_settings(place, settings_of(cell))
    network = load_checkpoint(train(TrainConfig(**fields, graphs=False)))
    say(f"{place.name}: measuring")
    result = CellResult(cell.name, seed, fingerprint(network), *_measure(network, cell, source))
    with atomic_write(place / RESULT) as temporary:
        temporary.write_text(json.dumps(vars(result), indent=1) + "\n", encoding="utf-8")
    return result


def settings_of(cell: Cell) -> dict[str, Any]:
    """What makes a run this one, as JSON has it."""
    settings = {"source": cell.corpus.identity, **cell.settings, "strides": cell.strides}
    settings |= {"interpolated": cell.interpolated, "measured_on": cell.datasets}
    plain: dict[str, Any] = json.loads(json.dumps(settings))
    return plain


def network_of(cell: Cell, folder: Path, seed: int) -> Network[Any]:
    """The trained network of a cell that is done, on the device to use."""
    return load_checkpoint(folder / f"{cell.name}-{seed}" / WEIGHTS).to(device())


def _measure(network: Network[Any], cell: Cell, source: Source) -> tuple[Means, Means]:
    """Means over frames, and over actions where there are any."""
    lifter = lifter_of(network.to(device()), flip=source.flip, interpolated=cell.interpolated)
    scores: dict[int, dict[str, dict[str, float]]] = {}
    over_actions: dict[int, dict[str, dict[str, float]]] = {}
    for stride in cell.strides:
        found = _scores(lifter, source, cell, stride, baseline=network.config.fills_in)
        scores[stride] = {
            protocol: {"frames": one.frames, **_errors(one.frame_mean)} for protocol, one in found.items()
        }
        if source.actions:
            over_actions[stride] = {protocol: _errors(one.action_mean) for protocol, one in found.items()}
    return scores, over_actions


def _scores(
    lifter: VideoLifter[Any], source: Source, cell: Cell, stride: int, *, baseline: bool
) -> dict[str, Scores]:
    """What a network reaches at a stride, by protocol."""
    actions = source.actions or None
    predictions = predict_with(lifter, source.videos(cell.datasets), stride)
    both = score_predictions(predictions, lifter, stride, actions=actions)
    found = dict(zip(PROTOCOLS, (both.all_frames, both.key_frames), strict=True))
    if baseline:
        plain = score_predictions(predictions, lifter, stride, actions=actions, learned_upsampling=False)
        found[BASELINE] = plain.all_frames
    return found


def _errors(means: Mapping[str, float]) -> dict[str, float]:
    return {metric: means[metric] for metric in METRICS}


def _check(cell: Cell, folder: Path, seed: int) -> None:
    """Refuse a folder in which something else was run under the same name, pre-training included."""
    if cell.after is not None:
        _check(cell.after, folder, seed)
    place = folder / f"{cell.name}-{seed}"
    there = _noted(place / "settings.json")
    if there is None:
        return
    here = settings_of(cell)
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


def _is_complete(result: CellResult, cell: Cell) -> bool:
    """Whether all is there that is measured today; what an earlier version left out is measured again."""
    wanted = PROTOCOLS if cell.interpolated else (*PROTOCOLS, BASELINE)
    return all(protocol in result.scores.get(stride, {}) for stride in cell.strides for protocol in wanted)


def _read(path: Path) -> CellResult | None:
    """A result that is there already."""
    content = _noted(path)
    if content is None:
        return None
    try:
        scores, over_actions = (
            {int(stride): protocols for stride, protocols in content.get(name, {}).items()}
            for name in ("scores", "over_actions")
        )
        return CellResult(content["cell"], content["seed"], content["weights"], scores, over_actions)
    except (KeyError, ValueError, AttributeError) as error:
        raise InputError(f"{path} is no result ({reason(error)}); remove it to measure again") from error


def _noted(path: Path) -> dict[str, Any] | None:
    """What a run noted about itself; None where it did not yet."""
    if not path.exists():
        return None
    noted = read_json(path, "notes of a run as .json")
    if not isinstance(noted, dict):
        raise InputError(f"{path} is a JSON {type(noted).__name__}, expected an object")
    return noted
