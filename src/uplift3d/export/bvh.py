"""`.bvh`: one person's bones and how they turn, for Blender, Unity, MotionBuilder and robot retargeting.

Centimetres, degrees, y up, the ground at y = 0; one person, bones of constant length (`body.fit_body`), one
rate. It keeps neither `observed` nor `sigma_m` nor `meta`, and an absence becomes a held pose. Files of other
programs are read as `data.bvh` reads them, by the skeletons that `data import` knows.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from uplift3d.data.bvh import read_bvh
from uplift3d.data.capture import MAX_FRAME_TIME_S, Capture
from uplift3d.data.mapping import find_mapping, to_h36m21
from uplift3d.data.mapping_files import shipped_mappings
from uplift3d.errors import InputError
from uplift3d.export.body import Body, fit_body, usable
from uplift3d.export.rigs import SKELETONS, Rig, rig
from uplift3d.export.scene import evenly, hold_absences, say_held, y_up
from uplift3d.rotations import euler_degrees_from_matrix
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D

Array = npt.NDArray[np.float64]

ONE_PERSON = True
CM = 100.0
CENTRED = 1e-3
"""Our hips lie about the root this exactly, in thighs; other programs' do not."""


def write(path: Path, motion: Motion3D, skeleton: str = "uplift3d") -> None:
    """Write the only person of a motion on the ground; `skeleton` is one of `rigs.SKELETONS`."""
    even, rate_hz = evenly(motion)
    if 1 / rate_hz > MAX_FRAME_TIME_S:
        raise InputError(f"poses {1 / rate_hz:g} s apart; .bvh files have one a second or more (--fps)")
    body = body_of(even, rate_hz, ".bvh")
    chosen = rig(skeleton, body.has_feet)
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write("\n".join(_hierarchy(chosen, body)))
        file.write(f"\nMOTION\nFrames: {len(body.pelvis)}\nFrame Time: {1 / rate_hz:.8f}\n")
        np.savetxt(file, _channels(chosen, body), fmt="%.6f")


def read(path: Path) -> Motion3D:
    """Read a file of ours, or of another program whose skeleton is known; `observed` is False throughout."""
    capture = read_bvh(path)
    found = _landmarks(capture)
    if found is None:
        mapping, capture = find_mapping(capture, shipped_mappings())
        z_up = to_h36m21(capture, mapping)
        world, joints = np.stack([z_up[..., 0], z_up[..., 2], -z_up[..., 1]], axis=-1), "h36m21"
        if np.isnan(world[:, len(joint_set("h36m17")) :]).any():
            world, joints = world[:, : len(joint_set("h36m17"))], "h36m17"
    else:
        world, joints = found
    if len(world) == 0:
        raise InputError(f"{path}: holds no poses")
    positions = y_up(world).astype(np.float32)
    return Motion3D(
        positions=(positions - positions[:, :1])[None],
        times=np.arange(len(world), dtype=np.float64) * capture.frame_time_s,
        root=positions[None, :, 0],
        observed=np.zeros((1, len(world)), dtype=bool),
        joints=joints,
        meta={"source": path.name, "level": True},
    )


def body_of(motion: Motion3D, rate_hz: float, suffix: str) -> Body:
    """The body of a motion's only person, whose root is known; absences held and warned of."""
    assert motion.root is not None, "on_the_ground gives one"
    world = y_up(motion.positions[0] + motion.root[0][:, None])
    present = usable(world, motion.joints)
    if not present.any():
        raise InputError(
            f"person {motion.people[0]} has no pose in which all joints are apart from each other"
        )
    if not suffix.startswith(".usd"):  # there people are invisible meanwhile
        say_held(present, motion.times, f"person {motion.people[0]}", suffix)
    held = hold_absences(present)
    return fit_body(world[held], motion.joints, rate_hz)


def _hierarchy(chosen: Rig, body: Body) -> list[str]:
    """The HIERARCHY part, a line per item."""
    axes = chosen.rest_axes(body)
    lines = ["HIERARCHY"]

    def add(index: int, depth: int) -> None:
        joint, tab = chosen.joints[index], "\t" * depth
        root = joint.parent < 0
        step = np.zeros(3) if root else _step(body, axes[joint.parent], chosen, joint.parent, joint.landmark)
        turning = [f"{axis}rotation" for axis in chosen.order]
        moving = ["Xposition", "Yposition", "Zposition"] if root else []
        channels = [*moving, *turning]
        lines.append(f"{tab}{'ROOT' if root else 'JOINT'} {joint.name}")
        lines.append(f"{tab}{{")
        lines.append(f"{tab}\tOFFSET {_three(step)}")
        lines.append(f"{tab}\tCHANNELS {len(channels)} {' '.join(channels)}")
        for child, other in enumerate(chosen.joints):
            if other.parent == index:
                add(child, depth + 1)
        if joint.end:
            end = _three(_step(body, axes[index], chosen, index, joint.end))
            lines.extend([f"{tab}\tEnd Site", f"{tab}\t{{", f"{tab}\t\tOFFSET {end}", f"{tab}\t}}"])
        lines.append(f"{tab}}}")

    add(0, 0)
    return lines


def _step(body: Body, axes: Array, chosen: Rig, start: int, landmark: str) -> Array:
    """(3,) centimetres from a joint to a landmark in the T-pose, in the joint's own axes."""
    return np.asarray(axes.T @ (body.rest[landmark] - body.rest[chosen.joints[start].landmark]) * CM)


def _three(values: Array) -> str:
    return " ".join(f"{value:.6f}" for value in values + 0.0)


def _channels(chosen: Rig, body: Body) -> Array:
    """(T, C) values in the hierarchy's order, which is that of the joints."""
    world = [
        body.turns[joint.segment] @ axes
        for joint, axes in zip(chosen.joints, chosen.rest_axes(body), strict=True)
    ]
    columns = [body.pelvis * CM]
    for joint, turn in zip(chosen.joints, world, strict=True):
        local = turn if joint.parent < 0 else np.swapaxes(world[joint.parent], -1, -2) @ turn
        # Without jumps of a whole turn, so that programs which interpolate between frames do not spin.
        columns.append(np.unwrap(euler_degrees_from_matrix(local, chosen.order), period=360, axis=0))
    return np.concatenate(columns, axis=-1)


def _landmarks(capture: Capture) -> tuple[Array, str] | None:
    """(T, J, 3) metres and the joint set of a file that `write` wrote; None for another program's."""
    joints = [name for name in capture.names if not name.endswith("_end")]
    for name in SKELETONS:
        for feet in (True, False):
            chosen = rig(name, feet)
            if joints == [joint.name for joint in chosen.joints] and (places := _places(chosen, capture)):
                wanted = "h36m21" if {"left_heel", "left_toe"} <= set(places) else "h36m17"
                names = joint_set(wanted).joints
                return np.stack([places[joint] for joint in names], axis=1) / CM, wanted
    return None


def _places(chosen: Rig, capture: Capture) -> dict[str, Array] | None:
    """Landmark → (T, 3) centimetres; None where a skeleton of the same names is built in another way."""
    index = {name: place for place, name in enumerate(capture.names)}
    places: dict[str, Array] = {}
    for joint in chosen.joints:
        places[joint.landmark] = capture.positions[:, index[joint.name]]
        if joint.end and f"{joint.name}_end" not in index:
            return None
        if joint.end:
            places[joint.end] = capture.positions[:, index[f"{joint.name}_end"]]
    middle = (places["left_hip"] + places["right_hip"]) / 2
    thigh = np.linalg.norm(places["left_knee"] - places["left_hip"], axis=-1)
    off = np.linalg.norm(middle - places["pelvis"], axis=-1)
    flat = np.linalg.norm(places["head_top"] - places["head"], axis=-1) == 0
    return None if (off > CENTRED * thigh).any() or flat.any() else places
