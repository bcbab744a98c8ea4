"""Where people stand: the places of feet that rest, each level for itself.

Axes: T times, F points of the feet.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from uplift3d.arrays import DoubleArray, IntArray
from uplift3d.post.bones import durations_s
from uplift3d.post.contacts import feet_in_the_room, find_contacts
from uplift3d.post.resample import usual_step_s
from uplift3d.types import Motion3D

OTHER_LEVEL_M = 0.6
"""Who comes to rest so much higher or lower than before stands on something else: a wall, a table."""
LONGEST_STEPS = 2
"""A pose stands for at most so many usual steps of time: nobody knows what was in a gap."""


class Stand(NamedTuple):
    """A time that somebody spends on one level."""

    person: int
    """Row of the motion."""
    places: DoubleArray
    """(n, 3) metres in camera axes: points of feet while they rest, in the order of time."""
    seconds: float
    """For how long points rest, added up."""


def find_stands(motion: Motion3D, up: DoubleArray) -> list[Stand]:
    """Every level that somebody stands on, person by person; nothing without `root`, or of a single time.

    Args:
        motion: of a camera that does not move.
        up: (3,) direction against gravity in the motion's axes.
    """
    contacts = find_contacts(motion, up)
    if not contacts.resting.any() or len(motion) < 2:
        return []
    feet = feet_in_the_room(motion, contacts.joints)
    each_s = np.minimum(durations_s(motion.times), LONGEST_STEPS * usual_step_s(motion.times))
    stands = []
    for person, resting in enumerate(contacts.resting):
        if resting.any():
            places = feet[person][resting]
            seconds = np.broadcast_to(each_s[:, None], resting.shape)[resting]
            cuts = _other_levels(places, up)
            levels = zip(np.split(places, cuts), np.split(seconds, cuts), strict=True)
            stands += [Stand(person, level, float(spent.sum())) for level, spent in levels]
    return stands


def _other_levels(places: DoubleArray, up: DoubleArray) -> IntArray:
    """Where places (n, 3) in the order of time are on another level than before."""
    return np.flatnonzero(np.abs(np.diff(places @ up)) > OTHER_LEVEL_M) + 1
