"""Start or resume a training run."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning import Trainer
from lightning.pytorch.callbacks import Callback, Checkpoint, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.plugins import TorchCheckpointIO
from torch.utils.data import DataLoader

from uplift3d.errors import InputError
from uplift3d.files import atomic_write
from uplift3d.files.guards import listed
from uplift3d.model import UpliftUpsample, save_checkpoint
from uplift3d.model.onnx_export import export_onnx
from uplift3d.train.config import TrainConfig
from uplift3d.train.log import CsvLog, ProgressBar
from uplift3d.train.module import DATA_KEY, NETWORK_KEY, STAGE_KEY, TrainingModule
from uplift3d.train.record import data_used, training_record
from uplift3d.train.sources import check_source
from uplift3d.train.stages import Stage

__all__ = [
    "export",
    "train",
]

STEM, BEST, LAST = "model", "best.ckpt", "last.ckpt"
LOG_EVERY = 50


def train(config: TrainConfig, *, progress: bool = False) -> Path:
    """Train a network, or go on where an earlier run with the same output folder stopped.

    `config.output` gets `last.ckpt` and `best.ckpt` (Lightning), `metrics.csv` and TensorBoard logs, and in
    the end `model.safetensors` and its two ONNX graphs: the best validated weights (their moving average).
    With `stage: refinement` these are the lifter's; those of the refinement are in `refinement.safetensors`.
    On a machine with several GPUs every one of them draws its own batches.

    Args:
        config: the run.
        progress: show a progress bar and the validation errors on stderr.

    Returns:
        Path of `model.safetensors`.

    Raises:
        InputError: no usable motion store; a folder with a run of another network; or the loss is no longer
            finite (the last good checkpoint is kept).
    """
    check_source(config)  # reported before anything is written
    last, done = _resume_point(config)
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)  # the network's initial weights
    module = TrainingModule(config)
    _create(config.output)
    with _quiet_lightning():
        trainer = _trainer(module.stage, done, progress)
        # The module draws its batches itself: one entry per step, and one per stride to validate.
        steps: DataLoader[Any] = DataLoader(range(config.steps))  # type: ignore[arg-type]
        strides: DataLoader[Any] = DataLoader(list(config.strides))  # type: ignore[arg-type]
        try:
            trainer.fit(module, steps, strides, ckpt_path=last)
        except SystemExit:  # Lightning's answer to Ctrl+C
            raise KeyboardInterrupt from None
        trainer.save_checkpoint(config.output / LAST)
    if trainer.is_global_zero:
        export(config)
    return config.output / f"{STEM}.safetensors"


def export(config: TrainConfig) -> Path:
    """Write the averaged weights of a run's best checkpoint (see `train`); returns `model.safetensors`."""
    best = config.output / BEST
    checkpoint = _read(best if best.exists() else config.output / LAST)
    module = TrainingModule(config)
    module.load_state_dict(checkpoint["state_dict"])
    notes = {"step": str(checkpoint["global_step"]), **training_record(config)}
    for stem, network in module.stage.parts(module.best_network.eval()).items():
        save_checkpoint(network, config.output / f"{stem}.safetensors", notes)
        if config.graphs and isinstance(network, UpliftUpsample) and network.upsampling_token is not None:
            export_onnx(network, config.output / stem, notes)
    return config.output / f"{STEM}.safetensors"


class WholeCheckpoints(TorchCheckpointIO):
    """Checkpoints appear whole; Lightning copies them, where temporary files are on another disk."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, *_: Any, **__: Any) -> None:
        """Write beside the place, then move there."""
        buffer = io.BytesIO()  # so that a full disk is an OSError
        torch.save(checkpoint, buffer)
        with atomic_write(path) as temporary:
            temporary.write_bytes(buffer.getbuffer())


class LastCheckpoint(Checkpoint):
    """Saves the run every so many steps; where a validation follows, after it, so that none gets lost."""

    def __init__(self, config: TrainConfig) -> None:
        self.config = config

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        """Save unless the step is validated."""
        step = trainer.global_step
        if step % self.config.validate_every and step < self.config.steps:
            self._save(trainer)

    def on_validation_end(self, trainer: Trainer, *_: Any) -> None:
        """Save, the outcome of the validation included."""
        self._save(trainer)

    def _save(self, trainer: Trainer) -> None:
        if trainer.global_step % self.config.checkpoint_every == 0:
            trainer.save_checkpoint(self.config.output / LAST)


def _resume_point(config: TrainConfig) -> tuple[Path | None, int]:
    """Checkpoint to go on from, and how many steps it has behind it."""
    last = config.output / LAST
    if not last.exists():
        return None, 0
    checkpoint = _read(last)
    if (stage := checkpoint.get(STAGE_KEY, "lifting")) != config.stage:
        raise InputError(f"output: {config.output} holds a run of stage {stage}, not {config.stage}")
    there = checkpoint.get(NETWORK_KEY, config.network.model_dump())
    here = config.network.model_dump()
    if there.get("rival") == here.get("rival"):  # fields that were not there yet had their defaults
        fields = type(config.network).model_fields
        there = {name: field.default for name, field in fields.items()} | there
    different = [name for name in here if here[name] != there.get(name)]
    if different:
        changes = ", ".join(f"{name} {there.get(name)} there and {here[name]} here" for name in different)
        raise InputError(f"output: {config.output} holds a run of another network ({changes})")
    if DATA_KEY in checkpoint and checkpoint[DATA_KEY] != data_used(config):
        raise InputError(
            f"output: {config.output} holds a run on other motion ({listed(checkpoint[DATA_KEY])}); give "
            "another output, and start_from to go on from its weights"
        )
    return last, int(checkpoint["global_step"])


def _read(checkpoint: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except Exception as error:
        raise InputError(f"{checkpoint}: not a readable checkpoint ({str(error).splitlines()[0]})") from error
    return content


def _create(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"output: {folder} cannot be created ({error.strerror})") from error


def _trainer(stage: Stage[Any], done: int, progress: bool) -> Trainer:
    config, measures = stage.config, stage.measures
    strides = config.strides
    gpu = torch.cuda.is_available()
    errors = [f"val/{name}_{stride}" for name in measures.errors for stride in strides]
    columns = ["train/learning_rate", f"train/{measures.loss}", *errors]
    loggers = [
        CsvLog(config.output / "metrics.csv", columns, done),
        TensorBoardLogger(config.output, name="tensorboard", version="", purge_step=done),
    ]
    best = ModelCheckpoint(
        config.output,
        filename="best",
        monitor=f"val/{measures.errors[0]}_{max(strides)}",
        enable_version_counter=False,
    )
    callbacks: list[Callback] = [best, LastCheckpoint(config)]
    return Trainer(
        accelerator="gpu" if gpu else "cpu",
        devices="auto" if gpu else 1,
        precision="bf16-mixed" if gpu else "32-true",
        max_steps=config.steps,
        max_epochs=-1,
        val_check_interval=min(config.validate_every, config.steps),
        check_val_every_n_epoch=None,
        log_every_n_steps=LOG_EVERY,
        logger=loggers,
        plugins=[WholeCheckpoints()],
        callbacks=[*callbacks, ProgressBar(config.steps, strides, measures)] if progress else callbacks,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Keep back Lightning's tips and its advice on data loaders, which does not apply here."""
    log = logging.getLogger("lightning.pytorch")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="lightning")
            yield
    finally:
        log.setLevel(level)
