"""Skeletons to write: whose names, whose hierarchy, whose rest pose.

A rig hangs its joints on the landmarks of a `Body`. In `uplift3d` and `mixamo` all turns are zero in the
T-pose. `lafan1` is as the files of Ubisoft's LaFAN1 have it, which robot retargeting reads: each joint's x
axis runs along its bone, so turns of zero fold the figure up, and robots' tables count on these axes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from uplift3d.errors import InputError
from uplift3d.export.body import LANDMARKS, Body

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RigJoint:
    """One joint of a rig."""

    name: str
    parent: int
    landmark: str
    segment: str
    end: str = ""
    """Landmark of the end site, for a joint without children."""
    axes: tuple[Array, Array] | None = None
    """Rest directions of its x axis (zero: along its bone) and z axis; None: those of the T-pose."""


@dataclass(frozen=True)
class Rig:
    """A whole skeleton."""

    name: str
    joints: tuple[RigJoint, ...]
    order: str
    """Of the rotation channels."""

    def rest_axes(self, body: Body) -> list[Array]:
        """Each joint's own axes in the T-pose, (3, 3) with the axes as columns."""
        axes = []
        for index, joint in enumerate(self.joints):
            if joint.axes is None:
                axes.append(np.eye(3))
                continue
            x, z = joint.axes
            x = x if x.any() else self._bone(index, body)
            axes.append(np.stack([x, np.cross(z, x), z], axis=-1))
        return axes

    def _bone(self, index: int, body: Body) -> Array:
        """Direction of the bone to a joint's only child, in the T-pose."""
        child = next(joint for joint in self.joints if joint.parent == index)
        step = body.rest[child.landmark] - body.rest[self.joints[index].landmark]
        return np.asarray(step / np.linalg.norm(step))


def rig(name: str, has_feet: bool) -> Rig:
    """A skeleton by its name; InputError naming those there are.

    Args:
        name: "uplift3d", "lafan1" or "mixamo".
        has_feet: whether toes and heels were seen: without, `uplift3d` has none.
    """
    check_skeleton(name)
    if name == "uplift3d":
        return Rig(name, _create(_UPLIFT3D_FEET if has_feet else _UPLIFT3D), "ZXY")
    if name == "mixamo":
        joints = _create(_MIXAMO, prefix="mixamorig:")
        return Rig(name, joints, "ZXY")
    return Rig(name, _create(_LAFAN1, axes=True), "ZYX")


def check_skeleton(name: str) -> str:
    """The name, if there is such a skeleton."""
    if name not in SKELETONS:
        raise InputError(f"skeleton {name!r} given; accepted are {', '.join(SKELETONS)}")
    return name


SKELETONS = ("uplift3d", "lafan1", "mixamo")

# Words: name<parent@landmark:segment, and >landmark of the end site of a joint without children.
_ARM = "{s}_clavicle<torso {s}_shoulder<{s}_clavicle:{s}_upper_arm {s}_elbow<{s}_shoulder:{s}_forearm "
_ARM += "{s}_wrist<{s}_elbow:{s}_forearm>{s}_knuckles "
_LEG = "{s}_hip<pelvis:{s}_thigh {s}_knee<{s}_hip:{s}_shin {s}_ankle<{s}_knee:{s}_foot"
_TOES = " {s}_toe<{s}_ankle:{s}_foot>{s}_toe_tip {s}_heel<{s}_ankle:{s}_foot>{s}_heel_tip "
_SPINE = "pelvis spine<pelvis@lumbar:spine torso<spine:chest neck<torso head<neck>head_top "


def _sided(text: str) -> str:
    return text.format(s="left") + " " + text.format(s="right") + " "


_UPLIFT3D = _SPINE + _sided(_ARM) + _sided(_LEG + ">{s}_toe ")
_UPLIFT3D_FEET = _SPINE + _sided(_ARM) + _sided(_LEG + _TOES)

_HUMAN_LEG = """{S}UpLeg<Hips@{s}_hip:{s}_thigh {S}Leg<{S}UpLeg@{s}_knee:{s}_shin
{S}Foot<{S}Leg@{s}_ankle:{s}_foot {S}%s<{S}Foot@{s}_ball:{s}_foot>{s}_toe """
_HUMAN_ARM = """{S}Shoulder<Spine2@{s}_clavicle:{s}_clavicle {S}Arm<{S}Shoulder@{s}_shoulder:{s}_upper_arm
{S}ForeArm<{S}Arm@{s}_elbow:{s}_forearm {S}Hand<{S}ForeArm@{s}_wrist:{s}_forearm>{s}_knuckles """
_HUMAN_SPINE = """Spine<Hips@lumbar:spine Spine1<Spine@torso:chest Spine2<Spine1@midchest:chest
Neck<Spine2@neck:neck Head<Neck@head:head>head_top """


def _named_sides(text: str) -> str:
    return text.format(s="left", S="Left") + text.format(s="right", S="Right")


_HIPS = "Hips@pelvis:pelvis "
_LAFAN1 = _HIPS + _named_sides(_HUMAN_LEG % "Toe") + _HUMAN_SPINE + _named_sides(_HUMAN_ARM)
_MIXAMO = _HIPS + _HUMAN_SPINE + _named_sides(_HUMAN_ARM) + _named_sides(_HUMAN_LEG % "ToeBase")

_UP, _LEFT, _FORWARD, _ALONG = *np.eye(3)[[1, 0, 2]], np.zeros(3)


def _lafan1_axes(name: str) -> tuple[Array, Array]:
    """x and z axis of a LaFAN1 joint in the T-pose, as frame 0 of its files has them."""
    limb = name.removeprefix("Left").removeprefix("Right")
    if limb in ("UpLeg", "Leg"):
        return -_UP, -_LEFT
    if limb in ("Foot", "Toe"):
        return (_ALONG if limb == "Foot" else _FORWARD), -_LEFT
    if limb in ("Shoulder", "Arm", "ForeArm", "Hand"):
        return (_LEFT, _UP) if name.startswith("Left") else (-_LEFT, -_UP)
    return _UP, _LEFT


def _create(text: str, prefix: str = "", axes: bool = False) -> tuple[RigJoint, ...]:
    joints: list[RigJoint] = []
    names: list[str] = []
    for word in text.split():
        word, _, end = word.partition(">")
        word, _, segment = word.partition(":")
        word, _, landmark = word.partition("@")
        name, _, parent = word.partition("<")
        assert (landmark or name) in {"pelvis", *LANDMARKS}
        joints.append(
            RigJoint(
                prefix + name,
                names.index(parent) if parent else -1,
                landmark or name,
                segment or {"pelvis": "pelvis"}.get(name, name),
                end,
                _lafan1_axes(name) if axes else None,
            )
        )
        names.append(name)
    return tuple(joints)
