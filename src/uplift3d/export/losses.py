"""What of a motion a file format has no place for, so that nobody loses it without being told."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from uplift3d.export.parts import short_stretches
from uplift3d.export.scene import is_even, with_known_joints
from uplift3d.files.guards import listed
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D

ONE_RATE = (".bvh", ".trc", ".c3d")
ALWAYS_POSED = (".bvh",)
EXACT_S = 2.0**14
"""Beyond, the 32-bit times of .glb are off by a millisecond."""
KNOWN_JOINTS = (".bvh", ".glb", ".usd", ".usda", ".usdc", ".trc", ".c3d")


def losses(path: Path, motion: Motion3D, split: bool = False) -> list[str]:
    """What reading the file again would not give back, in words; empty where the motion stays the same.

    What a format never keeps is on the conventions page and not repeated here: `meta` and `observed`, bones
    of varying length in .bvh and .glb, how sure joints are in .bvh and .trc, the place of the camera.

    Args:
        path: the file to be.
        motion: what it is to hold.
        split: as for `save_motion`: absences are between files.

    Raises:
        InputError: the motion cannot be written at all.
    """
    suffix, lost = path.suffix.lower(), []
    if suffix in KNOWN_JOINTS:
        kept = joint_set(with_known_joints(motion).joints).joints
        if joints := [name for name in joint_set(motion.joints).joints if name not in kept]:
            lost.append(f"the joints {listed(joints)}")
        brief = motion.people[motion.present.sum(axis=1) < 2]
        if len(brief) and len(brief) < len(motion.people):
            lost.append(f"people of fewer than two poses ({listed(brief)})")
    if suffix in ONE_RATE and not is_even(motion):
        steps = np.diff(motion.times)
        lost.append(f"uneven times ({steps.min():.4f} to {steps.max():.4f} s apart; --fps chooses a rate)")
    if suffix == ".glb" and len(motion) and motion.times[-1] - motion.times[0] > EXACT_S:
        lost.append(f"the exact times of what is longer than {EXACT_S / 3600:.1f} hours")
    if suffix in ALWAYS_POSED and not motion.present.all():
        absent = motion.people[~motion.present.all(axis=1)]
        if not split:
            lost.append(f"when people are absent ({listed(absent)}; --split makes a file of each stretch)")
        elif short := short_stretches(motion):
            lost.append(f"{short} {'stretch' if short == 1 else 'stretches'} of a single pose")
    return lost
