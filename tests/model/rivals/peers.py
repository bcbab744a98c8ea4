"""Stored inputs and outputs of the rivals' authors, and helpers that tests of several rivals share."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from uplift3d.model import load_checkpoint
from uplift3d.skeletons import joint_set

PEERS = Path(__file__).parent.parent.parent / "golden" / "peers"


class Peer:
    """A folder (or one `io…npz` of it) with inputs and outputs, and the tolerance that its README gives."""

    def __init__(self, arrays: str) -> None:
        self.folder = (PEERS / arrays).parent
        self.arrays = np.load(PEERS / arrays)
        self.atol = 2e-6 if "lowvar" in arrays else 2e-5

    def __getitem__(self, key: str) -> Tensor:
        return torch.from_numpy(self.arrays[key])

    def load(self, pattern: str, **config: object) -> nn.Module:
        (path,) = self.folder.glob(pattern)
        return load_checkpoint(path, config or None)

    def check(self, actual: Tensor, key: str) -> None:
        """Compare with a stored array, whose axes of length 1 do not count."""
        stored = self.arrays[key]
        assert actual.squeeze().shape == stored.squeeze().shape
        atol = 1e-12 if stored.dtype == np.float64 else self.atol
        np.testing.assert_allclose(
            actual.numpy().reshape(stored.shape), stored, rtol=0, atol=atol, err_msg=key
        )


def stored(pattern: str) -> list[str]:
    """Names of all stored arrays that fit a pattern, so that files added later are tested too."""
    return sorted(str(path.relative_to(PEERS)) for path in PEERS.glob(pattern))


def random_keypoints(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, 2, generator=torch.Generator().manual_seed(seed))


def shaken(model: nn.Module, seed: int = 0) -> nn.Module:
    """Give a fresh network weights and running statistics that differ visibly from their initial ones."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in [*model.named_parameters(), *model.named_buffers()]:
            if value.is_floating_point() and not name.endswith("graph"):  # which is no weight
                value.add_(0.1 * torch.rand(value.shape, generator=generator))
    return model.eval()


def mirrored(poses: Tensor, joints: str) -> Tensor:
    """Mirror 2D or 3D poses (…, J, 2 or 3) of a joint set: negate x, swap left and right."""
    order = torch.tensor(joint_set(joints).mirror)
    sign = torch.ones(poses.shape[-1], dtype=poses.dtype)
    sign[0] = -1
    return poses.index_select(-2, order) * sign


def flip_average(model: nn.Module, keypoints: Tensor) -> tuple[Tensor | None, Tensor]:
    """Answer as `model(keypoints)`, averaged with the mirrored answer to the mirrored input."""
    joints = model.config.joints
    sequence, centre = model(keypoints)
    other_sequence, other_centre = model(mirrored(keypoints, joints))
    if sequence is not None:
        sequence = (sequence + mirrored(other_sequence, joints)) / 2
    return sequence, (centre + mirrored(other_centre, joints)) / 2
