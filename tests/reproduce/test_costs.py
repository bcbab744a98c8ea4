"""Arithmetic counted three ways: by hand, by torch, and by the paper."""

import pytest

from uplift3d.model import create, presets
from uplift3d.reproduce import published
from uplift3d.reproduce.costs import counted, counted_by_hand, per_video_frame

LAYOUTS = {81: presets.uu_81, 351: presets.uu_351}


@pytest.mark.parametrize(("frames", "stride"), published.TABLE_4)
def test_the_published_arithmetic_agrees_with_the_paper(frames, stride):
    ours = counted_by_hand(LAYOUTS[frames](), stride, full_first_block=True)
    assert ours / 1e6 == pytest.approx(published.TABLE_4[frames, stride][0], rel=0.03)


@pytest.mark.parametrize(("frames", "stride"), [(81, 10), (351, 20)])
def test_torch_counts_what_is_counted_by_hand(frames, stride):
    config = LAYOUTS[frames]()
    network = create(config).eval()
    assert counted(network, stride) == counted_by_hand(config, stride)


def test_shared_embedding_leaves_one_pose_per_key_frame_and_one_window_per_answer():
    config = presets.uu_351().evolve(spatial_depth=0)
    embedding = 2 * 17 * 2 * 384
    window = counted_by_hand(config, 20) - 18 * embedding
    assert per_video_frame(config, 20) == pytest.approx(embedding / 20 + window / 5)
