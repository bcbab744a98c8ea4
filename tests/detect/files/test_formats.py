"""Every 2D format: read as written, asked for what it lacks, and refused by a sentence when damaged."""

import json
import random
import shutil

import numpy as np
import pytest

from keypoint_files import FORMATS, FRAMES, RATE_HZ, SIZE, mmpose, openpose, sleap, walk, write
from sentences import assert_value_or_sentence
from uplift3d.detect import files, load_keypoints, save_keypoints
from uplift3d.detect.files import Source, format_of, is_keypoint_file
from uplift3d.errors import InputError, NothingFoundError

OPTIONS = {"frame_rate_hz": "--fps HZ", "image_size": "--image-size WxH", "joints": "--joints NAME"}


@pytest.fixture(params=FORMATS)
def known(request):
    if "h5" in request.param or "sleap" in request.param:
        pytest.importorskip("h5py")
    return FORMATS[request.param]


def facts(known) -> dict:
    """What the user has to say about a file of that format."""
    said = {"frame_rate_hz": RATE_HZ, "image_size": SIZE, "joints": known.joints}
    return {name: said[name] for name in known.lacks}


def check(read, clip, known) -> None:
    positions, confidence = clip.positions, clip.confidence
    times = np.arange(FRAMES) / RATE_HZ
    if not known.empty_frames:
        kept = clip.present.any(axis=0)
        positions, confidence, times = positions[:, kept], confidence[:, kept], times[kept]
    assert (read.joints, read.image_size) == (clip.joints, SIZE)
    np.testing.assert_allclose(read.times, times, atol=1e-6)
    assert read.positions.shape == positions.shape
    order = np.argsort(np.nanmean(read.positions[..., 0], axis=(1, 2)))  # from left to right in the image
    np.testing.assert_allclose(read.positions[order], positions, atol=2e-3)
    sure = confidence if known.confidence else (confidence > 0)
    np.testing.assert_allclose(read.confidence[order], sure, atol=1e-3)


def test_what_was_written_is_read(tmp_path, known):
    clip = walk(known.joints, known.people)
    path = known.write(tmp_path, clip)
    assert is_keypoint_file(path)
    check(load_keypoints(path, **facts(known)), clip, known)


def test_the_content_counts_and_not_the_name(tmp_path, known):
    clip = walk(known.joints, known.people)
    path = known.write(tmp_path, clip)
    other = path.rename(path.with_name("other.mp4"))
    assert is_keypoint_file(other)
    check(load_keypoints(other, **facts(known)), clip, known)


def test_our_own_file_keeps_it_all(tmp_path, known):
    clip = walk(known.joints, known.people)
    read = load_keypoints(known.write(tmp_path, clip), **facts(known))
    again = load_keypoints(save_keypoints(tmp_path / "keys.npz", read))
    np.testing.assert_array_equal(again.positions, read.positions)
    np.testing.assert_array_equal(again.confidence, read.confidence)
    assert again.meta == read.meta
    assert again.meta["source"]


def test_what_is_lacking_is_asked_for_all_at_once(tmp_path, known):
    path = known.write(tmp_path, walk(known.joints, known.people))
    with pytest.raises(InputError, match="does not say") as refusal:
        load_keypoints(path)
    for name, option in OPTIONS.items():
        assert (option in str(refusal.value)) == (name in known.lacks)


def test_what_the_file_says_itself_is_not_taken_from_the_user(tmp_path, known):
    path = known.write(tmp_path, walk(known.joints, known.people))
    for name, value in {"frame_rate_hz": 30, "image_size": (1, 1)}.items():
        if name not in known.lacks:
            with pytest.raises(InputError, match=rf"{OPTIONS[name]} given, but .* says .* itself"):
                load_keypoints(path, **{**facts(known), name: value})


@pytest.mark.parametrize("name", ["openpose", "alphapose", "coco", "mmpose"])
def test_ids_of_the_file_are_kept(tmp_path, name):
    known = FORMATS[name]
    clip = walk(known.joints)
    read = load_keypoints(known.write(tmp_path, clip, ids=True), **facts(known))
    assert read.people.tolist() == ([1, 2] if name == "alphapose" else [0, 1])
    check(read, clip, known)


def test_ids_of_the_file_outlive_what_linking_would_call_noise(tmp_path):
    clip = walk("coco17")
    clip.positions[1, 1:] = np.nan  # seen once only
    linked = load_keypoints(mmpose(tmp_path, clip), frame_rate_hz=RATE_HZ, image_size=SIZE)
    assert len(linked.people) == 1
    told = load_keypoints(mmpose(tmp_path, clip, ids=True), frame_rate_hz=RATE_HZ, image_size=SIZE)
    assert told.observed.sum(axis=1).tolist() == [FRAMES - 1, 1]


@pytest.mark.parametrize(
    "axes",
    [("frame", "track", "node", "xy"), ("track", "xy", "node", "frame"), ("xy", "node", "track", "frame")],
)
def test_sleap_in_any_order_of_axes(tmp_path, axes):
    pytest.importorskip("h5py")
    clip = walk("h36m17")
    read = load_keypoints(sleap(tmp_path, clip, axes=axes), frame_rate_hz=RATE_HZ, image_size=SIZE)
    check(read, clip, FORMATS["sleap"])


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_files_are_read_or_told_by_a_sentence(tmp_path, name):
    """Bytes changed, cut off and doubled in every way that a seed draws."""
    if "h5" in name or "sleap" in name:
        pytest.importorskip("h5py")
    known = FORMATS[name]
    path = known.write(tmp_path, walk(known.joints, known.people))
    target = sorted(path.iterdir())[0] if path.is_dir() else path
    whole = target.read_bytes()
    draw = random.Random(name)
    for _ in range(60):
        content = bytearray(whole)
        for _ in range(draw.choice([1, 1, 3, 20])):
            content[draw.randrange(len(content))] = draw.choice([0, 255, 0x22, 0x5B, draw.randrange(256)])
        if draw.random() < 0.3:
            content = content[: draw.randrange(len(content))]
        elif draw.random() < 0.2:
            start = draw.randrange(len(content))
            content[start:start] = content[start : start + 200]
        target.write_bytes(content)
        assert_value_or_sentence(lambda: load_keypoints(path, **facts(known)), str(tmp_path))


JSON_DAMAGE = [
    None,
    True,
    "text",
    [],
    {},
    [[]],
    -1,
    1e999,
    float("nan"),
    10**400,
    10**17,
    "9" * 5000,
    [None] * 51,
]


@pytest.mark.parametrize(
    "name", ["openpose", "alphapose", "coco", "coco results", "mmpose", "landmarks", "landmarks in 3D"]
)
def test_json_with_values_of_another_kind_is_read_or_told_by_a_sentence(tmp_path, name):
    known = FORMATS[name]
    path = known.write(tmp_path, walk(known.joints, known.people))
    target = sorted(path.iterdir())[0] if path.is_dir() else path
    whole = json.loads(target.read_text())
    draw = random.Random(name)
    for _ in range(150):
        value = json.loads(json.dumps(whole))
        places = list(branches(value))
        for place, key in draw.sample(places, 1 + (draw.random() < 0.3)):
            place[key] = draw.choice(JSON_DAMAGE)
        target.write_text(json.dumps(value))
        assert_value_or_sentence(lambda: load_keypoints(path, **facts(known)), str(tmp_path))


def branches(value, depth=0):
    """(container, key) of what is in a JSON value, few of the many leaves."""
    items = value.items() if isinstance(value, dict) else list(enumerate(value))[: 30 if depth < 3 else 2]
    for key, child in list(items):
        yield value, key
        if isinstance(child, dict | list):
            yield from branches(child, depth + 1)


def test_unknown_content_names_what_is_accepted(tmp_path):
    for content in ('{"hello": 1}', "hello", "[]", "[1, 2]", '{"people": []}'):
        (tmp_path / "a.json").write_text(content)
        assert is_keypoint_file(tmp_path / "a.json")
        with pytest.raises(InputError, match=r"a\.json holds no 2D key-frames; accepted are COCO .*OpenPose"):
            load_keypoints(tmp_path / "a.json")
    with pytest.raises(InputError, match=r"gone\.json: no such file"):
        load_keypoints(tmp_path / "gone.json")
    with pytest.raises(InputError, match="holds no 2D key-frames; accepted are"):
        load_keypoints(tmp_path)


def test_every_format_is_in_the_refusal_and_in_the_tests(tmp_path):
    seen = set()
    for number, known in enumerate(FORMATS.values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        seen.add(format_of(Source(known.write(folder, walk(known.joints, known.people)))).name)
    assert seen | {"uplift3d .npz"} == {known.name for known in files.FORMATS}


def test_nobody_at_all_is_nothing_found(tmp_path):
    clip = walk("body25")
    clip.positions[:] = np.nan
    with pytest.raises(NothingFoundError, match="nobody is in any of its 12 frames"):
        load_keypoints(openpose(tmp_path, clip), frame_rate_hz=25, image_size=SIZE)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"frame_rate_hz": 0.0}, "frame rate is 0"),
        ({"frame_rate_hz": float("nan")}, "frame rate is nan"),
        ({"image_size": (0, 5)}, "image size is"),
        ({"joints": "smpl"}, "unknown joint set 'smpl'"),
        ({"joints": "coco17"}, r"has 25 points per person, coco17 has 17 joints"),
    ],
)
def test_facts_that_make_no_sense(tmp_path, facts, message):
    path = openpose(tmp_path, walk("body25"))
    with pytest.raises(InputError, match=message):
        load_keypoints(path, **{"frame_rate_hz": 25, "image_size": SIZE, **facts})


def test_one_frame_of_openpose_asks_for_the_folder(tmp_path):
    file = sorted(openpose(tmp_path, walk("body25")).iterdir())[0]
    with pytest.raises(InputError, match="is one frame of OpenPose; give the folder"):
        load_keypoints(file)


def test_files_of_two_videos_in_one_folder(tmp_path):
    folder = openpose(tmp_path, walk("body25"))
    shutil.copy(folder / "clip_000000000003_keypoints.json", folder / "zoo_3_keypoints.json")
    with pytest.raises(InputError, match="two files are of frame 3"):
        load_keypoints(folder, frame_rate_hz=25, image_size=SIZE)


def test_a_frame_of_another_number_of_joints(tmp_path):
    folder = openpose(tmp_path, walk("body25"))
    people = [{"person_id": [-1], "pose_keypoints_2d": [1.0] * 54}]
    write(folder / "clip_000000000003_keypoints.json", {"version": 1.3, "people": people})
    with pytest.raises(InputError, match=r"people have \[18, 25\] points; all must have the same number"):
        load_keypoints(folder, frame_rate_hz=25, image_size=SIZE)


def test_coco_images_of_several_sizes(tmp_path):
    path = FORMATS["coco"].write(tmp_path, walk())
    data = json.loads(path.read_text())
    data["images"][3]["width"] = 641
    write(path, data)
    with pytest.raises(InputError, match=r"images of different sizes \(640×360, 641×360 pixels"):
        load_keypoints(path, frame_rate_hz=25)


def test_coco_marks_of_annotators(tmp_path):
    clip = walk()
    clip.confidence[:] = np.where(np.isfinite(clip.positions).all(axis=-1), 2, 0)
    clip.confidence[0, 1, 2] = 1
    read = load_keypoints(FORMATS["coco"].write(tmp_path, clip, ids=True), frame_rate_hz=RATE_HZ)
    assert read.confidence[0, 1, 2] == 0.5
    assert sorted(np.unique(read.confidence)) == [0, 0.5, 1]


def test_halpe_136_is_read_for_its_body(tmp_path):
    clip = walk("halpe26", 1)
    path = FORMATS["alphapose"].write(tmp_path, clip)
    data = json.loads(path.read_text())
    for entry in data:
        entry["keypoints"] += [5.0, 5.0, 0.5] * 110
    read = load_keypoints(write(path, data), frame_rate_hz=RATE_HZ, image_size=SIZE)
    check(read, clip, FORMATS["alphapose"])


def test_metres_are_no_pixels(tmp_path):
    clip = walk("halpe26", 1)
    path = FORMATS["trc"].write(tmp_path, clip)
    text = path.read_text()
    path.write_text(text.replace("\tm\t", "\tmm\t"))
    with pytest.raises(InputError, match=r"holds 3D markers in mm; accepted is the \.trc in pixels"):
        load_keypoints(path, image_size=SIZE)
    clip.positions[:] /= 1000
    with pytest.raises(InputError, match="holds 3D markers in m;"):
        load_keypoints(FORMATS["trc"].write(tmp_path, clip), image_size=SIZE)


def test_deeplabcut_of_an_animal_asks_for_the_joints(tmp_path):
    path = FORMATS["deeplabcut csv one"].write(tmp_path, walk("coco17", 1))
    text = path.read_text()
    for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
        text = text.replace(name, f"{name}ette")
    path.write_text(text)
    with pytest.raises(
        InputError, match="hardly joints of a person; say which joints they are with --joints"
    ):
        load_keypoints(path, frame_rate_hz=RATE_HZ, image_size=SIZE)
    read = load_keypoints(path, frame_rate_hz=RATE_HZ, image_size=SIZE, joints="coco17")
    check(read, walk("coco17", 1), FORMATS["deeplabcut csv one"])


def test_deeplabcut_whose_values_are_one_number(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = FORMATS["deeplabcut fixed h5"].write(tmp_path, walk("halpe26", 1))
    with h5py.File(path, "r+") as file:
        (group,) = file.values()
        del group["block0_values"]
        group["block0_values"] = 1.5
    with pytest.raises(InputError, match=r"78 columns with names, values of shape \(\)"):
        load_keypoints(path)


def test_several_videos_in_a_videopose3d_file(tmp_path):
    joints = {name: {"custom": [np.zeros((3, 17, 2))]} for name in ("a.mp4", "b.mp4")}
    np.savez(tmp_path / "a.npz", positions_2d=joints, metadata={})
    with pytest.raises(InputError, match=r"holds the videos a\.mp4, b\.mp4; accepted is a file of one"):
        load_keypoints(tmp_path / "a.npz", frame_rate_hz=RATE_HZ, image_size=SIZE)


class RunsCode:
    def __reduce__(self):
        return (pytest.fail, ("unpickling ran code",))


def test_pickles_in_files_do_not_run(tmp_path):
    np.savez(tmp_path / "a.npz", positions_2d={"a": RunsCode()}, metadata={})
    with pytest.raises(InputError, match="which may run code"):
        load_keypoints(tmp_path / "a.npz", frame_rate_hz=RATE_HZ, image_size=SIZE)
    np.save(tmp_path / "a.npy", np.array([RunsCode()], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="pickled objects, which could run code"):
        load_keypoints(tmp_path / "a.npy")


def test_hdf5_without_h5py_says_what_to_install(tmp_path, monkeypatch):
    pytest.importorskip("h5py")
    path = sleap(tmp_path, walk("h36m17"))
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    assert is_keypoint_file(path)
    with pytest.raises(InputError, match=r"HDF5, which needs h5py \(pip install 'uplift3d\[hdf5\]'\)"):
        load_keypoints(path)


def test_a_video_or_a_folder_of_images_is_none(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x20ftypisom")
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "0.png").write_bytes(b"\x89PNG")
    (tmp_path / "images" / "notes.json").write_text("{damaged")
    assert not is_keypoint_file(tmp_path / "a.mp4")
    assert not is_keypoint_file(tmp_path / "images")
    assert not is_keypoint_file(tmp_path / "gone.mp4")


@pytest.mark.parametrize(
    ("name", "options"),
    [("alphapose.json", "halpe26"), ("mmpose.json", "coco17"), ("openpose", "body25")],
)
def test_files_that_people_brought(shared_dir, name, options):
    path = shared_dir / "cases" / "09-2d-keypoint-files" / name
    if not path.exists():
        pytest.skip("needs the shared cases beside the checkout")
    read = load_keypoints(path, frame_rate_hz=30, image_size=(640, 480))
    assert read.joints == options
    assert len(read) == 5
