"""Small good files of motion capture, motions, 2D joints and tables: what the damage starts from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import keypoint_files
from footsteps import steps
from jointed_figure import figure
from made_motion import moving
from uplift3d.data.mapping_files import shipped_mappings
from uplift3d.data.store import Clip, write_store
from uplift3d.detect import save_keypoints
from uplift3d.export import save_angles, save_motion, save_steps
from uplift3d.post import find_steps, joint_angles
from uplift3d.skeletons import joint_set
from uplift3d.types import Keypoints2D, Motion3D

ASF = """# a comment
:version 1.10
:units
  mass 1.0
  length 0.45
  angle deg
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
  begin
     id 1
     name thigh
     direction 0 -1 0
     length 8
     axis 0 0 0 XYZ
     dof rx ry rz
     limits (-160.0 20.0)
            (-70.0 70.0)
            (-60.0 70.0)
  end
  begin
     id 2
     name shin
     direction 0 -1 0
     length 6
     axis 0 0 90 XYZ
     dof rx
  end
:hierarchy
  begin
    root thigh
    thigh shin
  end
"""
AMC = "#!OML:ASF x\n:FULLY-SPECIFIED\n:DEGREES\n" + "".join(
    f"{frame}\nroot 1 2 3 0 {frame} 0\nthigh {frame} 0 0\nshin {frame}.5\n" for frame in range(1, 6)
)
CALIBRATION = """Skeletool Camera Calibration File V1.0
name          0
  sensor      10 10
  size        2048 2048
  animated    0
  intrinsic   1500 0 1024 0 0 1501 1050 0 0 0 1 0 0 0 0 1
  extrinsic   1 0 0 -500 0 -1 0 1400 0 0 -1 3800 0 0 0 1
  radial      0
"""
RECIPE = """store: data/store
output: runs/a
preset: small
views:
  sampler: {dataset_weights: {cmu-bvh: 4, cmu-amc: 4}}
optimiser: {learning_rate: 4.0e-4, weight_decay: 0.1, warm_up_steps: 1000}
steps: 10
batch: 4
strides_in: [5, 10]
model: {spatial_width: 8, temporal_depth: 2}
"""


def walk(frames: int = 8) -> Motion3D:
    """Two people, one of whom leaves."""
    one = figure(frames)
    both = np.concatenate([one.positions, one.positions], axis=0)
    both[1, frames // 2 :] = np.nan
    observed = np.isfinite(both).all(axis=(-1, -2))
    root = np.where(observed[..., None], np.float32([0, 0, 3]), np.nan)
    return Motion3D(
        both, one.times, root, observed, [3, 7], one.joints, {"source": "é.mp4", "focal": {"px": 1.0}}
    )


# Name, parent and offset in cm: a figure with the joint names of a public data set.
BONES = [
    ("Hips", "", (0, 94, 0)),
    ("Spine", "Hips", (0, 16, 0)),
    ("Chest", "Spine", (0, 9, 0)),
    ("Neck", "Chest", (0, 16, 0)),
    ("Head", "Neck", (0, 6.5, 0)),
    *(
        bone
        for side, x in (("L", 1), ("R", -1))
        for bone in (
            (f"Shoulder_{side}", "Chest", (5 * x, 13, 0)),
            (f"UpperArm_{side}", f"Shoulder_{side}", (11 * x, 0, 0)),
            (f"LowerArm_{side}", f"UpperArm_{side}", (0, -25, 0)),
            (f"Hand_{side}", f"LowerArm_{side}", (0, -22, 0)),
            (f"UpperLeg_{side}", "Hips", (7 * x, -2, 0)),
            (f"LowerLeg_{side}", f"UpperLeg_{side}", (0, -40, 0)),
            (f"Foot_{side}", f"LowerLeg_{side}", (0, -42, 0)),
        )
    ),
]


def bvh(folder: Path) -> None:
    """Somebody who walks."""
    lines: list[str] = ["HIERARCHY"]
    _add_bone("Hips", 0, lines)
    lines += ["MOTION", "Frames: 6", "Frame Time: 0.0333333"]
    for frame in range(6):
        lines.append(" ".join(["0", "0", str(frame)] + ["1.5"] * (3 * len(BONES))))
    (folder / "dataset-1_walk_normal_001.bvh").write_text("\n".join(lines) + "\n")


def _add_bone(name: str, depth: int, lines: list[str]) -> None:
    pad = "  " * depth
    offset = next(offset for one, _, offset in BONES if one == name)
    lines += [
        f"{pad}{'JOINT' if depth else 'ROOT'} {name}",
        f"{pad}{{",
        f"{pad}  OFFSET {' '.join(map(str, offset))}",
    ]
    turns = "Zrotation Xrotation Yrotation"
    lines.append(
        f"{pad}  CHANNELS " + (f"3 {turns}" if depth else f"6 Xposition Yposition Zposition {turns}")
    )
    children = [one for one, parent, _ in BONES if parent == name]
    for child in children:
        _add_bone(child, depth + 1, lines)
    if not children:
        lines += [f"{pad}  End Site", f"{pad}  {{", f"{pad}    OFFSET 0 1 0", f"{pad}  }}"]
    lines.append(f"{pad}}}")


def amc(folder: Path) -> None:
    """A skeleton and its motion."""
    (folder / "07.asf").write_text(ASF)
    (folder / "07_01.amc").write_text(AMC)


def mapping(folder: Path) -> None:
    """The first of the mappings that ship, and one that says little."""
    from importlib import resources

    names = [mapping.name for mapping in shipped_mappings()]
    place = resources.files("uplift3d.data") / "skeletons"
    longest = max(place.iterdir(), key=lambda file: len(file.read_bytes()) if names else 0)
    (folder / "map.json").write_bytes(longest.read_bytes())


def motion(folder: Path, suffix: str) -> None:
    """In one of the formats."""
    people = walk() if suffix in (".npz", ".json", ".csv", ".parquet", ".c3d") else walk().select([3])
    save_motion(folder / f"walk{suffix}", people)


def keypoints(folder: Path, name: str) -> None:
    """In a format of another program."""
    known = keypoint_files.FORMATS[name]
    known.write(folder, keypoint_files.walk(known.joints, known.people))


def own_keypoints(folder: Path) -> None:
    """In the project's own."""
    rng = np.random.default_rng(0)
    positions = rng.uniform(0, 300, (2, 5, 33, 2)).astype(np.float32)
    positions[1, 3] = np.nan
    confidence = np.where(np.isfinite(positions).all(axis=-1), 0.9, 0)
    times = np.arange(5) / 10
    found = Keypoints2D(positions, confidence, times, (640, 360), "blazepose33", meta={"source": "a.mp4"})
    save_keypoints(folder / "walk_2d.npz", found)


def store(folder: Path) -> None:
    """Three clips of two data sets."""
    clips = [("cmu-amc", "1", 40), ("cmu-amc", "2", 30), ("bandai-1", "a", 20)]
    write_store(
        folder / "store",
        (
            (Clip(f"{name}/{number}", name, who, 0, 0, "CC0", "a.bvh"), moving(frames, number))
            for number, (name, who, frames) in enumerate(clips)
        ),
    )


def recipe(folder: Path) -> None:
    """A training."""
    (folder / "run.yaml").write_text(RECIPE)


def joints_npz(folder: Path) -> None:
    """Positions with names."""
    names = np.array(joint_set("h36m21").joints)
    pose = np.random.default_rng(0).normal(size=(9, len(names), 3))
    np.savez_compressed(
        folder / "a.npz", walk=pose, hop=pose[:3], __names=names, __fps=np.array(30.0), __up=np.array("z")
    )


def calibration(folder: Path) -> None:
    """Two cameras."""
    header, *rest = CALIBRATION.splitlines(keepends=True)
    (folder / "camera.calibration").write_text(
        header + "".join(rest) + "".join(rest).replace("0\n", "1\n", 1)
    )


def tables(folder: Path) -> None:
    """Angles and steps."""
    save_angles(folder / "angles.csv", joint_angles(walk()))
    save_steps(folder / "steps.csv", find_steps(steps()))


def clip_lists(folder: Path) -> None:
    """What `batch` takes, and what it keeps."""
    import pyarrow as pa
    from pyarrow import parquet

    from uplift3d.scale.manifest import Manifest, check_settings
    from uplift3d.scale.storage import Storage

    (folder / "clips.txt").write_text("# clips\na.mp4\nb/c.mp4\ns3://bucket/d.mp4\n")
    parquet.write_table(pa.table({"input": ["a.mp4", "b.mp4"], "other": [1, 2]}), folder / "clips.parquet")
    storage = Storage(str(folder / "out"))
    check_settings(storage, {"model": "base", "options": {"hop": 3}})
    manifest = Manifest(storage)
    manifest.add({"input": "a.mp4", "status": "done", "outputs": ["a.npz"], "people": 2})
    manifest.add({"input": "b.mp4", "status": "failed", "error": "broken"})
    manifest.close()
