"""Somebody who walks away from a camera in steps that are known, with feet that rest exactly in between."""

import numpy as np

from uplift3d.rotations import matrix_about_axis
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D

RATE_HZ = 50
STEP_S = 0.6
STEP_M = 0.6
HIP_M = 0.8
THIGH_M = SHIN_M = 0.45


def steps(count=8, lean_deg=0.0, joints="h36m21", track_width_m=0.2):
    """A walk along (1, 0, 1) on level ground: one foot swings while the other stands, then they change.

    Camera axes, the ground 1.5 m below the camera. Every step takes `STEP_S`, the first half of it with both
    feet on the ground; feet are flat, and knees bend forwards as legs of constant length need it.
    """
    times = np.arange(round(count * STEP_S * RATE_HZ)) / RATE_HZ
    ahead, up = np.array([1, 0, 1]) / np.sqrt(2), np.array([0, -1.0, 0])
    right = np.cross(ahead, up)
    pelvis = (times / STEP_S * STEP_M)[:, None] * ahead + HIP_M * up
    place = {"pelvis": pelvis}
    for parity, (side, out) in enumerate((("left", -1), ("right", 1))):
        along = _foot(times, parity)
        swing = np.clip(np.abs(np.gradient(along, times)), 0, None)
        lift = 0.12 * swing / max(swing.max(), 1e-9)
        ankle = along[:, None] * ahead + (0.08 + lift)[:, None] * up + out * track_width_m / 2 * right
        hip = pelvis + out * track_width_m / 2 * right
        place |= {f"{side}_hip": hip, f"{side}_ankle": ankle}
        place[f"{side}_heel"] = ankle - 0.05 * ahead - 0.06 * up
        place[f"{side}_toe"] = ankle + 0.18 * ahead - 0.06 * up
        place[f"{side}_knee"] = _knee(hip, ankle, ahead)
        place[f"{side}_shoulder"] = pelvis + 0.48 * up + out * 0.18 * right
        place[f"{side}_elbow"] = place[f"{side}_shoulder"] - 0.28 * up
        place[f"{side}_wrist"] = place[f"{side}_elbow"] - 0.25 * up
    for name, height in (("torso", 0.25), ("neck", 0.52), ("head", 0.6), ("head_top", 0.75)):
        place[name] = pelvis + height * up
    room = np.stack([place[name] for name in joint_set(joints).joints], axis=1)
    body = room - pelvis[:, None]
    upper = [n for n, name in enumerate(joint_set(joints).joints) if not name.endswith(LEGS)]
    body[:, upper] = body[:, upper] @ matrix_about_axis("X", np.radians(lean_deg)).T
    root = pelvis + np.array([-1, 1.5, 4])
    return Motion3D(body[None], times, root[None], np.ones((1, len(times)), dtype=bool), joints=joints)


LEGS = ("hip", "knee", "ankle", "heel", "toe", "pelvis")


def _foot(times, parity):
    """(T,) where a foot is along the way: it swings by two steps in the second half of every other step.

    The left one begins half a step behind the pelvis, the right one half a step before it.
    """
    step, within = np.divmod(times / STEP_S, 1)
    swing = np.clip(within * 2 - 1, 0, 1)
    swing = swing**2 * (3 - 2 * swing)
    done = np.floor((step + 1 - parity) / 2) * 2
    now = np.where(step % 2 == parity, swing * 2, 0)
    return (done + now - (1 - parity) + 0.5) * STEP_M


def _knee(hip, ankle, ahead):
    leg = ankle - hip
    length = np.linalg.norm(leg, axis=-1, keepdims=True)
    aside = np.sqrt(np.maximum(THIGH_M**2 - (length / 2) ** 2, 0))
    across = ahead - leg * (leg @ ahead)[:, None] / length**2
    return hip + leg / 2 + aside * across / np.linalg.norm(across, axis=-1, keepdims=True)
