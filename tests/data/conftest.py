"""Small motion capture files that tests write."""

import numpy as np
import pytest

ZXY = "Zrotation Xrotation Yrotation"
XYZ = "Xposition Yposition Zposition"

# Name, parent and offset in cm of a standing figure with the Bandai-Namco skeleton's joint names, facing +z.
FIGURE = [
    ("joint_Root", None, (0, 0, 0)),
    ("Hips", "joint_Root", (0, 94, 0)),
    ("Spine", "Hips", (0, 16, 0)),
    ("Chest", "Spine", (0, 9, 0)),
    ("Neck", "Chest", (0, 16, 0)),
    ("Head", "Neck", (0, 6.5, 0)),
    ("Shoulder_L", "Chest", (5, 13, 0)),
    ("UpperArm_L", "Shoulder_L", (11, 0, 0)),
    ("LowerArm_L", "UpperArm_L", (0, -25, 0)),
    ("Hand_L", "LowerArm_L", (0, -22, 0)),
    ("Shoulder_R", "Chest", (-5, 13, 0)),
    ("UpperArm_R", "Shoulder_R", (-11, 0, 0)),
    ("LowerArm_R", "UpperArm_R", (0, -25, 0)),
    ("Hand_R", "LowerArm_R", (0, -22, 0)),
    ("UpperLeg_L", "Hips", (7, -2, 0)),
    ("LowerLeg_L", "UpperLeg_L", (0, -40, 0)),
    ("Foot_L", "LowerLeg_L", (0, -42, 0)),
    ("UpperLeg_R", "Hips", (-7, -2, 0)),
    ("LowerLeg_R", "UpperLeg_R", (0, -40, 0)),
    ("Foot_R", "LowerLeg_R", (0, -42, 0)),
]


def bvh_text(joints, values, frame_time="0.0333333", channels=None):
    """A BVH file: `joints` as in FIGURE, `values` (T, C), `channels` of joints that are not usual.

    Usual is 6 channels for a root and ZXY rotations for all others.
    """
    channels = channels or {}

    def block(name, indent):
        pad = "  " * indent
        parent, offset = next((p, o) for n, p, o in joints if n == name)
        mine = channels.get(name, f"{XYZ} {ZXY}" if parent is None else ZXY)
        lines = [f"{pad}{'ROOT' if parent is None else 'JOINT'} {name}", f"{pad}{{"]
        lines += [
            f"{pad}  OFFSET {' '.join(map(str, offset))}",
            f"{pad}  CHANNELS {len(mine.split())} {mine}",
        ]
        children = [n for n, p, _ in joints if p == name]
        for child in children:
            lines += block(child, indent + 1)
        if not children:
            lines += [f"{pad}  End Site", f"{pad}  {{", f"{pad}    OFFSET 0 1 0", f"{pad}  }}"]
        return [*lines, f"{pad}}}"]

    roots = [n for n, p, _ in joints if p is None]
    head = ["HIERARCHY", *(line for root in roots for line in block(root, 0))]
    motion = ["MOTION", f"Frames: {len(values)}", f"Frame Time: {frame_time}"]
    rows = [" ".join(f"{value:.9g}" for value in row) for row in values]
    return "\n".join([*head, *motion, *rows, ""])


def figure_values(frames):
    """Channel values of FIGURE standing still: (frames, 6 + 3 · 19)."""
    return np.zeros((frames, 6 + 3 * (len(FIGURE) - 1)))


@pytest.fixture
def figure_bvh(tmp_path):
    """Write FIGURE walking forward (+z) at 1 m/s as a BVH file; returns a function (name, frames) → path."""

    def write(name="dataset-1_walk_normal_001.bvh", frames=31):
        values = figure_values(frames)
        values[:, 2] = np.arange(frames) * 100 / 30
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(bvh_text(FIGURE, values))
        return path

    return write
