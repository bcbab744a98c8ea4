"""People who left and came back: tracks that follow each other are one person where clothing and size say so.

Axes: N tracks.
"""

import numpy as np

from uplift3d.arrays import BoolArray, DoubleArray, FloatArray
from uplift3d.detect.clothing import unlike
from uplift3d.detect.tracks import Track

RETURN_COLOURS = 0.15
"""Most that the mean colours of somebody's clothing differ from visit to visit: 0.07 to 0.13 in the outdoor
clip shown three times, whose two people, both in dark clothes against the light, differ by 0.16 to 0.23."""
RETURN_MARGIN = 0.03
"""Where two may be the one who came back, the one must be liker than the other by so much."""
RETURN_GROWTH = 1.5
"""Largest ratio of their sizes in the image, medians over all sightings."""
RETURN_SIGHTINGS = 3
"""So many sightings with colours tell how somebody is dressed."""


def joined(tracks: list[Track]) -> list[Track]:
    """Each person once, in the order of appearance, with the sightings of all visits.

    Two tracks are never one person where the time of one overlaps that of the other. Where clothing leaves
    a choice of two people, they stay apart.
    """
    apart, differ = _apart(tracks), _differences(tracks)
    possible = apart & (differ <= RETURN_COLOURS)
    groups = [[number] for number in range(len(tracks))]
    pairs = np.argwhere(np.triu(possible, 1)).tolist()
    for a, b in sorted(pairs, key=lambda pair: float(differ[pair[0], pair[1]])):
        one, other = groups[a], groups[b]
        if one is other or not possible[np.ix_(one, other)].all():
            continue
        if _may_be_another(a, b, apart, differ) or _may_be_another(b, a, apart, differ):
            continue
        one += other
        for number in other:
            groups[number] = one
    people = {id(group): _one([tracks[number] for number in group]) for group in groups}
    return sorted(people.values(), key=lambda track: track.frames[0])


def _apart(tracks: list[Track]) -> BoolArray:
    """(N, N) whether one ends before the other begins."""
    first, last = (np.array([track.frames[end] for track in tracks]) for end in (0, -1))
    before: BoolArray = last[:, None] < first[None]
    return before | before.T


def _differences(tracks: list[Track]) -> DoubleArray:
    """(N, N) how different the clothing is, in [0, 1]; infinite where that or the sizes rule somebody out."""
    sizes = np.array([np.median([one.size for one in track.sightings]) for track in tracks])
    clothing = [_clothing(track) for track in tracks]
    differ = np.full((len(tracks), len(tracks)), np.inf)
    for a, mine in enumerate(clothing):
        for b, theirs in enumerate(clothing):
            growth = max(sizes[a], sizes[b]) / max(min(sizes[a], sizes[b]), 1e-6)
            if mine is not None and theirs is not None and growth <= RETURN_GROWTH:
                differ[a, b] = unlike(mine, theirs)
    return differ


def _clothing(track: Track) -> FloatArray | None:
    colours = [one.colours for one in track.sightings if one.colours is not None]
    return np.mean(colours, axis=0) if len(colours) >= RETURN_SIGHTINGS else None


def _may_be_another(a: int, b: int, apart: BoolArray, differ: DoubleArray) -> bool:
    """Whether `a` is nearly as much like somebody who was there at the same time as `b`."""
    rivals = apart[a] & ~apart[b]
    rivals[[a, b]] = False
    return bool((differ[a][rivals] < differ[a, b] + RETURN_MARGIN).any())


def _one(visits: list[Track]) -> Track:
    """All visits in one track."""
    visits = sorted(visits, key=lambda track: track.frames[0])
    return Track(
        [frame for track in visits for frame in track.frames],
        [time_s for track in visits for time_s in track.times],
        [sighting for track in visits for sighting in track.sightings],
    )
