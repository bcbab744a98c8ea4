"""Where people stand: the places of feet that rest, each level for itself.

Axes: T times, F points of the feet.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from uplift3d.arrays import DoubleArray
from uplift3d.post.contacts import feet_in_the_room, find_contacts
from uplift3d.types import Motion3D

OTHER_LEVEL_M = 0.6
"""Who comes to rest so much higher or lower than before stands on something else: a wall, a table."""


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
    step_s = float(np.median(np.diff(motion.times)))
    feet = feet_in_the_room(motion, contacts.joints)
    return [
        Stand(person, places, len(places) * step_s)
        for person, resting in enumerate(contacts.resting)
        if resting.any()
        for places in _levels(feet[person][resting], up)
    ]


def _levels(places: DoubleArray, up: DoubleArray) -> list[DoubleArray]:
    """Places (n, 3) in the order of time, cut where they are on another level."""
    jumps = np.abs(np.diff(places @ up)) > OTHER_LEVEL_M
    return np.split(places, np.flatnonzero(jumps) + 1)
