"""Start or resume a training run."""

from __future__ import annotations

from pathlib import Path

import torch
from lightning import Trainer
from lightning.pytorch.callbacks import Callback, LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torch.utils.data import DataLoader

from uplift3d.data.store import MotionStore
from uplift3d.model import save_checkpoint
from uplift3d.train.config import TrainConfig
from uplift3d.train.module import LiftingModule

FINAL = "model.safetensors"


def train(config: TrainConfig) -> Path:
    """Train a network, or go on where an earlier run with the same output folder stopped.

    Checkpoints, CSV and TensorBoard logs go to `config.output`. The best validated weights (moving average)
    end up in `model.safetensors` there, whose path is returned.

    Raises:
        InputError: no usable motion store, or the loss became NaN (the last good checkpoint is kept).
    """
    MotionStore.open(config.store)  # reported before anything is written
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)  # the network's initial weights
    module = LiftingModule(config)
    config.output.mkdir(parents=True, exist_ok=True)
    longest = max(config.model_config_full.strides_in)
    keep_best = ModelCheckpoint(
        config.output, filename="best", monitor=f"val/mpjpe_{longest}", enable_version_counter=False
    )
    keep_last = ModelCheckpoint(
        config.output,
        filename="step",
        every_n_train_steps=config.checkpoint_every,
        save_last=True,
        enable_version_counter=False,
    )
    trainer = _trainer(config, [keep_best, keep_last, LearningRateMonitor("step")])
    last = config.output / "last.ckpt"
    steps = DataLoader(range(config.validate_every), batch_size=1)  # type: ignore[arg-type, var-annotated]
    strides = DataLoader(list(config.model_config_full.strides_in), batch_size=1)  # type: ignore[arg-type, var-annotated]
    trainer.fit(module, steps, strides, ckpt_path=str(last) if last.exists() else None, weights_only=False)
    return export(config, Path(keep_best.best_model_path or last))


def export(config: TrainConfig, checkpoint: Path) -> Path:
    """Write the averaged weights of a Lightning checkpoint of this run as `model.safetensors` beside it."""
    module = LiftingModule(config)
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)["state_dict"]
    module.load_state_dict(state)
    path = config.output / FINAL
    save_checkpoint(module.best_network(), path)
    return path


def _trainer(config: TrainConfig, callbacks: list[Callback]) -> Trainer:
    gpu = torch.cuda.is_available()
    return Trainer(
        max_steps=config.steps,
        max_epochs=-1,
        precision="bf16-mixed" if gpu else "32-true",
        gradient_clip_val=config.optimiser.clip_norm,
        logger=[CSVLogger(config.output, name="csv"), TensorBoardLogger(config.output, name="tensorboard")],
        callbacks=callbacks,
        log_every_n_steps=min(50, config.validate_every),
        num_sanity_val_steps=0,
        enable_model_summary=False,
    )
