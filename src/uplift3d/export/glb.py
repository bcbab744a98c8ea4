"""`.glb`: a body of sticks for each person, skinned to bones that move, for Blender, Unity and the web.

glTF 2.0: metres, y up, z towards the viewer of the picture, the motion's own times from its first on (the
format has 32-bit numbers, so that the first is kept beside them). Bones are those of
`body.fit_body`; an absence is a held pose. `meta`, `observed`, absences and `sigma_m` (in whole millimetres)
are kept in the file's extras, which other programs leave alone. Only files of ours are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from uplift3d.arrays import FloatArray, IntArray
from uplift3d.errors import InputError
from uplift3d.export.body import Body
from uplift3d.export.bvh import body_of
from uplift3d.export.gltf import Scene, read_glb, values_of
from uplift3d.export.meta import described
from uplift3d.export.rigs import Rig, rig
from uplift3d.export.scene import people_worth_writing, with_known_joints, y_up
from uplift3d.export.sticks import inverse, quaternions, step, sticks
from uplift3d.files.guards import reason
from uplift3d.post.ground import on_the_ground
from uplift3d.post.resample import usual_step_s
from uplift3d.rotations import matrix_from_quaternion
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D

Array = npt.NDArray[np.float64]

APART_M = 1.5
"""Between people of whom nothing says where they are."""
COLOURS = ((0.12, 0.47, 0.71), (0.84, 0.37, 0.0), (0.17, 0.63, 0.17), (0.58, 0.4, 0.74), (0.55, 0.34, 0.29))


def write(path: Path, motion: Motion3D, skeleton: str = "uplift3d") -> None:
    """Write everybody; `skeleton` is one of `rigs.SKELETONS`."""
    known = with_known_joints(motion)
    people = known.select(people_worth_writing(known))
    world = on_the_ground(people)
    rate_hz = 1 / usual_step_s(motion.times)
    if (np.diff((motion.times - motion.times[0]).astype(np.float32)) <= 0).any():
        raise InputError("the motion is too long for .glb: in its 32-bit times, poses would coincide")
    scene = Scene({"uplift3d": described(world), "start_s": float(motion.times[0])})
    times = scene.add((motion.times - motion.times[0]).astype(np.float32), "SCALAR", bounds=True)
    for number, who in enumerate(people.people.tolist()):
        one = world.select([who])
        body = body_of(one, rate_hz, ".glb")
        aside = APART_M * number if motion.root is None else 0.0
        _add_person(
            scene, body, rig(skeleton, body.has_feet), one, times, aside, COLOURS[number % len(COLOURS)]
        )
    path.write_bytes(scene.to_bytes())


def _add_person(
    scene: Scene, body: Body, chosen: Rig, motion: Motion3D, times: int, aside: float, colour: Sequence[float]
) -> None:
    """Nodes, skin, mesh and movements of the only person of a motion."""
    who = int(motion.people[0])
    axes, first = chosen.rest_axes(body), len(scene.nodes)
    world = [body.turns[joint.segment] @ own for joint, own in zip(chosen.joints, axes, strict=True)]
    for index, joint in enumerate(chosen.joints):
        above = None if joint.parent < 0 else joint.parent
        own = axes[index] if above is None else axes[above].T @ axes[index]
        start = (
            np.array([aside, body.height_m, 0])
            if above is None
            else step(body, chosen, axes, above, joint.landmark)
        )
        node = scene.add_node(joint.name, start, own, None if above is None else first + above)
        node["extras"] = {"landmark": joint.landmark}
    root = scene.nodes[first]
    root["name"] = f"{root['name']} (person {who})"
    joint_names = motion.joints if any(j.landmark == "left_heel" for j in chosen.joints) else "h36m17"
    root["extras"] |= {
        "person": who,
        "joints": joint_names,
        "observed": motion.observed[0].astype(int).tolist(),
        "present": motion.present[0].astype(int).tolist(),
    }
    if motion.sigma_m is not None:
        root["extras"]["sigma_mm"] = whole_mm(motion.sigma_m[0, :, : len(joint_set(joint_names))]).tolist()
    joints = list(range(first, len(scene.nodes)))
    for index, joint in enumerate(chosen.joints):
        if joint.end:
            end = scene.add_node(
                f"{joint.name}_end", step(body, chosen, axes, index, joint.end), np.eye(3), first + index
            )
            end["extras"] = {"landmark": joint.end}
    binding = [
        inverse(own, body.rest[joint.landmark]) for joint, own in zip(chosen.joints, axes, strict=True)
    ]
    scene.add_skinned(f"person {who}", sticks(body, chosen), joints, np.array(binding), colour)
    channels = [(first, "translation", body.pelvis + np.array([aside, 0, 0]))]
    for index, (joint, turn) in enumerate(zip(chosen.joints, world, strict=True)):
        local = turn if joint.parent < 0 else np.swapaxes(world[joint.parent], -1, -2) @ turn
        channels.append((first + index, "rotation", quaternions(local)))
    scene.animate(times, channels)


def read(path: Path) -> Motion3D:
    """Read what `write` wrote, with absences as they were."""
    content, data = read_glb(path)
    try:
        roots = [n for n, node in enumerate(content["nodes"]) if "person" in node.get("extras", {})]
        if not roots:
            raise InputError(
                f"{path}: uplift3d did not write it; .glb files of other programs cannot be read"
            )
        moves, times = _animations(content, data)
        extras_of_file = content["asset"].get("extras", {})
        people = [_person(content["nodes"], root, moves, len(times)) for root in roots]
        extras = [content["nodes"][root]["extras"] for root in roots]
        return Motion3D(
            positions=np.array([places - places[:, :1] for places in people]),
            times=times + float(extras_of_file.get("start_s", 0)),
            root=np.array([places[:, 0] for places in people]),
            observed=np.array([extra["observed"] for extra in extras]),
            sigma_m=_sigma_m(extras),
            people=np.array([extra["person"] for extra in extras]),
            joints=extras[0]["joints"],
            meta=extras_of_file.get("uplift3d", {}),
        )
    except InputError as error:
        raise InputError(f"{path}: {error}" if str(path) not in str(error) else str(error)) from error
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: not a .glb that uplift3d wrote ({reason(error)})") from error


def whole_mm(sigma_m: FloatArray) -> IntArray:
    """Metres as whole millimetres, −1 where nothing is said."""
    return np.where(np.isfinite(sigma_m), np.round(1000 * np.nan_to_num(sigma_m)), -1).astype(np.int64)


def _sigma_m(extras: Sequence[Mapping[str, Any]]) -> FloatArray | None:
    """(P, T, J) the inverse of `whole_mm` for everybody; None where somebody has none."""
    if not all("sigma_mm" in extra for extra in extras):
        return None
    millimetres = np.array([extra["sigma_mm"] for extra in extras], dtype=np.float32)
    return np.where(millimetres < 0, np.float32(np.nan), millimetres / 1000)


def _animations(content: Mapping[str, Any], data: bytes) -> tuple[dict[tuple[int, str], Array], Array]:
    """(node, what moves) → values over time; and the times, which all share."""
    moves, times = {}, np.zeros(0)
    for animation in content["animations"]:
        for channel in animation["channels"]:
            sampler = animation["samplers"][channel["sampler"]]
            times = values_of(content, data, sampler["input"])[:, 0]
            moves[channel["target"]["node"], channel["target"]["path"]] = values_of(
                content, data, sampler["output"]
            )
    return moves, times


def _person(
    nodes: Sequence[Mapping[str, Any]], root: int, moves: Mapping[tuple[int, str], Array], count: int
) -> Array:
    """(T, J, 3) camera axes from the world's origin; NaN where the person was absent."""
    found: dict[str, Array] = {}

    def visit(index: int, place: Array, turn: Array) -> None:
        node = nodes[index]
        step = moves.get((index, "translation"), np.array([node.get("translation", (0, 0, 0))], dtype=float))
        spin = moves.get((index, "rotation"), np.array([node.get("rotation", (0, 0, 0, 1))], dtype=float))
        place = place + np.einsum("tij,tj->ti", turn, np.broadcast_to(step, (count, 3)))
        turn = turn @ matrix_from_quaternion(np.roll(spin, 1, axis=-1))
        found.setdefault(str(node["extras"]["landmark"]), place)
        for child in node.get("children", ()):
            visit(child, place, turn)

    visit(root, np.zeros((count, 3)), np.broadcast_to(np.eye(3), (count, 3, 3)))
    extras = nodes[root]["extras"]
    places = np.stack([found[joint] for joint in joint_set(extras["joints"]).joints], axis=1)
    return np.where(np.array(extras["present"], dtype=bool)[:, None, None], y_up(places), np.nan)
