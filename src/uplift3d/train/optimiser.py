"""How weights change: Adam in its several forms, its schedule, and the moving average."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Literal, overload

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn
from torch.optim import Optimizer

PAPER_DECAY, PAPER_DECAY_STEPS = 0.99, 6000
PUBLISHED_EPSILON = 1e-8
DEFAULT_DECAY = 0.05


class OptimiserConfig(BaseModel):
    """Adam in several forms and its schedule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["adamw", "published", "amsgrad"] = "adamw"
    """'adamw' as PyTorch has it, 'published': TensorFlow's formulation, for parity, or 'amsgrad': plain Adam
    with AMSGrad and without weight decay, as VideoPose3D and those who took over its scripts use."""
    learning_rate: float = Field(default=1e-3, gt=0, le=10)
    """Highest learning rate."""
    weight_decay: float = Field(default=DEFAULT_DECAY, ge=0)
    """Share of a weight taken away per step at the highest learning rate: multiplied by that rate for 'adamw'
    (as PyTorch does), as it is for 'published'. 0.1 there is 4e-6 here at a rate of 4e-5. It covers every
    weight and follows the schedule of the learning rate. 'amsgrad' has none."""
    schedule: Literal["cosine", "paper", "exponential"] = "cosine"
    """'cosine' to zero at the last step, the published ×0.99 every 6000 steps, or 'exponential': × `decay`
    every `decay_steps` (an epoch, in the older recipes)."""
    decay: float = Field(default=0.95, gt=0, le=1)
    """Factor of the exponential schedule."""
    decay_steps: int = Field(default=1000, ge=1)
    """Steps between two factors of the exponential schedule."""
    warm_up_steps: int = Field(default=500, ge=0)
    """Steps of linear warm-up; 0 in the published recipe."""
    clip_norm: float = Field(default=1.0, ge=0)
    """Largest norm of the gradient; 0 does not clip, as published."""
    ema: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the moving average of the weights that is validated and shipped; 0 switches it off."""

    @model_validator(mode="after")
    def _check_decay(self) -> OptimiserConfig:
        if self.name == "amsgrad" and self.weight_decay not in (0, DEFAULT_DECAY):
            raise ValueError(f"weight_decay {self.weight_decay:g} given, but 'amsgrad' has none")
        return self


class PublishedAdamW(Optimizer):
    """AdamW as TensorFlow Addons has it (Loshchilov and Hutter, ICLR 2019; epsilon as in Kingma and Ba's §2).

    It differs from `torch.optim.AdamW` in two ways: the weight decay is not multiplied by the learning rate,
    and epsilon is added to the root of the second moment before its bias is corrected, which matters for
    gradients near epsilon.

    Args:
        parameters: weights; the decay covers all of them.
        lr: learning rate.
        weight_decay: share of a weight taken away per step while the learning rate is `lr`. When a scheduler
            changes the learning rate, the decay changes by the same factor.
        betas: decay of the two moments.
        eps: epsilon.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        weight_decay: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = PUBLISHED_EPSILON,
    ) -> None:
        defaults = {"lr": lr, "decay_per_rate": weight_decay / lr, "betas": betas, "eps": eps}
        super().__init__(parameters, defaults)

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Change every weight that has a gradient once."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._update(weight, weight.grad, group)
        return loss

    def _update(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state |= {"step": 0, "mean": torch.zeros_like(weight), "square": torch.zeros_like(weight)}
        state["step"] += 1
        beta1, beta2 = group["betas"]
        correction = math.sqrt(1 - beta2 ** state["step"]) / (1 - beta1 ** state["step"])
        weight.mul_(1 - group["lr"] * group["decay_per_rate"])
        mean = state["mean"].lerp_(gradient, 1 - beta1)
        square = state["square"].mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        weight.addcdiv_(mean, square.sqrt().add_(group["eps"]), value=-group["lr"] * correction)


def create_optimiser(parameters: Iterable[nn.Parameter], config: OptimiserConfig) -> Optimizer:
    """Build the configured optimiser at its highest learning rate."""
    if config.name == "published":
        return PublishedAdamW(parameters, config.learning_rate, config.weight_decay)
    if config.name == "amsgrad":
        return torch.optim.Adam(parameters, lr=config.learning_rate, amsgrad=True)
    return torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=config.weight_decay)


def learning_rate_factor(config: OptimiserConfig, step: int, steps: int) -> float:
    """Learning rate of step `step` (from 0) of a run of `steps`, relative to the highest one."""
    warm_up = min(1.0, (step + 1) / max(1, config.warm_up_steps))
    if config.schedule == "paper":
        return warm_up * PAPER_DECAY ** (step // PAPER_DECAY_STEPS)
    if config.schedule == "exponential":
        return float(warm_up * config.decay ** (step // config.decay_steps))
    return warm_up * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))


def average_decay(step: int, highest: float) -> float:
    """Decay of the moving average after step `step` (from 0): min(highest, (1 + t) / (10 + t))."""
    return min(highest, (1 + step) / (10 + step))


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move the average's weights towards the network's by 1 - decay; buffers are copied."""
    for kept, new in zip(average.parameters(), network.parameters(), strict=True):
        kept.lerp_(new, 1 - decay)
    for kept_buffer, buffer in zip(average.buffers(), network.buffers(), strict=True):
        kept_buffer.copy_(buffer)
