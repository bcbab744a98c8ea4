import pytest
import torch

from made_motion import H36M
from uplift3d.data.store import MotionStore, split_validation
from uplift3d.film.h36m_cameras import look_h36m
from uplift3d.model import presets
from uplift3d.model.rivals import back_project
from uplift3d.model.rivals.pstmo import pstmo_243
from uplift3d.skeletons import joint_set, reorder
from uplift3d.train import batches
from uplift3d.train.batches import Batch, ViewConfig, draw_batch, hold_ends, mirror_image, within_reach
from uplift3d.train.inputs import mirror
from uplift3d.train.sampler import MotionWindows, SamplerConfig

from .conftest import TINY

PERSON = presets.small().evolve(**TINY)
PUBLISHED = presets.uu_351().evolve(**TINY)


@pytest.fixture(scope="module")
def windows(store_path):
    store = MotionStore.open(store_path)
    return MotionWindows.from_store(store, split_validation(store)[0], SamplerConfig(), torch.device("cpu"))


def draw(windows, model=PERSON, batch=32, strides_in=None, seed=0, **views):
    random = torch.Generator().manual_seed(seed)
    return draw_batch(windows, model, ViewConfig(**views), batch, random, strides_in)


@pytest.mark.parametrize("model", [PERSON, PUBLISHED], ids=["person", "screen"])
def test_a_batch_holds_what_the_network_takes(windows, model):
    batch = draw(windows, model)
    assert batch.keypoints.shape == (32, 9, 17, 2)
    assert batch.target.shape == (32, 9, 17, 3)
    assert batch.mask.any()
    assert not batch.mask.all()
    assert batch.keypoints.isfinite().all()
    assert not batch.keypoints[~batch.mask].any()
    root = joint_set(model.joints).index("pelvis")
    assert not batch.target[:, :, root].any()
    assert batch.target[:, :, joint_set(model.joints).index("neck"), 1].mean() < -0.2  # y is down


@pytest.mark.parametrize("model", [PERSON, PUBLISHED], ids=["person", "screen"])
def test_within_a_batch_every_example_has_its_mirror_image(windows, model):
    batch = draw(windows, model, mirror="within_batch")
    joints = model.joints
    assert torch.equal(batch.keypoints[16:], mirror(batch.keypoints[:16], joints))
    assert torch.equal(batch.target[16:], mirror(batch.target[:16], joints))
    assert torch.equal(batch.mask[16:], batch.mask[:16])
    assert torch.equal(batch.counted[16:], batch.counted[:16])
    assert torch.equal(batch.root_depth_m[16:], batch.root_depth_m[:16])
    assert not torch.equal(batch.keypoints[0], batch.keypoints[1])


def test_the_draws_are_those_of_earlier_runs(windows):
    """Stored once; a run that goes on must see what it would have seen."""
    batch = draw(windows, batch=4)
    head_top = H36M.index("head_top")
    assert batch.mask[0].tolist() == [False] + 7 * [True] + [False]
    seen = [[0.059583, -0.598861], [0.069695, -0.626588], [0.078117, -0.663074]]
    torch.testing.assert_close(batch.keypoints[0, 1:4, head_top], torch.tensor(seen), atol=1e-5, rtol=0)
    answers = [[0.083240, -0.690645, -0.132609], [0.023795, -0.867335, -0.349404]]
    torch.testing.assert_close(batch.target[:2, 4, head_top], torch.tensor(answers), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("model", "mirror", "sums"),
    [
        (PERSON, "within_batch", [-178.012125, 152, -285.347814, 246]),
        (PERSON, "random", [-165.952869, 183, -255.861387, 251]),
        (PUBLISHED, "within_batch", [201.32265, 202, -250.347356, 288]),
        (PUBLISHED, "random", [-595.141307, 224, -239.488499, 288]),
    ],
)
def test_so_are_those_of_every_kind(windows, model, mirror, sums):
    """Sums over a batch, stored before batches knew their camera."""
    batch = draw(windows, model, mirror=mirror)
    drawn = [
        part.double().sum().item() for part in (batch.keypoints, batch.mask, batch.target, batch.counted)
    ]
    assert drawn == pytest.approx(sums, rel=1e-4)


SCREEN = pstmo_243().evolve(frames=27, strides=(3, 3, 3), s_out=5)


@pytest.mark.parametrize("camera", [{}, {"cameras": "h36m"}], ids=["ranges", "h36m"])
@pytest.mark.parametrize("mirror", ["none", "within_batch", "random"])
def test_camera_and_depth_are_those_that_the_keypoints_were_seen_with(windows, camera, mirror):
    views = {"camera": camera, "noise": None, "mirror": mirror, "switch_rate": 0}
    batch = draw(windows, SCREEN, batch=64, **views)
    each = batch.camera[:, None].expand(-1, 27, -1)
    again = back_project(batch.target, batch.keypoints, each, batch.root_depth_m, "h36m17")
    in_front = (batch.target[..., 2] + batch.root_depth_m[..., None] > 0.3).all(-1)
    straight = 0.01 if camera else 1e-5  # metres: refinement does without the distortion of real lenses
    assert in_front.float().mean() > 0.9
    assert (again - batch.target)[in_front].norm(dim=-1).mean() < straight
    assert (batch.camera[:, 2] != 0).all() == bool(camera)


def test_in_a_mirror_the_principal_point_changes_sides(random):
    keypoints = torch.rand((5, 9, 17, 2), generator=random)
    camera = torch.tensor([2.0, 2.1, 0.5, 0.2]).expand(5, -1)
    target = torch.randn((5, 9, 17, 3), generator=random)
    depth = torch.full((5, 9), 4.0)
    mask = torch.ones((5, 9), dtype=torch.bool)

    def projected(batch):
        each = batch.camera[:, None].expand(-1, 9, -1)
        return back_project(batch.target, batch.keypoints, each, batch.root_depth_m, "h36m17")

    batch = Batch(keypoints, mask, target, mask[..., None].expand(5, 9, 17), mask, camera, depth)
    image = mirror_image(batch, "h36m17")
    torch.testing.assert_close(projected(image), mirror(projected(batch), "h36m17"))


def test_without_a_detector_the_network_gets_the_projections(windows, monkeypatch):
    """Of every joint where Human3.6M's cameras project it: detectors put the torso half-way, for one."""
    seen = []

    def look(*arguments):
        seen.append(look_h36m(*arguments))
        return seen[0]

    monkeypatch.setattr(batches, "look_h36m", look)
    views = {"camera": {"cameras": "h36m"}, "noise": None, "mirror": "none", "switch_rate": 0}
    batch = draw(windows, PUBLISHED.evolve(joints="h36m17"), strides_in=(5,), **views)
    inside = (batch.target == seen[0].targets).flatten(2).all(-1)  # what is beyond the clip's ends is held
    assert 0.5 < inside.float().mean() < 1
    assert torch.equal(batch.keypoints[inside], seen[0].keypoints[inside])
    assert batch.mask.all()
    pelvis, torso, neck = (H36M.index(name) for name in ("pelvis", "torso", "neck"))
    half_way = (batch.keypoints[:, :, pelvis] + batch.keypoints[:, :, neck]) / 2
    assert (batch.keypoints[:, :, torso] - half_way).abs().amax() > 1e-3


def test_an_odd_batch_lacks_one_mirror_image(windows):
    batch = draw(windows, batch=7)
    assert {len(part) for part in vars(batch).values()} == {7}


def test_at_random_about_half_of_the_examples_are_mirrored(windows):
    plain, mixed = draw(windows, batch=200, mirror="none"), draw(windows, batch=200, mirror="random")
    keypoints, target = (mirror(part, "h36m17") for part in (plain.keypoints, plain.target))
    same = (mixed.target == plain.target).flatten(1).all(1)
    other = (mixed.target == target).flatten(1).all(1)
    assert (same ^ other).all()
    assert 0.35 < other.float().mean() < 0.65
    assert torch.equal(mixed.keypoints, torch.where(other[:, None, None, None], keypoints, plain.keypoints))


def test_the_joint_order_is_the_network_s(windows):
    ours, theirs = (draw(windows, PERSON.evolve(joints=name), mirror="none") for name in ("h36m17", "uu17"))
    order = reorder("h36m17", "uu17").tolist()
    assert torch.equal(theirs.keypoints, ours.keypoints[:, :, order])
    assert torch.equal(theirs.target, ours.target[:, :, order])


def test_strides_come_from_the_network_unless_given(windows):
    clean = {"noise": {"missed_rate": 0, "lost_rate": (0, 0), "lost_outside": 0}, "switch_rate": 0}
    for stride, wanted in (((5,), 1.0), ((10,), 0.5)):
        batch = draw(windows, batch=256, strides_in=stride, **clean)
        inside = batch.counted.all(1)
        assert batch.mask[inside].float().mean().item() == pytest.approx(wanted, abs=0.06)
    shares = draw(windows, batch=256, **clean).mask.float().mean(1)
    assert (shares > 0.9).any()
    assert (shares < 0.6).any()


def test_nothing_beyond_the_clip_counts_or_is_a_pose(windows):
    batch = draw(windows, batch=256)
    assert not batch.counted.all()
    assert not (batch.mask & ~batch.counted).any()


def test_published_edges_repeat_and_count(windows):
    batch = draw(windows, PUBLISHED, batch=256, strides_in=(5,), noise={"missed_rate": 0, "lost_outside": 0})
    still = (batch.target[:, 1:] == batch.target[:, :-1]).flatten(2).all(-1)
    assert still.any()
    repeated = batch.mask[:, 1:] & batch.mask[:, :-1] & still
    assert repeated.any()
    same = batch.keypoints[:, 1:][repeated] == batch.keypoints[:, :-1][repeated]
    assert same.all()  # noise included: it is the same detection


def test_hold_ends_repeats_the_nearest_token_inside():
    inside = torch.tensor([[False, True, True, False, False], [True, True, True, True, True]])
    values = torch.arange(5).repeat(2, 1)
    assert hold_ends(values, inside).tolist() == [[1, 1, 2, 2, 2], [0, 1, 2, 3, 4]]
    assert hold_ends(values[..., None].expand(2, 5, 3), inside).shape == (2, 5, 3)


@pytest.mark.parametrize("reach", [0, 1, 2, 20])
def test_within_reach_is_the_distance_to_the_nearest_pose(reach, random):
    mask = torch.rand(50, 9, generator=random) < 0.2
    place = torch.arange(9)
    distance = torch.where(mask[:, None], (place[:, None] - place).abs(), 99).amin(-1)
    assert torch.equal(within_reach(mask, reach), distance <= reach)


def test_a_network_without_upsampling_token_gets_a_pose_at_every_token(windows):
    model = PERSON.evolve(masked_tokens=False, deferred_depth=0)
    batch = draw(windows, model, batch=64)
    assert batch.mask.all()
    poses = batch.keypoints.flatten(2).any(-1)
    assert poses[batch.counted].float().mean() > 0.8


def test_mixed_precision_leaves_geometry_alone(windows):
    plain = draw(windows)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = draw(windows)
    for one, other in zip(vars(plain).values(), vars(mixed).values(), strict=True):
        assert torch.equal(one, other)


def test_no_gradient_is_recorded(windows):
    assert not draw(windows).keypoints.requires_grad
