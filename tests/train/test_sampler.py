import numpy as np
import pytest
import torch

from uplift3d.data.store import MotionStore, split_validation
from uplift3d.errors import InputError
from uplift3d.train.sampler import MotionWindows, SamplerConfig, draw_masks

CPU = torch.device("cpu")


def ramps(*frames: int, weights: tuple[float, ...] | None = None) -> MotionWindows:
    """Clips whose joints all stand at (clip number, frame number, 0)."""
    lengths = torch.tensor(frames)
    rows = [torch.tensor([clip, frame, 0.0]) for clip, n in enumerate(frames) for frame in range(n)]
    return MotionWindows(
        joints="h36m17",
        positions=torch.stack(rows)[:, None].repeat(1, 17, 1),
        starts=lengths.cumsum(0) - lengths,
        frames=lengths,
        weights=lengths * torch.tensor(weights or (1.0,) * len(frames)),
    )


def draw(windows, random, batch=500, tokens=9, speed=(1.0, 1.0)):
    positions, inside = windows.draw(batch, tokens, 0.1, speed, random)
    assert positions.shape == (batch, tokens, 17, 3)
    return positions[:, :, 0], inside


def test_windows_are_regular_in_time_and_stay_in_their_clip(random):
    places, inside = draw(ramps(100, 30, 60), random)
    assert (places[..., 0] == places[:, :1, 0]).all()  # one clip, also when interpolated
    both = inside[:, 1:] & inside[:, :-1]
    torch.testing.assert_close(
        (places[:, 1:, 1] - places[:, :-1, 1])[both], torch.full((int(both.sum()),), 5.0), atol=1e-3, rtol=0
    )


def test_beyond_the_ends_the_last_pose_is_held_and_not_inside(random):
    places, inside = draw(ramps(21), random)
    frame = places[..., 1]
    assert (frame[~inside] % 20 == 0).all()
    centre = frame[:, 4:5]
    wanted = centre + 5 * (torch.arange(9) - 4)
    # Whether the very ends are inside is a matter of rounding.
    clear = (wanted.abs() > 1e-3) & ((wanted - 20).abs() > 1e-3)
    assert torch.equal(inside[clear], ((wanted > 0) & (wanted < 20))[clear])
    assert inside[:, 4].all()


def test_centres_fall_between_frames_and_everywhere(random):
    places, _ = draw(ramps(101), random, batch=5000)
    centre = places[:, 4, 1]
    assert centre.min() < 1
    assert centre.max() > 99
    assert centre.mean().item() == pytest.approx(50, abs=1.5)
    assert ((centre % 1) > 0.01).float().mean() > 0.9


def test_speed_stretches_time(random):
    places, inside = draw(ramps(2000), random, speed=(0.5, 2.0))
    whole = inside.all(1)
    step = (places[:, 1:, 1] - places[:, :-1, 1])[whole] / 5
    assert step.max() < 2.01
    assert step.min() > 0.49
    assert step[:, 0].log2().mean().item() == pytest.approx(0, abs=0.1)


def test_frames_of_all_clips_are_equally_likely_unless_weighted(random):
    places, _ = draw(ramps(300, 100), random, batch=4000)
    assert (places[:, 0, 0] == 1).float().mean().item() == pytest.approx(0.25, abs=0.03)
    places, _ = draw(ramps(300, 100, weights=(1.0, 6.0)), random, batch=4000)
    assert (places[:, 0, 0] == 1).float().mean().item() == pytest.approx(2 / 3, abs=0.03)


def test_a_clip_of_one_frame_can_be_drawn_even_at_the_end(random):
    places, inside = draw(ramps(1), random)
    assert (places == 0).all()
    assert torch.equal(inside, (torch.arange(9) == 4).expand(500, 9))


def test_the_same_generator_gives_the_same_windows():
    first, second = (draw(ramps(100, 50), torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(first[0], second[0])


def test_a_store_s_clips_end_to_end(store_path, random):
    store = MotionStore.open(store_path)
    training, held_out = split_validation(store)
    assert {store.clips[i].dataset for i in held_out} == {"bandai-1", "cmu-bvh"}
    windows = MotionWindows.from_store(store, training, SamplerConfig(dataset_weights={"cmu-bvh": 4}), CPU)
    for place, index in enumerate(training):
        start, frames = int(windows.starts[place]), int(windows.frames[place])
        np.testing.assert_array_equal(windows.positions[start : start + frames].numpy(), store[index][:, :17])
        weight = 4 if store.clips[index].dataset == "cmu-bvh" else 1
        assert windows.weights[place] == weight * frames
    positions, _ = windows.draw(64, 9, 0.1, (0.8, 1.25), random)
    assert positions.isfinite().all()


def test_an_unknown_data_set_and_an_empty_split_are_named(store_path):
    store = MotionStore.open(store_path)
    with pytest.raises(
        InputError, match=r"views\.sampler\.dataset_weights names cmu; the store has bandai-1"
    ):
        MotionWindows.from_store(store, [0], SamplerConfig(dataset_weights={"cmu": 4}), CPU)
    with pytest.raises(InputError, match="no clips in this split"):
        MotionWindows.from_store(store, [], SamplerConfig(), CPU)


@pytest.mark.parametrize("every", [1, 2, 3, 4, 10])
def test_masks_are_the_published_ones_at_their_shifts_all_equally_often(random, every):
    masks = draw_masks(4000, 71, [every], 0.0, CPU, random)
    slots = np.arange(71) - 71 // 2
    # Shifts from -k to k, k = ceil((every - 1) / 2), without the last one for even numbers.
    published = [(slots + shift) % every == 0 for shift in range(-(every // 2), every - every // 2)]
    places = {mask.tobytes(): place for place, mask in enumerate(published)}
    assert len(places) == every
    counts = np.bincount([places[mask.tobytes()] for mask in masks.numpy()], minlength=every)
    np.testing.assert_allclose(counts / 4000, 1 / every, atol=0.03)


def test_every_stride_is_drawn(random):
    masks = draw_masks(3000, 71, [1, 2, 4], 0.0, CPU, random)
    spacing = [int(np.diff(np.flatnonzero(mask))[0]) for mask in masks.numpy()]
    assert set(spacing) == {1, 2, 4}
    np.testing.assert_allclose(np.bincount(spacing)[[1, 2, 4]] / 3000, 1 / 3, atol=0.03)


def test_a_share_of_the_windows_changes_its_stride_once(random):
    masks = draw_masks(2000, 71, [1, 4], 0.5, CPU, random).numpy()
    spacings = [np.diff(np.flatnonzero(mask)) for mask in masks]
    mixed = np.mean([{1, 4} <= set(s) for s in spacings])
    assert 0.18 < mixed < 0.27  # half of the switches change the stride, some too near an end to show
    assert draw_masks(2000, 71, [4], 0.0, CPU, random).sum(1).max() <= 18
