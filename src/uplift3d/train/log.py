"""What a training run reports: a CSV file that goes on after a resume, and a progress bar."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from uplift3d.files import atomic_write
from uplift3d.train.stages import Measures


class CsvLog(Logger):
    """One row per report in `path`, steps counted from 1; written by the first of several processes.

    Args:
        path: file to write.
        columns: metrics to write, besides the step; others are ignored.
        done: optimiser steps done before; rows of later steps, from a run that was killed, are dropped.
    """

    def __init__(self, path: Path, columns: Sequence[str], done: int = 0) -> None:
        super().__init__()
        self.path = path
        self.columns = ("step", *columns)
        self._start(done)

    @rank_zero_only
    def _start(self, done: int) -> None:
        rows = []
        if done and self.path.exists():
            with self.path.open(newline="", encoding="utf-8") as file:
                rows = [row for row in csv.DictReader(file) if int(row["step"]) <= done]
        with atomic_write(self.path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self.columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)

    @property
    def name(self) -> str:
        """Kind of log."""
        return "csv"

    @property
    def version(self) -> str:
        """Nothing: there is one file per run."""
        return ""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Append one row with those metrics that are columns."""
        known = {name: f"{value:.6g}" for name, value in metrics.items() if name in self.columns}
        if known and step is not None:
            with self.path.open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, self.columns).writerow({"step": step + 1, **known})

    def log_hyperparams(self, *_: Any, **__: Any) -> None:
        """Not kept here: the configuration file is."""


class ProgressBar(Callback):
    """A bar over all steps of the run with the loss, and one line per validation, on stderr."""

    def __init__(self, steps: int, strides_in: Sequence[int], measures: Measures) -> None:
        first = getattr(rank_zero_only, "rank", 0) == 0  # of several processes one reports
        console = Console(stderr=True, highlight=False, soft_wrap=True, quiet=not first)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, console=console)
        self.steps, self.strides_in, self.measures = steps, strides_in, measures
        self.task = TaskID(0)

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Show the bar."""
        self.task = self.bar.add_task("training", total=self.steps, completed=trainer.global_step)
        self.bar.start()

    def on_train_batch_end(self, trainer: Trainer, module: LightningModule, *_: Any) -> None:
        """Move the bar."""
        text = f"training, loss {module.last_loss:.0f} {self.measures.unit}"
        self.bar.update(self.task, completed=trainer.global_step, description=text)

    def on_validation_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Say why the bar stands still."""
        self.bar.update(self.task, description="validating")

    def on_validation_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Print the errors at every stride."""
        self.bar.update(self.task, description="training")
        seen, measures = trainer.callback_metrics, self.measures
        first, second = measures.errors[:2]
        errors = ", ".join(
            f"{seen[f'val/{first}_{stride}']:.1f} ({seen[f'val/{second}_{stride}']:.1f})"
            for stride in self.strides_in
        )
        strides = ", ".join(str(stride) for stride in self.strides_in)
        self.bar.console.print(
            f"step {trainer.global_step}: {measures.title} {errors} {measures.unit} at strides {strides}"
        )

    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Leave the terminal as it was."""
        self.bar.stop()

    def on_exception(self, trainer: Trainer, module: LightningModule, exception: BaseException) -> None:
        """Leave the terminal as it was."""
        self.bar.stop()
