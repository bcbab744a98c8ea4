import csv
import io
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from uplift3d.detect.cpn.network import CPNConfig, ResidualNet
from uplift3d.errors import InputError
from uplift3d.evaluate.flops import (
    PAPER_MFLOPS,
    Cost,
    as_csv,
    as_table,
    costs,
    cpn_cost,
    multiply_adds,
    parameters,
    pose_tokens,
)
from uplift3d.lift.offline import usual_hop
from uplift3d.model import create, presets
from uplift3d.model.catalogue import all_presets
from uplift3d.model.layers import Block, StridedBlock
from uplift3d.model.rivals.videopose3d import VideoPose3D, videopose3d_27

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cost.md"
ON_THE_PAGE = (
    "uu-351",
    "uu-81",
    "base-351",
    "small",
    "videopose3d-243",
    "poseformer-81",
    "strided-transformer-351",
    "pstmo-243",
    "ugcn-96",
    "motionbert-243",
)
REFERENCE_M = {
    ("uu-351", 5): 524,
    ("uu-351", 10): 495,
    ("uu-351", 20): 480,
    ("uu-81", 4): 280,
    ("uu-81", 20): 266,
}
"""Million multiply-adds for one output pose, without what only other poses need."""
PAPER = [(name, s_in, mflops) for name, row in PAPER_MFLOPS.items() for s_in, mflops in row.items()]


@pytest.fixture(scope="module")
def found() -> list[Cost]:
    return costs([*ON_THE_PAGE, "videopose3d-27"])


@pytest.fixture(scope="module")
def detection() -> float:
    return cpn_cost()


@pytest.fixture(scope="module")
def one(found):
    """The cost of a model at a stride, in one use."""

    def pick(model, s_in, use="own window"):
        (cost,) = [c for c in found if (c.model, c.s_in) == (model, s_in) and c.use.startswith(use)]
        return cost

    return pick


# by hand


def test_one_temporal_block_by_hand():
    N, C = 71, 384  # tokens and channels of uu-351; the MLP is twice as wide
    projections = 4 * N * C * C  # queries, keys, values, output
    attention = 2 * N * N * C  # logits and their use, summed over heads
    mlp = 2 * N * C * (2 * C)
    by_hand = projections + attention + mlp
    assert by_hand == 87_626_496
    block = Block(C, 8, 2.0, activation=F.relu).eval()
    assert multiply_adds(partial(block, torch.zeros(1, N, C))) == by_hand


def test_the_first_block_saves_keys_and_values_of_upsampling_tokens():
    N, M, C = 71, 18, 384  # 18 pose tokens are attended to
    by_hand = 2 * N * C * C + 2 * M * C * C + 2 * N * M * C + 4 * N * C * C
    block = Block(C, 8, 2.0, activation=F.relu).eval()
    assert multiply_adds(lambda: block(torch.zeros(1, N, C), None, torch.zeros(1, M, C))) == by_hand


def test_one_strided_block_by_hand():
    N, C, shorter = 71, 384, 23  # stride 3, nothing padded
    by_hand = 4 * N * C * C + 2 * N * N * C + N * C * (2 * C) + shorter * 3 * (2 * C) * C
    block = StridedBlock(N, C, 8, 2.0, stride=3, padding=(0, 0)).eval()
    assert multiply_adds(partial(block, torch.zeros(1, N, C))) == by_hand


# against the publication


@pytest.mark.parametrize(("model", "s_in", "mflops"), PAPER)
def test_a_window_agrees_with_table_4_of_the_paper(one, model, s_in, mflops):
    flops = 2 * one(model, s_in).window / 1e6
    assert flops == pytest.approx(mflops, rel=0.011)
    assert flops < mflops  # the paper's counts have something on top: docs/cost.md


@pytest.mark.parametrize(("model", "s_in"), REFERENCE_M)
def test_a_window_without_its_sequence_is_the_known_cost_of_a_pose(one, model, s_in):
    config: Any = all_presets()[model].config()
    sequence_head = config.tokens * config.temporal_width * 17 * 3
    known = REFERENCE_M[model, s_in]
    assert (one(model, s_in).window - sequence_head) / 1e6 == pytest.approx(known, abs=0.5)


@pytest.mark.parametrize("s_in", [10, 20])
def test_longer_strides_save_embeddings_in_the_paper_and_no_keys(one, s_in):
    """Masked poses are not embedded, but keys and values of upsampling tokens are computed."""
    saved = PAPER_MFLOPS["uu-351"][5] - PAPER_MFLOPS["uu-351"][s_in]
    ours = 2 * (one("uu-351", 5).window - one("uu-351", s_in).window) / 1e6
    assert saved == pytest.approx(ours, rel=0.08)
    tokens = 71 - 71 * 5 / s_in
    keys = 2 * tokens * (2 * 384**2 + 2 * 71 * 384) / 1e6
    assert saved < 0.8 * (ours + keys)


def test_parameters_are_the_published_ones(one):
    published_m = {
        "uu-351": 10.40,
        "videopose3d-243": 16.95,
        "videopose3d-27": 8.56,
        "motionbert-243": 42.5,
    }
    for model, millions in published_m.items():
        cost = one(model, all_presets()[model].config().s_out)
        assert cost.parameters / 1e6 == pytest.approx(millions, rel=0.002)


# against other counts


def test_a_window_is_what_the_network_does_with_a_mask(one):
    config = presets.uu_81()
    network = create(config).eval()
    mask = torch.zeros(1, config.tokens, dtype=torch.bool)
    mask[:, ::2] = True  # s_in 4: every other token
    counted = multiply_adds(partial(network, torch.zeros(1, config.tokens, 17, 2), mask))
    assert one("uu-81", 4).window == counted


@pytest.mark.parametrize("every", [1, 2, 4, 5, 10])
def test_no_window_holds_more_poses_than_are_counted(every):
    config = presets.uu_81()
    held = [len(range(first, config.tokens, every)) for first in range(every)]
    assert pose_tokens(config, config.s_out * every) == max(held)


def test_shared_tokens_are_embedded_once_and_unread_answers_left_out(one):
    config = presets.uu_351()
    network = create(config).eval()
    embedding = multiply_adds(partial(network.embed, torch.zeros(1, 17, 2)))
    uplift = partial(network.uplift, torch.zeros(1, 36, 384), torch.arange(36)[None])  # every other token
    cost = one("uu-351", 10, "shared tokens")
    assert cost.pose == embedding / 2 + multiply_adds(uplift) - 71 * 384 * 51  # less the sequence head
    assert cost.video_frame == cost.pose / 5


def test_longer_hops_divide_the_window(one):
    config = presets.small().evolve(strided=(), paddings=())  # nothing reads the strided blocks
    network = create(config).eval()
    width = config.temporal_width
    embedding = multiply_adds(partial(network.embed, torch.zeros(1, 17, 2)))
    uplift = partial(network.uplift, torch.zeros(1, 71, width), torch.arange(71)[None])
    window = multiply_adds(uplift) - width * 51  # less the centre head
    assert one("small", 5, "shared tokens, hop").pose == pytest.approx(embedding + window / usual_hop(71))


def test_each_weight_of_videopose3d_is_used_once_per_frame_of_a_clip(one):
    network = VideoPose3D(videopose3d_27())
    weights = sum(
        module.weight.numel() for module in network.modules() if isinstance(module, torch.nn.Conv1d)
    )
    assert one("videopose3d-27", 1, "whole clip").pose == weights


def test_networks_that_answer_all_frames_share_a_window(one):
    assert one("motionbert-243", 1, "clip").pose == one("motionbert-243", 1).window / 243
    assert one("ugcn-96", 1, "clip").pose == one("ugcn-96", 1).window / 96


def test_rivals_between_key_frames_cost_nothing(one):
    dense, sparse = one("pstmo-243", 2), one("pstmo-243", 20, "own window, 3D")
    assert dense.video_frame == dense.window / 2
    assert sparse.video_frame == sparse.window / 20


def test_the_device_does_not_matter():
    with torch.device("meta"):
        network = create(presets.small()).eval()
        there = multiply_adds(partial(network.embed, torch.zeros(3, 17, 2)))
    assert there == multiply_adds(partial(create(presets.small()).eval().embed, torch.zeros(3, 17, 2)))


def test_the_detectors_backbone_costs_what_a_resnet_50_does():
    with torch.device("meta"):
        network = ResidualNet(CPNConfig()).eval()
        counted = multiply_adds(partial(network, torch.empty(1, 3, 224, 224)))
    assert counted / 1e9 == pytest.approx(4.09, abs=0.005)


def test_a_detector_is_paid_on_key_frames_only(one, detection):
    cost = one("uu-351", 20)
    assert cost.with_detector(detection) == cost.video_frame + detection / 20


# the table


def test_all_published_networks_are_there_and_counted_at_all_their_strides(found):
    for name in ON_THE_PAGE:
        assert set(all_presets()[name].config().strides_in) <= {
            cost.s_in for cost in found if cost.model == name
        }


def test_an_unknown_model_is_answered_with_the_known_ones():
    with pytest.raises(InputError, match="no model is called 'uu_351'; there are small, base-351, uu-351"):
        costs(["small", "uu_351"])


def test_counting_leaves_random_numbers_alone():
    before = torch.random.get_rng_state()
    costs(["small"])
    assert torch.equal(torch.random.get_rng_state(), before)


def test_csv_has_the_whole_counts(found, detection):
    rows = list(csv.DictReader(io.StringIO(as_csv(found, detection))))
    assert len(rows) == len(found)
    for row, cost in zip(rows, found, strict=True):
        assert (row["model"], row["use"], int(row["s_in"])) == (cost.model, cost.use, cost.s_in)
        assert int(row["parameters"]) == cost.parameters
        assert float(row["window_multiply_adds"]) == pytest.approx(cost.window, abs=1)
        assert float(row["video_frame_with_cpn_multiply_adds"]) == pytest.approx(
            cost.with_detector(detection), abs=1
        )


def test_the_page_shows_what_is_counted(found, detection):
    shown = [cost for cost in found if cost.model in ON_THE_PAGE]
    assert as_table(shown, detection).markdown() in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(("model", "s_in", "mflops"), PAPER)
def test_the_page_compares_with_the_paper(one, model, s_in, mflops):
    flops = 2 * one(model, s_in).window / 1e6
    assert f"| {model} | {s_in} | {flops:.0f} | {mflops} | {flops / mflops - 1:+.1%} |" in PAGE.read_text(
        encoding="utf-8"
    )


def test_parameters_leave_out_running_means():
    assert parameters(torch.nn.BatchNorm1d(5)) == 10
