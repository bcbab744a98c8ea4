"""2D key-frames written for other programs, and read again."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.detect import load_keypoints, save_keypoints
from uplift3d.errors import InputError, UpliftWarning
from uplift3d.skeletons import joint_set
from uplift3d.types import Keypoints2D


def seen(rng, joints="blazepose33", hint=False):
    """Two people at five uneven times; the second is missing once, a joint of the first is hidden twice."""
    J = len(joint_set(joints))
    positions = rng.uniform(1, 600, size=(2, 5, J, 2)).astype(np.float32)
    positions[1, 3] = np.nan
    positions[0, 1:3, 4] = np.nan
    confidence = np.where(np.isfinite(positions).all(axis=-1), rng.uniform(0.1, 1, size=(2, 5, J)), 0)
    return Keypoints2D(
        positions,
        confidence,
        np.array([0, 0.1, 0.30000001, 0.4, 1.0]),
        (640, 360),
        joints,
        people=np.array([3, 7]),
        meta={"detector": "blazepose"},
        depth_hint=rng.uniform(-1, 1, size=(2, 5, J, 3)) if hint else None,
        video_times=np.arange(31) / 30,
    )


@pytest.mark.parametrize("joints", ["blazepose33", "coco17", "h36m17", "h36m21", "body25", "halpe26"])
def test_coco_files_are_read_as_they_were_written(tmp_path, rng, joints):
    keys = seen(rng, joints)
    read = load_keypoints(save_keypoints(tmp_path / "keys.json", keys))
    assert (read.joints, read.image_size) == (keys.joints, keys.image_size)
    np.testing.assert_array_equal(read.people, keys.people)
    np.testing.assert_array_equal(read.times, keys.times)
    np.testing.assert_allclose(read.positions, keys.positions, atol=1e-4)
    np.testing.assert_allclose(read.confidence, keys.confidence, atol=1e-4)


def test_what_a_coco_file_says(tmp_path, rng):
    content = json.loads(save_keypoints(tmp_path / "keys.json", seen(rng, "coco17")).read_text())
    assert [image["frame_id"] for image in content["images"]] == [0, 3, 9, 12, 30]
    assert content["images"][2] == {"id": 2, "frame_id": 9, "time_s": 0.30000001, "width": 640, "height": 360}
    assert len(content["annotations"]) == 9  # one of ten sightings is missing
    assert len({one["id"] for one in content["annotations"]}) == 9
    first, hidden = content["annotations"][0], content["annotations"][2]
    assert (first["image_id"], first["category_id"], first["track_id"], first["num_keypoints"]) == (
        0,
        1,
        3,
        17,
    )
    assert hidden["keypoints"][12:15] == [0, 0, 0]
    assert hidden["num_keypoints"] == 16
    (category,) = content["categories"]
    assert category["keypoints"] == list(joint_set("coco17").joints)
    assert [[a - 1, b - 1] for a, b in category["skeleton"]] == [list(b) for b in joint_set("coco17").bones]
    x, y, wide, high = first["bbox"]
    places = np.array(first["keypoints"]).reshape(-1, 3)[:, :2]
    np.testing.assert_allclose(
        [*places.min(axis=0), *places.max(axis=0)], [x, y, x + wide, y + high], atol=1e-3
    )


def test_moments_without_anybody_stay(tmp_path, rng):
    keys = seen(rng, "coco17")
    positions = np.array(keys.positions)
    positions[:, 2] = np.nan
    keys = replace(keys, positions=positions, confidence=np.where(np.isnan(positions[..., 0]), 0, 1))
    read = load_keypoints(save_keypoints(tmp_path / "keys.json", keys))
    np.testing.assert_array_equal(read.times, keys.times)
    assert not np.isfinite(read.positions[:, 2]).any()


@given(
    times=st.lists(st.floats(0, 1e6), min_size=1, max_size=6, unique_by=lambda time: round(time, 3)).map(
        sorted
    )
)
def test_times_are_kept_to_the_bit(tmp_path_factory, times):
    positions = np.full((1, len(times), 17, 2), 5.0)
    keys = Keypoints2D(positions, None, np.array(times), (64, 48), "coco17")
    path = save_keypoints(tmp_path_factory.mktemp("keys") / "keys.json", keys)
    np.testing.assert_array_equal(load_keypoints(path).times, keys.times)


def test_what_a_coco_file_cannot_hold_is_said(tmp_path, rng):
    with pytest.warns(UpliftWarning, match=r"keys\.json: COCO files have no place for the detector's guess"):
        save_keypoints(tmp_path / "keys.json", seen(rng, hint=True))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_keypoints(tmp_path / "keys.json", seen(rng))
        save_keypoints(tmp_path / "keys.npz", seen(rng, hint=True))
    with pytest.raises(InputError, match=r"\.npz.*\.json"):
        save_keypoints(tmp_path / "keys.csv", seen(rng))
    with pytest.raises(InputError, match="of type dict; accepted is Keypoints2D"):
        save_keypoints(tmp_path / "keys.json", {})


@pytest.mark.parametrize(
    ("time", "message"),
    [(10**400, "times"), (0.0, "times"), (float("nan"), "times")],
    ids=["huge", "twice", "nan"],
)
def test_times_that_cannot_be(tmp_path, rng, time, message):
    path = save_keypoints(tmp_path / "keys.json", seen(rng, "coco17"))
    content = json.loads(path.read_text())
    content["images"][2]["time_s"] = time
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=message):
        load_keypoints(path)


def test_a_rate_is_refused_where_the_file_has_times(tmp_path, rng):
    path = save_keypoints(tmp_path / "keys.json", seen(rng, "coco17"))
    with pytest.raises(InputError, match=r"says .* itself"):
        load_keypoints(path, frame_rate_hz=30)
    content = json.loads(path.read_text())
    del content["images"][0]["time_s"]
    path.write_text(json.dumps(content))
    np.testing.assert_allclose(load_keypoints(path, frame_rate_hz=30).times, np.array([0, 3, 9, 12, 30]) / 30)


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        (lambda seen: seen / 640, r"joints reach to \(0\.9\d*, 0\.9\d*\), so they are shares of the image"),
        (lambda seen: 5 * seen, r"most of them outside of an image of 640×360; is its size right\?"),
        (lambda seen: seen - 700, "most of them outside"),
    ],
    ids=["shares", "smaller image", "left of it"],
)
@pytest.mark.parametrize("suffix", ["npz", "json"])
def test_joints_that_are_no_pixels_of_the_image(tmp_path, rng, positions, message, suffix):
    keys = seen(rng, "coco17")
    path = save_keypoints(tmp_path / f"keys.{suffix}", replace(keys, positions=positions(keys.positions)))
    with pytest.raises(InputError, match=message):
        load_keypoints(path)
