"""What a training step takes, and how much of it drawing its batch: `python benchmarks/training.py STORE`.

The configurations of `configs/` with batches of 32, on one CPU thread and on all, without Lightning around
them; medians of steps in turn. The first steps are not counted.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import torch
from speed import describe_machine

from uplift3d.train.batches import draw_batch
from uplift3d.train.config import load_config
from uplift3d.train.module import TrainingModule
from uplift3d.train.optimiser import create_optimiser, follow
from uplift3d.train.sources import load_windows

CONFIGS = ("small", "uu-351", "base")
BATCH, NOT_COUNTED = 32, 2


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("store", type=Path)
    parser.add_argument("--steps", type=int, default=10)
    args = parser.parse_args()
    print(f"{describe_machine()}\n\n| network | threads | ms a step | drawing |\n|---|---|---|---|")
    everything = torch.get_num_threads()
    for name in CONFIGS:
        for threads in sorted({1, everything}):
            torch.set_num_threads(threads)
            step_s, draw_s = measure(name, args.store, args.steps)
            print(f"| {name} | {threads} | {1e3 * step_s:.0f} | {draw_s / step_s:.1%} |")


def measure(name: str, store: Path, steps: int) -> tuple[float, float]:
    """Seconds of a step, and of drawing a batch."""
    path = Path(__file__).resolve().parent.parent / "configs" / f"{name}.yaml"
    config = load_config(path, store=str(store), output="out/training").model_copy(
        update={"batch": BATCH, "start_from": None}
    )
    module = TrainingModule(config)
    motion, _ = load_windows(config, torch.device("cpu"))
    optimiser = create_optimiser(module.network.parameters(), config.optimiser)
    whole, drawing = [], []
    for number in range(NOT_COUNTED + steps):
        random = torch.Generator().manual_seed(number)
        started = time.perf_counter()
        draw_batch(motion, config.network, config.views, BATCH, random)
        drawing.append(time.perf_counter() - started)
        started = time.perf_counter()
        module.stage.loss(module.network, motion, random).backward()  # draws its own batch
        torch.nn.utils.clip_grad_norm_(module.network.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        if module.average is not None:
            follow(module.average, module.network, 0.999)
        whole.append(time.perf_counter() - started)
    return statistics.median(whole[NOT_COUNTED:]), statistics.median(drawing[NOT_COUNTED:])


if __name__ == "__main__":
    main()
