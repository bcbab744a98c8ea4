"""How fast networks lift, against the machine's matrix products: `python benchmarks/networks.py`.

Every network at its published size with random weights, one person, 50 Hz video with 2D poses at hand, no
mirror image: this method in its published form (torch, each window whole), exact here (ONNX Runtime, shared
tokens), on the fast path (windows overlap by hop), as shipped, and the rivals in the cheapest way that their
windows allow. Turns go round all networks `--repeats` times, so that a busy moment hits all alike; figures
are medians.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from uplift3d.evaluate.cost import embed_cost, uplift_cost
from uplift3d.evaluate.flops import Cost, costs
from uplift3d.evaluate.windows import source_frames, stride_mask
from uplift3d.lift import open_runtime
from uplift3d.lift.offline import lift_track, usual_hop
from uplift3d.model import UpliftUpsample, create
from uplift3d.model.catalogue import all_presets
from uplift3d.model.network import LiftingNetwork
from uplift3d.model.onnx_export import export_onnx
from uplift3d.tokens import InputSpec, TokenTrack

RATE_HZ, SECONDS, S_IN = 50, 20.0, 20
FRAMES = round(RATE_HZ * SECONDS)
PEAK_SIZE = 1024
OURS = ("uu-351", "uu-81")
RIVALS = (
    "videopose3d-243",
    "poseformer-81",
    "strided-transformer-351",
    "pstmo-243",
    "motionbert-243",
    "motionbert-lite-243",
)
WINDOWS = 16
SAMPLED = 64
"""Poses of networks that take a window for each: they are slow."""


@dataclass(frozen=True)
class Run:
    """One line of the table."""

    what: str
    compute: Callable[[], object]
    frames: int
    """Frames of video that this lifts."""
    multiply_adds: float
    """Of all that `compute` does."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        runs = [*our_runs(Path(folder), args.threads), *rival_runs()]
        peak, seconds = in_turns(runs, args.repeats)
    print(f"Matrix product of {PEAK_SIZE}²: {peak / 1e9:.0f} GFLOP/s, {args.threads} thread(s)\n")
    print("| network | video frames/s | | M multiply-adds per frame | of the matrix product's speed |")
    print("|---|---|---|---|---|")
    for run, took in zip(runs, seconds, strict=True):
        usual = statistics.median(took)
        spread = (max(took) - min(took)) / 2 / usual
        share = 2 * run.multiply_adds / usual / peak
        cost = run.multiply_adds / run.frames / 1e6
        print(f"| {run.what} | {run.frames / usual:.0f} | ±{spread:.0%} | {cost:.1f} | {share:.0%} |")


def in_turns(runs: Sequence[Run], repeats: int) -> tuple[float, list[list[float]]]:
    """Multiply-adds·2 per second of matrix products, and the seconds of every run, one round not counted."""
    matrix = torch.rand(PEAK_SIZE, PEAK_SIZE)
    products: list[float] = []
    seconds: list[list[float]] = [[] for _ in runs]
    for turn in range(repeats + 1):
        products.append(min(timed(lambda: matrix @ matrix) for _ in range(20)))
        for run, took in zip(runs, seconds, strict=True):
            took.append(timed(run.compute))
        if turn == 0:
            products.clear()
            for took in seconds:
                took.clear()
    return 2 * PEAK_SIZE**3 / statistics.median(products), seconds


def timed(compute: Callable[[], object]) -> float:
    started = time.perf_counter()
    compute()
    return time.perf_counter() - started


def our_runs(folder: Path, threads: int) -> Iterator[Run]:
    """This method: published form, exact, fast and shipped."""
    for name in OURS:
        config = all_presets()[name].config()
        network = create(config).eval()
        assert isinstance(network, UpliftUpsample)
        export_onnx(network, folder / name)
        runtime = open_runtime(folder / name, threads=threads)
        spec = InputSpec.from_config(runtime.config)
        track, hop = sine_track(spec, S_IN // config.s_out), usual_hop(spec.window)
        whole, shared = (one for one in costs([name]) if one.s_in == S_IN)
        poses = len(track.times)
        yield Run(
            f"{name}, published form, torch", partial(windows_whole, network), FRAMES, whole.pose * poses
        )
        yield Run(f"{name}, exact", partial(lift_track, runtime, track, hop=1), FRAMES, shared.pose * poses)
        yield Run(
            f"{name}, fast path, hop {hop}",
            partial(lift_track, runtime, track, hop=hop),
            FRAMES,
            fast_cost(name, whole) * poses,
        )
    runtime = open_runtime("base", threads=threads)
    spec = InputSpec.from_config(runtime.config)
    track, hop = sine_track(spec, S_IN // 5), usual_hop(spec.window)
    yield Run(
        f"base (shipped), hop {hop}",
        partial(lift_track, runtime, track, hop=hop),
        FRAMES,
        fast_cost("base", None) * len(track.times),
    )


def fast_cost(name: str, whole: Cost | None) -> float:
    """Multiply-adds per pose with windows as far apart as usual."""
    fields = open_runtime("base").config if whole is None else all_presets()[name].config().model_dump()
    every = S_IN // int(fields["s_out"])
    window = int(fields["tokens"])
    seen = len(range(0, window, every))
    return embed_cost(fields) / every + uplift_cost(fields, seen, "sequence") / usual_hop(window)


def sine_track(spec: InputSpec, every: int) -> TokenTrack:
    """One person's tokens over `SECONDS`, every so many of them observed."""
    times = np.arange(0, SECONDS, spec.spacing_s)
    channels = 2 + spec.confidence + 4 * spec.hint
    joints = 21 if spec.joints == "h36m21" else 17
    phase = np.random.default_rng(0).uniform(0, 6, (joints, channels))
    poses = 0.5 * np.sin(2 * times[:, None, None] + phase)
    return TokenTrack(
        times=times, poses=poses.astype(np.float32), observed=np.arange(len(times)) % every == 0
    )


def windows_whole(network: UpliftUpsample) -> None:
    """Every output pose from a window of its own, nothing shared: `forward` on each."""
    config = network.config
    screen = torch.rand(FRAMES, config.joint_count, 2)
    centres = np.arange(0, FRAMES, config.s_out)
    source = torch.from_numpy(source_frames(centres, FRAMES, config.tokens, config.s_out))
    mask = torch.from_numpy(stride_mask(centres, config.tokens, config.s_out, S_IN))
    for start in range(0, len(centres), WINDOWS):
        part = slice(start, start + WINDOWS)
        network(screen[source[part]], mask[part])


def rival_runs() -> Iterator[Run]:
    """The others in the cheapest way that their windows allow, a 2D pose in every frame that they want."""
    for name in RIVALS:
        network = create(all_presets()[name].config()).eval()
        own = network.config.s_out
        use = min((one for one in costs([name]) if one.s_in == own), key=lambda one: one.pose)
        frames = FRAMES if network.takes_whole_clips or network.answers_all_alike else SAMPLED * own
        batches = batches_of(network, frames)
        answered = (
            sum(map(len, batches)) * network.config.tokens if network.answers_all_alike else frames // own
        )
        yield Run(
            f"{name}, {use.use}", partial(all_of, network, batches), answered * own, use.pose * answered
        )


def batches_of(network: LiftingNetwork[Any], frames: int) -> list[torch.Tensor]:
    """Input with which a network answers so many frames: a whole clip, clip by clip, or a window for each."""
    config = network.config
    poses, joints = -(-frames // config.s_out), config.joint_count
    if network.takes_whole_clips:
        return [torch.rand(1, poses + config.tokens - 1, joints, 2)]
    if network.answers_all_alike:
        return [torch.rand(-(-poses // config.tokens), config.tokens, joints, 2)]
    sizes = [min(WINDOWS, poses - start) for start in range(0, poses, WINDOWS)]
    return [torch.rand(size, config.tokens, joints, 2) for size in sizes]


def all_of(network: Callable[[torch.Tensor], object], batches: Sequence[torch.Tensor]) -> None:
    for poses in batches:
        network(poses)


if __name__ == "__main__":
    main()
