"""`.usd`, `.usda`, `.usdc`: a skinned body of sticks for each person (UsdSkel), for Omniverse, Houdini, Maya.

Metres, y up, z towards the viewer of the picture; time codes are seconds times `timeCodesPerSecond`, at the
motion's own times, even or not. Bones are those of `.glb`. Where a person is absent their visibility is
"invisible", above a held pose. `meta`, `observed` and `sigma_mm` are custom data, which other programs leave
alone; `sigma_mm` goes through the `joints` of one time after the other, −1 where nothing is said. No motion
is read from it: what usd-core does with a damaged file cannot be bounded. Needs usd-core
(`pip install 'uplift3d[usd]'`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pxr import Gf, Sdf, Tf, Usd, UsdGeom, UsdSkel, Vt

from uplift3d.errors import InputError
from uplift3d.export.body import Body
from uplift3d.export.bvh import body_of
from uplift3d.export.glb import APART_M, COLOURS, whole_mm
from uplift3d.export.meta import meta_to_json
from uplift3d.export.rigs import Rig, rig
from uplift3d.export.scene import people_worth_writing, with_known_joints
from uplift3d.export.sticks import inverse, quaternions, step, sticks
from uplift3d.post.ground import on_the_ground
from uplift3d.post.resample import usual_step_s
from uplift3d.types import Motion3D

Array = npt.NDArray[np.float64]

OURS = "uplift3d"
RATE_DECIMALS, CODE_DECIMALS = 6, 4
"""Of frames per second and of times in frames: rounding of seconds shows further behind."""


def write(path: Path, motion: Motion3D, skeleton: str = "uplift3d") -> None:
    """Write everybody; `skeleton` is one of `rigs.SKELETONS`."""
    known = with_known_joints(motion)
    people = known.select(people_worth_writing(known))
    world = on_the_ground(people)
    rate_hz = round(1 / usual_step_s(motion.times), RATE_DECIMALS)
    stage = Usd.Stage.CreateInMemory()
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    stage.SetTimeCodesPerSecond(rate_hz)
    stage.SetFramesPerSecond(rate_hz)
    stage.SetStartTimeCode(_code(float(motion.times[0]), rate_hz))
    stage.SetEndTimeCode(_code(float(motion.times[-1]), rate_hz))
    top = UsdGeom.Xform.Define(stage, "/World")
    stage.SetDefaultPrim(top.GetPrim())
    top.GetPrim().SetCustomDataByKey(OURS, {"meta": meta_to_json(world)})
    for number, who in enumerate(people.people.tolist()):
        one = world.select([who])
        body = body_of(one, rate_hz, path.suffix)
        aside = APART_M * number if motion.root is None else 0.0
        colour = COLOURS[number % len(COLOURS)]
        _Person(stage, body, rig(skeleton, body.has_feet), one, rate_hz, aside).add(colour)
    try:
        written = stage.GetRootLayer().Export(str(path))
    except Tf.ErrorException:  # a full disk, in many lines
        written = False
    if not written:
        raise InputError(f"{path.name} cannot be written: usd-core failed, as it does when the disk is full")


def _code(time_s: float, rate_hz: float) -> float:
    """A time in frames; a whole one where rounding alone keeps it from that."""
    return round(time_s * rate_hz, CODE_DECIMALS)


class _Person:
    """One person's skeleton, animation and mesh."""

    def __init__(
        self, stage: Any, body: Body, chosen: Rig, motion: Motion3D, rate_hz: float, aside: float
    ) -> None:
        self.stage, self.body, self.chosen, self.motion = stage, body, chosen, motion
        self.codes = [Usd.TimeCode(_code(time, rate_hz)) for time in motion.times.tolist()]
        self.aside = np.array([aside, 0.0, 0.0])
        self.axes = chosen.rest_axes(body)
        self.place = Sdf.Path(f"/World/person_{int(motion.people[0])}".replace("-", "_"))

    def add(self, colour: Sequence[float]) -> None:
        """Put them on the stage; `colour` is red, green, blue from 0 to 1."""
        root = UsdSkel.Root.Define(self.stage, self.place)
        who = int(self.motion.people[0])
        about = {
            "person": who,
            "observed": Vt.IntArray(self.motion.observed[0].astype(int).tolist()),
        }
        if self.motion.sigma_m is not None:
            about["joints"] = Vt.StringArray(self.motion.joint_names)
            about["sigma_mm"] = Vt.IntArray(whole_mm(self.motion.sigma_m[0]).ravel().tolist())
        root.GetPrim().SetCustomDataByKey(OURS, about)
        visible = root.CreateVisibilityAttr()
        for code, there in zip(self.codes, self.motion.present[0].tolist(), strict=True):
            visible.Set(UsdGeom.Tokens.inherited if there else UsdGeom.Tokens.invisible, code)
        skeleton = self._skeleton()
        animation = self._animation()
        binding = UsdSkel.BindingAPI.Apply(skeleton.GetPrim())
        binding.CreateAnimationSourceRel().SetTargets([animation.GetPath()])
        self._mesh(skeleton, colour)

    def _all(self) -> list[tuple[str, str, int]]:
        """Path, landmark and parent of every joint, the ends of the last bones included."""
        found: list[tuple[str, str, int]] = []
        for joint in self.chosen.joints:
            above = "" if joint.parent < 0 else f"{found[joint.parent][0]}/"
            found.append((above + joint.name.replace(":", "_"), joint.landmark, joint.parent))
        for index, joint in enumerate(self.chosen.joints):
            if joint.end:
                own = joint.name.replace(":", "_")
                found.append((f"{found[index][0]}/{own}_end", joint.end, index))
        return found

    def _skeleton(self) -> Any:
        skeleton = UsdSkel.Skeleton.Define(self.stage, self.place.AppendChild("skeleton"))
        world = [self._matrix(index) for index in range(len(self._all()))]
        rest = [
            one if parent < 0 else one @ np.linalg.inv(world[parent])
            for one, (_, _, parent) in zip(world, self._all(), strict=True)
        ]
        skeleton.CreateJointsAttr(Vt.TokenArray([path for path, _, _ in self._all()]))
        skeleton.CreateBindTransformsAttr(Vt.Matrix4dArray([Gf.Matrix4d(one.tolist()) for one in world]))
        skeleton.CreateRestTransformsAttr(Vt.Matrix4dArray([Gf.Matrix4d(one.tolist()) for one in rest]))
        return skeleton

    def _matrix(self, index: int) -> Array:
        """(4, 4) of a joint in the T-pose, for row vectors as USD has them."""
        _, landmark, parent = self._all()[index]
        own = self.axes[index] if index < len(self.axes) else self.axes[parent]
        return np.asarray(np.linalg.inv(inverse(own, self.body.rest[landmark])).T)

    def _animation(self) -> Any:
        body, chosen = self.body, self.chosen
        animation = UsdSkel.Animation.Define(self.stage, self.place.AppendChild("animation"))
        joints = self._all()
        animation.CreateJointsAttr(Vt.TokenArray([path for path, _, _ in joints]))
        animation.CreateScalesAttr(Vt.Vec3hArray([Gf.Vec3h(1, 1, 1)] * len(joints)))
        still = [
            np.zeros(3) if parent < 0 else step(body, chosen, self.axes, parent, landmark)
            for _, landmark, parent in joints
        ]
        world = [body.turns[joint.segment] @ own for joint, own in zip(chosen.joints, self.axes, strict=True)]
        local = [
            quaternions(turn if joint.parent < 0 else np.swapaxes(world[joint.parent], -1, -2) @ turn)
            for joint, turn in zip(chosen.joints, world, strict=True)
        ]
        ends = len(joints) - len(local)
        pelvis = body.pelvis + self.aside
        moving, turning = animation.CreateTranslationsAttr(), animation.CreateRotationsAttr()
        for row, code in enumerate(self.codes):
            steps = np.array([pelvis[row], *still[1:]], dtype=np.float32)
            moving.Set(Vt.Vec3fArray.FromNumpy(steps), code)
            spins = [
                Gf.Quatf(float(w), float(x), float(y), float(z)) for x, y, z, w in (one[row] for one in local)
            ]
            turning.Set(Vt.QuatfArray([*spins, *[Gf.Quatf(1)] * ends]), code)
        return animation

    def _mesh(self, skeleton: Any, colour: Sequence[float]) -> None:
        corners, normals, owners = sticks(self.body, self.chosen)
        mesh = UsdGeom.Mesh.Define(self.stage, self.place.AppendChild("body"))
        mesh.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(corners.astype(np.float32)))
        mesh.CreateNormalsAttr(Vt.Vec3fArray.FromNumpy(normals.astype(np.float32)))
        mesh.CreateFaceVertexCountsAttr(Vt.IntArray([3] * (len(corners) // 3)))
        mesh.CreateFaceVertexIndicesAttr(Vt.IntArray(list(range(len(corners)))))
        mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
        mesh.CreateDisplayColorAttr(Vt.Vec3fArray([Gf.Vec3f(*map(float, colour))]))
        binding = UsdSkel.BindingAPI.Apply(mesh.GetPrim())
        binding.CreateSkeletonRel().SetTargets([skeleton.GetPath()])
        binding.CreateGeomBindTransformAttr(Gf.Matrix4d(1))
        binding.CreateJointIndicesPrimvar(False, 1).Set(Vt.IntArray(owners.astype(int).tolist()))
        binding.CreateJointWeightsPrimvar(False, 1).Set(Vt.FloatArray([1.0] * len(owners)))
