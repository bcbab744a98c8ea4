import numpy as np
import pytest

from made_motion import moving
from uplift3d.data.store import Clip, MotionStore, write_store
from uplift3d.errors import InputError
from uplift3d.film import held_out
from uplift3d.film.held_out import Piece, film, pieces_of, virtual_videos
from uplift3d.film.noise import NoiseConfig

NOTHING = {"white_mm": (0, 0), "drift_mm": (0, 0), "bias_mm": 0, "lost_rate": (0, 0)}
CLEAN = NoiseConfig(**NOTHING, outlier_rate=0, lost_outside=0, swap_rate=0, missed_rate=0)


@pytest.fixture
def store(store_path):
    return MotionStore.open(store_path)


def test_held_out_clips_are_filmed_and_nothing_else(store):
    filmed = virtual_videos(store)
    assert [(video.action, len(video)) for video in filmed] == [
        ("bandai-1", 160),
        ("cmu-bvh", 130),
        ("cmu-amc", 130),
    ]
    assert [video.action for video in virtual_videos(store, ["cmu-bvh"])] == ["cmu-bvh"]


def test_without_noise_2d_is_the_camera_s_image_of_3d(store, monkeypatch):
    monkeypatch.setattr(held_out, "NOISE", CLEAN)
    for video in virtual_videos(store):
        seen = video.camera.project(video.positions_camera)
        usual = [joint for joint in range(17) if joint not in (0, 7)]  # these two are made of others
        np.testing.assert_allclose(video.keypoints_px[:, usual], seen[:, usual], atol=0.05)


def test_filming_changes_neither_bones_nor_motion(store):
    video = virtual_videos(store)[0]
    world = store[2][:, :17]  # heels and toes are not filmed
    for pose, true in ((video.positions_camera, world), (np.diff(video.positions_camera, axis=0), None)):
        true = np.diff(world, axis=0) if true is None else true
        inner = np.einsum("tjx,tkx->tjk", pose - pose[:, :1], pose - pose[:, :1])
        wanted = np.einsum("tjx,tkx->tjk", true - true[:, :1], true - true[:, :1])
        np.testing.assert_allclose(inner, wanted, atol=1e-4)


def test_it_is_the_same_film_every_time(store):
    for one, other in zip(virtual_videos(store), virtual_videos(store), strict=True):
        assert np.array_equal(one.keypoints_px, other.keypoints_px)
    assert np.isfinite(one.keypoints_px).all()


def test_long_clips_are_cut_and_few_pieces_are_spread_evenly(tmp_path):
    clip = Clip("long", "bandai-1", "", 0, 0, "CC0", "made")
    write_store(tmp_path / "store", [(clip, moving(1050, 0))])
    store = MotionStore.open(tmp_path / "store")
    assert [len(video) for video in virtual_videos(store, piece_s=4)] == [200] * 5
    some = virtual_videos(store, piece_s=4, most=3)
    assert [video.take for video in some] == [f"long from frame {start}" for start in (0, 400, 800)]


def test_pieces_are_known_before_anything_is_filmed(store):
    pieces = pieces_of(store, piece_s=2.6)
    assert pieces == [Piece(2, 0, 130), Piece(5, 0, 130), Piece(7, 0, 130)]  # 30 frames of clip 2 are too few
    whole, filmed = film(store, pieces[1]), virtual_videos(store)[1]
    assert np.array_equal(whole.keypoints_px, filmed.keypoints_px)


def test_a_store_with_nothing_held_out_is_refused(tmp_path):
    clip = Clip("short", "bandai-1", "", 0, 0, "CC0", "made")
    write_store(tmp_path / "store", [(clip, moving(50, 0))])
    with pytest.raises(InputError, match="no held-out clip of at least 2 s to measure on"):
        virtual_videos(MotionStore.open(tmp_path / "store"))
