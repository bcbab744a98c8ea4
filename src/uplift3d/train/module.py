"""The training loop's content, as a Lightning module: batches, loss, schedule, moving average, validation."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import torch
from lightning import LightningModule
from torch import Tensor

from uplift3d.data.store import MotionStore, split_validation
from uplift3d.errors import InputError
from uplift3d.evaluate.metrics import mpjpe, p_mpjpe
from uplift3d.model import UpliftUpsample, create
from uplift3d.train.batches import Batch, draw_batch
from uplift3d.train.config import TrainConfig
from uplift3d.train.initialise import initialise
from uplift3d.train.losses import lifting_loss
from uplift3d.train.sampler import MotionWindows

VALIDATION_SEED = 7
PAPER_DECAY, PAPER_DECAY_STEPS = 0.99, 6000


class LiftingModule(LightningModule):
    """Trains a network on batches it draws itself, from motion that lives on the training device."""

    def __init__(self, config: TrainConfig) -> None:
        super().__init__()
        self.config = config
        self.network = create(config.model_config_full)
        initialise(self.network)
        self.average = copy.deepcopy(self.network).requires_grad_(False) if config.optimiser.ema else None
        self._windows: dict[str, MotionWindows] = {}

    def setup(self, stage: str) -> None:
        """Load both splits of the motion store onto the device."""
        if self._windows:
            return
        store = MotionStore.open(self.config.store)
        sampler = self.config.views.sampler
        for name, clips in zip(("train", "validation"), split_validation(store), strict=True):
            chosen = sampler if name == "train" else sampler.model_copy(update={"dataset_weights": {}})
            self._windows[name] = MotionWindows.from_store(store, clips, chosen, self.device)

    def training_step(self, step: Tensor, _: int) -> Tensor:
        """One step on a batch that follows from seed, step and device alone, so resuming is exact."""
        batch = self._draw("train", self.config.batch, (self.config.seed, self.global_step, self.global_rank))
        sequence, centre = self.network(batch.keypoints, batch.mask)
        loss = lifting_loss(sequence, centre, batch.target, batch.counted)
        if not torch.isfinite(loss):
            raise InputError(
                f"the loss became {float(loss)} at step {self.global_step}; the last good checkpoint is "
                f"kept in {self.config.output}; try a lower optimiser.learning_rate"
            )
        self.log("train/loss_mm", 1000 * loss.detach(), prog_bar=True)
        return loss

    def on_train_batch_end(self, *_: Any) -> None:
        """Let the average follow: decay min(ema, (1 + t) / (10 + t)), the published warm-up."""
        if self.average is None:
            return
        decay = min(self.config.optimiser.ema, (1 + self.global_step) / (10 + self.global_step))
        with torch.no_grad():
            for kept, new in zip(self.average.parameters(), self.network.parameters(), strict=True):
                kept.lerp_(new, 1 - decay)
            for kept_buffer, buffer in zip(self.average.buffers(), self.network.buffers(), strict=True):
                kept_buffer.copy_(buffer)

    @torch.no_grad()
    def validation_step(self, stride_in: Tensor, _: int) -> None:
        """Errors of centre and sequence head at one key-frame stride, in mm."""
        stride = int(stride_in)
        network = self.best_network().eval()
        remaining, poses = self.config.validation_windows, []
        for part in range(math.ceil(remaining / 64)):
            batch = self._draw("validation", 64, (VALIDATION_SEED, part), stride)
            sequence, centre = network(batch.keypoints, batch.mask)
            middle = batch.target.shape[1] // 2
            scored = batch.counted[:, middle]
            beside = centre if sequence is None else sequence[:, middle]
            poses.append([t[scored].float().cpu().numpy() for t in (centre, beside, batch.target[:, middle])])
        centre_m, sequence_m, target_m = (np.concatenate(column) for column in zip(*poses, strict=True))
        self.log(f"val/mpjpe_{stride}", mpjpe(centre_m, target_m), prog_bar=True)
        self.log(f"val/p_mpjpe_{stride}", p_mpjpe(centre_m, target_m), prog_bar=True)
        self.log(f"val/sequence_mpjpe_{stride}", mpjpe(sequence_m, target_m))

    def best_network(self) -> UpliftUpsample:
        """The weights to validate and to ship: the moving average where there is one."""
        return self.network if self.average is None else self.average

    def configure_optimizers(self) -> Any:
        """AdamW with the chosen schedule, stepped every step."""
        config = self.config.optimiser
        optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, self._rate_at)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _rate_at(self, step: int) -> float:
        """Factor on the learning rate."""
        config = self.config.optimiser
        warm_up = min(1.0, (step + 1) / max(1, config.warm_up_steps))
        if config.schedule == "paper":
            return warm_up * PAPER_DECAY ** (step // PAPER_DECAY_STEPS)
        return warm_up * 0.5 * (1 + math.cos(math.pi * min(1.0, step / self.config.steps)))

    def _draw(self, split: str, size: int, seed: tuple[int, ...], stride: int | None = None) -> Batch:
        views = self.config.views
        if split == "validation":
            noise = self.config.validation_noise
            sampler = views.sampler.model_copy(update={"speed": (1.0, 1.0)})
            body = views.body.model_copy(
                update={"stature": 0.0, "segment": 0.0, "width": 0.0, "width_mean": 0.0}
            )
            views = views.model_copy(
                update={
                    "noise": noise,
                    "sampler": sampler,
                    "body": body,
                    "mirror": "none",
                    "switch_rate": 0.0,
                }
            )
        random = torch.Generator(device=self.device)
        random.manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
        strides = None if stride is None else (stride,)
        return draw_batch(
            self._windows[split], self.config.model_config_full, views, size, random, strides_in=strides
        )
