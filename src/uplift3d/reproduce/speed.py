"""How fast this machine lifts and detects, for table 4: medians of a few repeats after one to warm up."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch

from uplift3d.detect.cpn.network import CPN, CPNConfig
from uplift3d.evaluate.flops import pose_tokens
from uplift3d.model import ModelConfig, UpliftUpsample

CPN_SIZE = (384, 288)
MEAN_COLOUR = 0.45
REPEATS = 5


def device() -> torch.device:
    """Where networks run: the GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def machine() -> str:
    """What was timed on, in words."""
    if device().type == "cuda":
        return torch.cuda.get_device_name()
    return f"{_processor()}, {torch.get_num_threads()} thread(s)"


def _processor() -> str:
    """The processor's name, which Python itself does not know on Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


@torch.inference_mode()
def seconds_per_pose(config: ModelConfig, s_in: int, windows: int = 8, repeats: int = REPEATS) -> float:
    """Time for one output pose, embedded poses shared between windows, no flip (fresh weights).

    Args:
        config: the network.
        s_in: frames between 2D poses.
        windows: computed at a time, and poses that are embedded at a time.
        repeats: of the measurement.
    """
    where = device()
    network = UpliftUpsample(config).eval().to(where)
    # Zeros would be a special case for the processor.
    keypoints = 2 * torch.rand(windows, config.joint_count, 2, device=where) - 1
    slots = torch.arange(0, config.tokens, s_in // config.s_out, device=where).expand(windows, -1)
    tokens = torch.randn(windows, pose_tokens(config, s_in), config.temporal_width, device=where)
    embedding = _seconds(lambda: network.embed(keypoints), repeats)
    uplifting = _seconds(lambda: network.uplift(tokens, slots), repeats)
    return (uplifting + embedding * config.s_out / s_in) / windows


@torch.inference_mode()
def seconds_per_detection(repeats: int = REPEATS) -> float:
    """Time for the CPN (ResNet-50, 384 × 288) on one person in one image, no flip (fresh weights)."""
    where = device()
    network = CPN(CPNConfig()).eval().to(where)
    image = torch.rand(1, 3, *CPN_SIZE, device=where) - MEAN_COLOUR
    return _seconds(lambda: network(image), repeats)


def _seconds(compute: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats + 1):
        _wait()
        start = time.perf_counter()
        compute()
        _wait()
        times.append(time.perf_counter() - start)
    return median(times[1:])


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
