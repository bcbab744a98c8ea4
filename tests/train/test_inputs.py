import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from uplift3d import camera, normalise
from uplift3d.train.inputs import mirror, normalise_person, normalise_screen, usable_poses

seeds = st.integers(0, 2**32 - 1)
spacings_s = st.sampled_from([0.04, 0.1, 0.5, 5.0])


def window(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two windows: positions (2, 9, 17, 2) in pixels, seen (2, 9, 17), key-frames (2, 9)."""
    rng = np.random.default_rng(seed)
    positions = rng.normal(rng.uniform(0, 1000), rng.uniform(1, 300), (2, 9, 17, 2)).astype(np.float32)
    return positions, rng.random((2, 9, 17)) < rng.uniform(0.3, 1.1), rng.random((2, 9)) < rng.uniform(0, 1.1)


@given(seeds, spacings_s)
def test_person_input_is_the_numpy_twin_s(seed, spacing_s):
    positions, seen, chosen = window(seed)
    known = torch.from_numpy(seen)
    observed = torch.from_numpy(chosen) & usable_poses(known, "h36m17")
    ours = normalise_person(torch.from_numpy(positions), known, observed, "h36m17", spacing_s)
    for row in range(2):
        pixels = np.where((seen & chosen[..., None])[row][..., None], positions[row], np.nan)
        poses, usable = normalise.normalise_person(pixels, "h36m17", spacing_s)
        np.testing.assert_allclose(ours[row].numpy(), poses, atol=1e-4)
        np.testing.assert_array_equal(observed[row].numpy(), usable)


@given(seeds)
def test_screen_input_is_the_numpy_twin_s(seed):
    """The camera's half image widths from the centre are what the published input computes from pixels."""
    positions, seen, chosen = window(seed)
    size = (1280, 720)
    screen = torch.from_numpy(camera.normalise_screen(positions, size)).float()
    ours = normalise_screen(screen, torch.from_numpy(seen), torch.from_numpy(chosen))
    for row in range(2):
        pixels = np.where((seen & chosen[..., None])[row][..., None], positions[row], np.nan)
        np.testing.assert_allclose(ours[row].numpy(), normalise.normalise_screen(pixels, size)[0], atol=1e-5)


@pytest.mark.parametrize("channels", [2, 3, 6, 7])
@pytest.mark.parametrize("joints", ["h36m17", "uu17"])
def test_the_mirror_image_is_the_numpy_twin_s(joints, channels):
    poses = torch.randn(2, 5, 17, channels)
    np.testing.assert_array_equal(mirror(poses, joints).numpy(), normalise.mirror(poses.numpy(), joints))
