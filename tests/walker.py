"""A person who walks on the spot, as 2D joints of any set, and exchanges of left and right put into them."""

import numpy as np

from uplift3d.detect.side_evidence import STATES
from uplift3d.detect.sides import exchange
from uplift3d.skeletons import convert_2d, joint_set
from uplift3d.types import Keypoints2D

STANDING = {  # metres: x to the person's left, y down, z to the back; feet apart
    "hip": (0.13, 0, 0),
    "knee": (0.15, 0.45, -0.03),
    "ankle": (0.16, 0.88, 0.03),
    "shoulder": (0.19, -0.48, 0),
    "elbow": (0.25, -0.2, 0.03),
    "wrist": (0.27, 0.05, -0.08),
}
FACE = {"nose": (0, -0.68, -0.11), "left_ear": (0.07, -0.7, 0), "right_ear": (-0.07, -0.7, 0)}


def walker(interval_s=0.1, seconds=6.0, joints="coco17", facing_deg=40.0, noise_px=3.0, hint=False, seed=0):
    """Somebody walking on the spot, 300 px tall, seen at an angle; arms swing against the legs."""
    times = np.arange(0, seconds, interval_s)
    phase = 2 * np.pi * times / 1.1
    table = {name: np.broadcast_to(place, (len(times), 3)).copy() for name, place in FACE.items()}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        for name, place in STANDING.items():
            swing = {"knee": 0.18, "ankle": 0.33, "elbow": -0.1, "wrist": -0.22}.get(name, 0.0)
            spot = np.broadcast_to(np.multiply(place, (sign, 1, 1)), (len(times), 3)).copy()
            spot[:, 2] += sign * swing * np.sin(phase)
            table[f"{side}_{name}"] = spot
    angle = np.radians(facing_deg)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    names = joint_set("coco17").joints
    body = np.stack([table.get(name, np.full((len(times), 3), np.nan)) for name in names], axis=1) @ turn.T
    body, _ = convert_2d(body, np.isfinite(body).all(-1) * 1.0, "coco17", joints)
    pixels = body[..., :2] * 170 + (400, 300)
    pixels = pixels + np.random.default_rng(seed).normal(size=pixels.shape) * noise_px
    depth = body[None] if hint else None
    return Keypoints2D(pixels[None], None, times, (800, 600), joints, depth_hint=depth)


def put_in(keypoints, state, start_s, end_s):
    """Those looks in that state."""
    inside = (keypoints.times >= start_s) & (keypoints.times < end_s)
    states = np.where(inside, STATES.index(state), 0)[None]
    return exchange(keypoints, states), states[0]
