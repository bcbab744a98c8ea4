"""Fixtures shared by all tests."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from uplift3d.types import Motion3D

ROOT = Path(__file__).resolve().parent.parent

# A busy machine must not fail a test, nor a run find what the one before did not: examples are the same each
# time and may take long. `pytest --hypothesis-profile=explore` looks for new ones.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", patient, max_examples=1000)
settings.register_profile("steady", patient, derandomize=True)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def golden_dir() -> Path:
    """Stored inputs and outputs of the published implementations, copied into the repository."""
    return ROOT / "tests" / "golden"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder with videos and motion capture beside the checkout; tests that need it skip without it."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("needs the shared data folder beside the checkout (videos, motion capture)")
    return folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stem of a small network with random weights (always the same): checkpoint and both ONNX graphs."""
    import torch

    from uplift3d.model import create, presets, save_checkpoint
    from uplift3d.model.onnx_export import export_onnx

    config = presets.small().evolve(spatial_width=8, spatial_depth=1, temporal_width=32, temporal_depth=2)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = create(config).eval()
        for weight in model.parameters():
            if weight.ndim > 1:
                torch.nn.init.normal_(
                    weight, std=weight.shape[-1] ** -0.5
                )  # answers that depend on the input
    stem = tmp_path_factory.mktemp("model") / "tiny"
    save_checkpoint(model, f"{stem}.safetensors")
    export_onnx(model, stem)
    return stem


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def walk() -> Motion3D:
    """Two people walking on the spot for 2 s at 25 Hz; the second (track 7) leaves half a second early.

    Limbs are rigid and swing as sines, so bone lengths are constant and the gait repeats every second. Every
    tenth frame counts as measured.
    """
    times = 0.5 + np.arange(50) / 25
    pose = np.zeros((2, 50, 17, 3))
    for person, late in enumerate((0.0, 0.3)):
        swing = 0.5 * np.sin(2 * np.pi * (times + late))
        for left, side in ((False, -1.0), (True, 1.0)):  # seen from the front, their left is image right
            hip, shoulder = (4, 11) if left else (1, 14)
            pose[person, :, hip] = [0.13 * side, 0, 0]
            pose[person, :, shoulder] = [0.17 * side, -0.48, 0]
            for joint, angle, length in ((hip, swing * side, 0.44), (shoulder, -swing * side, 0.27)):
                bone = length * np.stack([0 * angle, np.cos(angle), -np.sin(angle)], -1)
                pose[person, :, joint + 1] = pose[person, :, joint] + bone
                pose[person, :, joint + 2] = pose[person, :, joint + 1] + bone
        pose[person, :, 7:11, 1] = [-0.25, -0.52, -0.6, -0.72]
    pose[1, 37:] = np.nan
    observed = np.zeros((2, 50), dtype=bool)
    observed[:, ::10] = True
    observed &= np.isfinite(pose).all(axis=(-1, -2))
    return Motion3D(pose, times, None, observed, [3, 7], meta={"made_by": "tests/conftest.py"})
