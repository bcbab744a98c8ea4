"""A figure of rigid bones whose every joint turns in a known way, made without the code under test."""

import numpy as np
from scipy.spatial.transform import Rotation

from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D

# T-pose, metres from the joint before it: x to the figure's left, y up, z forwards.
STEPS = {
    "hip": ("pelvis", "pelvis", (0.11, 0, 0)),
    "knee": ("hip", "thigh", (0, -0.44, 0)),
    "ankle": ("knee", "shin", (0, -0.42, 0)),
    "heel": ("ankle", "foot", (0, -0.07, -0.05)),
    "toe": ("ankle", "foot", (0, -0.07, 0.17)),
    "shoulder": ("neck", "chest", (0.17, -0.04, 0)),
    "elbow": ("shoulder", "upper_arm", (0.29, 0, 0)),
    "wrist": ("elbow", "forearm", (0.26, 0, 0)),
}
MIDDLE = {
    "torso": ("pelvis", "pelvis", (0, 0.25, 0)),
    "neck": ("torso", "chest", (0, 0.27, 0)),
    "head": ("neck", "head", (0, 0.09, 0.05)),
    "head_top": ("neck", "head", (0, 0.23, 0)),
}


def _swing(times, low, high, hertz, late=0.0):
    return (low + high) / 2 + (high - low) / 2 * np.sin(2 * np.pi * (hertz * times + late))


def _about(axis, degrees):
    return Rotation.from_rotvec(np.multiply.outer(np.radians(degrees), axis)).as_matrix()


def turns(times):
    """Segment → (T, 3, 3): a turning walk with bent knees and elbows that swing."""
    x, y, z = np.eye(3)
    pelvis = _about(y, 60 * times) @ _about(z, _swing(times, -5, 5, 0.5)) @ _about(x, _swing(times, 0, 10, 1))
    chest = pelvis @ _about(y, _swing(times, -20, 20, 0.7)) @ _about(x, _swing(times, 5, 25, 0.4))
    out = {"pelvis": pelvis, "chest": chest, "head": chest @ _about(y, _swing(times, -30, 30, 0.5))}
    for sign, side, late in ((1, "left", 0.0), (-1, "right", 0.5)):
        thigh = pelvis @ _about(x, _swing(times, -50, 20, 0.8, late)) @ _about(y, _swing(times, 0, 15, 0.3))
        shin = thigh @ _about(x, _swing(times, 15, 70, 0.8, late))
        raised = _about(z, sign * _swing(times, -80, -20, 0.4, late))
        upper = chest @ raised @ _about(x, _swing(times, -25, 25, 0.6, late))
        out |= {f"{side}_thigh": thigh, f"{side}_shin": shin, f"{side}_upper_arm": upper}
        out[f"{side}_forearm"] = upper @ _about(-sign * y, _swing(times, 20, 95, 0.7, late))
        out[f"{side}_foot"] = shin @ _about(x, _swing(times, -20, 10, 0.8, late))
    return out


def figure(frames=60, rate_hz=30.0, joints="h36m21", known_root=True):
    """One person in camera axes (x right, y down, z away) who walks in a curve."""
    times = np.arange(frames) / rate_hz
    segments = turns(times)
    places = {"pelvis": np.zeros((frames, 3))}
    for name, (parent, segment, step) in MIDDLE.items():
        places[name] = places[parent] + segments[segment] @ np.array(step)
    for sign, side in ((1, "left"), (-1, "right")):
        for name, (parent, segment, (x, y, z)) in STEPS.items():
            sided = f"{side}_{parent}" if f"{side}_{parent}" in places else parent
            turn = segments[segment if segment in segments else f"{side}_{segment}"]
            places[f"{side}_{name}"] = places[sided] + turn @ np.array([sign * x, y, z])
    world = np.stack([places[name] for name in joint_set(joints).joints], axis=1)
    root = np.stack([0.3 * times + 1, 0.9 + 0.03 * np.sin(9 * times), -4 - 0.2 * times], axis=-1)
    camera = world * [1, -1, -1]
    return Motion3D(
        camera[None],
        times,
        (root * [1, -1, -1])[None] if known_root else None,
        np.ones((1, frames), dtype=bool),
        joints=joints,
        meta={"level": True},
    )
