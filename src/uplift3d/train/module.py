"""The training loop's content, as a Lightning module: batches, loss, schedule, moving average, validation."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer

from uplift3d.errors import InputError
from uplift3d.film.draws import seed_of
from uplift3d.train.config import TrainConfig
from uplift3d.train.lifting import Lifting
from uplift3d.train.optimiser import average_decay, create_optimiser, follow, learning_rate_factor
from uplift3d.train.pretraining import Pretraining
from uplift3d.train.record import data_used
from uplift3d.train.refinement import Refining
from uplift3d.train.sources import load_windows
from uplift3d.train.stages import Stage

STAGES: dict[str, type[Stage[Any]]] = {
    "lifting": Lifting,
    "pretraining": Pretraining,
    "refinement": Refining,
}
STAGE_KEY, NETWORK_KEY, DATA_KEY = "uplift3d.stage", "uplift3d.network", "uplift3d.data"


class TrainingModule(LightningModule):
    """Trains a network on batches it draws itself, from motion that lives on the training device.

    What a step does follows from the weights, the seed, the number of the step and of the device alone, so a
    run that was killed goes on exactly as if it had not been.
    """

    def __init__(self, config: TrainConfig) -> None:
        super().__init__()
        self.config = config
        self.stage = STAGES[config.stage](config)
        self.network: nn.Module = self.stage.create()
        self.average = copy.deepcopy(self.network).requires_grad_(False) if config.optimiser.ema else None
        self.last_loss = math.nan
        """Loss of the last step, in the unit of `stage.measures`."""

    @property
    def best_network(self) -> nn.Module:
        """The weights to validate and to ship: the moving average where there is one."""
        return self.network if self.average is None else self.average

    def on_fit_start(self) -> None:
        """Load both splits onto the device."""
        self.training_motion, self.validation_motion = load_windows(
            self.config, self.device, with_camera=self.stage.with_camera
        )

    def training_step(self, *_: Any) -> Tensor:
        """Loss of one batch."""
        seed = (self.config.seed, self.global_step, self.global_rank)
        random = torch.Generator(self.device)
        random.manual_seed(seed_of(*seed))
        torch.manual_seed(seed_of(*seed, 1))  # stochastic depth
        return self.stage.loss(self.network, self.training_motion, random)

    def configure_gradient_clipping(self, optimizer: Optimizer, *_: Any, **__: Any) -> None:
        """Clip the gradient, and stop before a bad one reaches the weights."""
        norm = torch.nn.utils.clip_grad_norm_(
            self.network.parameters(), self.config.optimiser.clip_norm or math.inf
        )
        if not torch.isfinite(norm):
            kept = any(self.config.output.glob("*.ckpt"))
            place = f"the last good checkpoint is kept in {self.config.output}"
            raise InputError(
                f"the loss or its gradient is no longer a finite number at step {self.global_step}; "
                f"{place if kept else 'no checkpoint was saved yet'}; try a lower optimiser.learning_rate"
            )

    def optimizer_step(self, *arguments: Any, **named: Any) -> None:
        """Change the weights and let the average follow at once, before any checkpoint of this step."""
        super().optimizer_step(*arguments, **named)
        if self.average is not None:
            decay = average_decay(self.global_step, self.config.optimiser.ema)
            follow(self.average, self.network, decay)

    def on_train_batch_end(self, outputs: Any, *_: Any) -> None:
        """Log, and see to it that the last step is validated even if `validate_every` does not divide it."""
        self.last_loss = 1000 * float(outputs["loss"])
        rate = self.config.optimiser.learning_rate * self._learning_rate_factor(self.global_step - 1)
        self.log_dict({f"train/{self.stage.measures.loss}": self.last_loss, "train/learning_rate": rate})
        self.trainer.should_stop = self.global_step >= self.config.steps

    def validation_step(self, stride_in: Tensor, _: int) -> None:
        """Errors of the network to ship at one key-frame stride."""
        stride = int(stride_in)
        for name, error in self.stage.errors(self.best_network, self.validation_motion, stride).items():
            self.log(f"val/{name}_{stride}", error)

    def configure_optimizers(self) -> Any:
        """The configured optimiser, its learning rate changed every step."""
        optimiser = create_optimiser(self.network.parameters(), self.config.optimiser)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, self._learning_rate_factor)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep stage and configuration of the network with its weights."""
        checkpoint[STAGE_KEY] = self.config.stage
        checkpoint[NETWORK_KEY] = self.config.network.model_dump()
        if self.config.source == "motion":
            checkpoint[DATA_KEY] = data_used(self.config)

    def _learning_rate_factor(self, step: int) -> float:
        return learning_rate_factor(self.config.optimiser, step, self.config.steps)
