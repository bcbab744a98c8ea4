"""Small files of every 2D format, as their programs write them, of one walk that is known exactly."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from uplift3d.skeletons import joint_set

RATE_HZ, SIZE, FRAMES = 25.0, (640, 360), 12


@dataclass(frozen=True)
class Walk:
    """`positions` (P, K, J, 2) pixels with NaN where unseen and `confidence` (P, K, J) of a joint set."""

    positions: np.ndarray
    confidence: np.ndarray
    joints: str

    @property
    def present(self) -> np.ndarray:
        """(P, K) bool."""
        return np.isfinite(self.positions).all(axis=-1).any(axis=-1)

    def here(self, frame: int) -> list[int]:
        return np.flatnonzero(self.present[:, frame]).tolist()

    def triples(self, person: int, frame: int) -> list[float]:
        points = np.nan_to_num(self.positions[person, frame])
        table = np.concatenate([points, self.confidence[person, frame][:, None]], axis=1)
        return [round(float(value), 3) for value in table.ravel()]


def walk(joints: str = "coco17", people: int = 2) -> Walk:
    """Two people far apart, the second away in frames 5 and 6, nobody in frame 8, the first's joint 3 unseen
    in frame 2.
    """
    rng = np.random.default_rng(1)
    shape = rng.uniform(-60, 60, (people, 1, len(joint_set(joints)), 2))
    centre = np.array([[160, 180], [480, 180]])[:people, None, None]
    step = np.arange(FRAMES)[:, None, None] * [2.0, 0.5]
    positions = np.round(centre + shape + step, 2)
    confidence = np.round(rng.uniform(0.7, 1, positions.shape[:3]), 3)
    positions[1:, 5:7] = positions[:, 8] = np.nan
    positions[0, 2, 3] = np.nan
    confidence[~np.isfinite(positions).all(axis=-1)] = 0
    return Walk(positions, confidence, joints)


def write(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value))
    return path


def openpose(path: Path, clip: Walk, ids: bool = False) -> Path:
    folder = path / "openpose"
    folder.mkdir()
    for frame in range(FRAMES):
        people = [
            {"person_id": [person if ids else -1], "pose_keypoints_2d": clip.triples(person, frame)}
            for person in clip.here(frame)
        ]
        write(folder / f"clip_{frame:012}_keypoints.json", {"version": 1.3, "people": people})
    return folder


def alphapose(path: Path, clip: Walk, ids: bool = False) -> Path:
    return write(
        path / "alphapose-results.json",
        [
            {
                "image_id": f"{frame}.jpg",
                "category_id": 1,
                "keypoints": clip.triples(person, frame),
                "score": 2.9,
            }
            | ({"idx": [[person + 1]]} if ids else {})
            for frame in range(FRAMES)
            for person in clip.here(frame)
        ],
    )


def coco(path: Path, clip: Walk, ids: bool = False) -> Path:
    images = [
        {"id": 100 + frame, "file_name": f"{frame}.jpg", "width": SIZE[0], "height": SIZE[1]}
        for frame in range(FRAMES)
    ]
    annotations = [
        {"id": 1, "image_id": 100 + frame, "category_id": 1, "keypoints": clip.triples(person, frame)}
        | ({"track_id": person} if ids else {})
        for frame in range(FRAMES)
        for person in clip.here(frame)
    ]
    categories = [{"id": 1, "name": "person", "keypoints": list(joint_set(clip.joints).joints)}]
    return write(path / "coco.json", {"images": images, "annotations": annotations, "categories": categories})


def coco_results(path: Path, clip: Walk, ids: bool = False) -> Path:
    return write(
        path / "results.json",
        [
            {"image_id": frame, "category_id": 1, "keypoints": clip.triples(person, frame), "score": 0.9}
            for frame in range(FRAMES)
            for person in clip.here(frame)
        ],
    )


def mmpose(path: Path, clip: Walk, ids: bool = False) -> Path:
    frames = [
        {
            "frame_id": frame,
            "instances": [
                {
                    "keypoints": clip.positions[person, frame].tolist(),
                    "keypoint_scores": clip.confidence[person, frame].tolist(),
                    "bbox": [[0, 0, 1, 1]],
                }
                | ({"track_id": person} if ids else {})
                for person in clip.here(frame)
            ],
        }
        for frame in range(FRAMES)
    ]
    if not ids:
        return write(path / "mmpose.json", frames)
    names = {str(j): name for j, name in enumerate(joint_set(clip.joints).joints)}
    return write(path / "mmpose.json", {"meta_info": {"keypoint_id2name": names}, "instance_info": frames})


def landmarks(path: Path, clip: Walk, ids: bool = False) -> Path:
    def person_at(person: int, frame: int) -> list[dict[str, float]]:
        shares = clip.positions[person, frame] / SIZE
        return [
            {"x": x, "y": y, "z": 0.0, "visibility": sure}
            for (x, y), sure in zip(shares.tolist(), clip.confidence[person, frame].tolist(), strict=True)
        ]

    return write(
        path / "landmarks.json",
        [{"landmarks": [person_at(one, frame) for one in clip.here(frame)]} for frame in range(FRAMES)],
    )


def world_of(person: int, frame: int) -> np.ndarray:
    """(33, 3) metres: what MediaPipe would say of somebody, its middle of the hips not quite at 0."""
    return np.random.default_rng([person, frame]).uniform(-1, 1, (33, 3)).round(4)


def world_landmarks(path: Path, clip: Walk, ids: bool = False) -> Path:
    """As its JavaScript gives them."""
    frames = json.loads(landmarks(path, clip).read_text())
    for frame, value in enumerate(frames):
        value["worldLandmarks"] = [
            [dict(zip("xyz", point, strict=True)) for point in world_of(person, frame).tolist()]
            for person in clip.here(frame)
        ]
    return write(path / "landmarks.json", frames)


def trc(path: Path, clip: Walk, ids: bool = False) -> Path:
    names = joint_set(clip.joints).joints
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{path / 'walk_px_person00.trc'}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{RATE_HZ}\t{RATE_HZ}\t{FRAMES}\t{len(names)}\tm\t{RATE_HZ}\t0\t{FRAMES}",
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
        "\t\t" + "\t".join(f"X{n}\tY{n}\tZ{n}" for n in range(1, len(names) + 1)),
    ]
    for frame, points in enumerate(clip.positions[0]):
        cells = [("" if np.isnan(value) else f"{value}") for point in points for value in (*point, 0.0)]
        lines.append("\t".join([str(frame), f"{frame / RATE_HZ}", *cells]))
    file = path / "walk_px_person00.trc"
    file.write_text("\n".join(lines) + "\n")
    return file


def deeplabcut_columns(clip: Walk) -> list[tuple[str, ...]]:
    several = len(clip.positions) > 1
    names = [f"person{person}" for person in range(len(clip.positions))]
    return [
        ("DLC", *([one] if several else []), part, xy)
        for one in names
        for part in joint_set(clip.joints).joints
        for xy in ("x", "y", "likelihood")
    ]


def deeplabcut_table(clip: Walk) -> np.ndarray:
    """(K, columns)."""
    table = np.concatenate([clip.positions, clip.confidence[..., None]], axis=-1)  # (P, K, J, 3)
    return table.transpose(1, 0, 2, 3).reshape(FRAMES, -1)


def deeplabcut_csv(path: Path, clip: Walk, ids: bool = False) -> Path:
    columns = deeplabcut_columns(clip)
    titles = ["scorer", *(["individuals"] if len(columns[0]) == 4 else []), "bodyparts", "coords"]
    rows = [[title, *cells] for title, cells in zip(titles, zip(*columns, strict=True), strict=True)]
    for frame, values in enumerate(deeplabcut_table(clip)):
        rows.append([str(frame), *("" if np.isnan(value) else str(value) for value in values)])
    file = path / "walkDLC_resnet50.csv"
    file.write_text("\n".join(",".join(row) for row in rows) + "\n")
    return file


def deeplabcut_h5(path: Path, clip: Walk, ids: bool = False) -> Path:
    """pandas' "table" layout: records, and the columns' names as a pickle in an attribute."""
    import pickle

    import h5py

    values = deeplabcut_table(clip)
    records = np.zeros(FRAMES, [("index", "<i8"), ("values_block_0", "<f8", (values.shape[1],))])
    records["index"], records["values_block_0"] = np.arange(FRAMES), values
    file = path / "walkDLC_resnet50.h5"
    with h5py.File(file, "w") as root:
        table = root.create_dataset("df_with_missing/table", data=records)
        names = pickle.dumps(deeplabcut_columns(clip), protocol=0)
        table.attrs["values_block_0_kind"] = np.bytes_(names)
    return file


def deeplabcut_fixed_h5(path: Path, clip: Walk, ids: bool = False) -> Path:
    """pandas' "fixed" layout: every level of the columns' names by itself."""
    import h5py

    file = path / "fixed.h5"
    with h5py.File(file, "w") as root:
        group = root.create_group("df_with_missing")
        group["block0_values"] = deeplabcut_table(clip)
        for level, cells in enumerate(zip(*deeplabcut_columns(clip), strict=True)):
            names = list(dict.fromkeys(cells))
            group[f"block0_items_level{level}"] = np.array(names, dtype="S")
            group[f"block0_items_label{level}"] = np.array([names.index(cell) for cell in cells], np.int8)
    return file


def sleap(path: Path, clip: Walk, ids: bool = False, axes: tuple[str, ...] | None = None) -> Path:
    import h5py

    order = axes or ("track", "xy", "node", "frame")
    ours = ("track", "frame", "node", "xy")
    file = path / "walk.analysis.h5"
    with h5py.File(file, "w") as root:
        root["tracks"] = clip.positions.transpose([ours.index(axis) for axis in order])
        scores = [axis for axis in order if axis != "xy"]
        root["point_scores"] = clip.confidence.transpose([ours.index(axis) for axis in scores])
        root["node_names"] = np.array(joint_set(clip.joints).joints, dtype="S")
        root["track_names"] = np.array([b"a", b"b"])
        root["track_occupancy"] = clip.present.T
        if axes:
            root["tracks"].attrs["dims"] = json.dumps(order)
    return file


def videopose3d(path: Path, clip: Walk, ids: bool = False) -> Path:
    symmetry = [[1, 3, 5, 7, 9, 11, 13, 15], [2, 4, 6, 8, 10, 12, 14, 16]]
    metadata = {
        "layout_name": "coco",
        "num_joints": 17,
        "keypoints_symmetry": symmetry,
        "video_metadata": {"walk.mp4": {"w": SIZE[0], "h": SIZE[1]}},
    }
    joints = {"walk.mp4": {"custom": [clip.positions[0].astype("float32")]}}
    file = path / "data_2d_custom_walk.npz"
    np.savez_compressed(file, positions_2d=joints, metadata=metadata)
    return file


def numpy_file(path: Path, clip: Walk, ids: bool = False) -> Path:
    table = np.concatenate([clip.positions, clip.confidence[..., None]], axis=-1)
    np.save(path / "walk.npy", table if len(table) > 1 else table[0])
    return path / "walk.npy"


@dataclass(frozen=True)
class Known:
    """A format: how to write it, the joint set that goes into it, and what it does not say itself."""

    write: Callable[..., Path]
    joints: str = "coco17"
    people: int = 2
    lacks: tuple[str, ...] = ("frame_rate_hz", "image_size")
    confidence: bool = True
    empty_frames: bool = True
    has_ids: bool = False


FORMATS = {
    "openpose": Known(openpose, "body25"),
    "openpose18": Known(openpose, "openpose18"),
    "alphapose": Known(alphapose, "halpe26", empty_frames=False),
    "coco": Known(coco, lacks=("frame_rate_hz",)),
    "coco halpe": Known(coco, "halpe26", lacks=("frame_rate_hz",)),
    "coco results": Known(coco_results, empty_frames=False),
    "mmpose": Known(mmpose),
    "mmpose 133": Known(mmpose, "coco_wholebody133"),
    "landmarks": Known(landmarks, "blazepose33"),
    "landmarks in 3D": Known(world_landmarks, "blazepose33"),
    "trc": Known(trc, "halpe26", people=1, lacks=("image_size",), confidence=False, has_ids=True),
    "deeplabcut csv": Known(deeplabcut_csv, has_ids=True),
    "deeplabcut csv one": Known(deeplabcut_csv, people=1, has_ids=True),
    "deeplabcut h5": Known(deeplabcut_h5, has_ids=True),
    "deeplabcut fixed h5": Known(deeplabcut_fixed_h5, "halpe26", people=1, has_ids=True),
    "sleap": Known(sleap, "h36m17", has_ids=True),
    "videopose3d": Known(videopose3d, people=1, lacks=("frame_rate_hz",), confidence=False, has_ids=True),
    "numpy": Known(numpy_file, lacks=("frame_rate_hz", "image_size", "joints"), has_ids=True),
    "numpy one": Known(
        numpy_file, "halpe26", 1, lacks=("frame_rate_hz", "image_size", "joints"), has_ids=True
    ),
}
