"""How files of other authors are described: which names they hold, and what their shapes say of sizes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from uplift3d.errors import InputError
from uplift3d.model.network import NetworkConfig

State = Mapping[str, Tensor]
Fields = dict[str, Any]
Rules = Sequence[tuple[str, ...]]
"""(pattern of our names, theirs, …): several of theirs are stacked to make one of ours."""


@dataclass(frozen=True)
class Source:
    """The checkpoint files of one network."""

    title: str
    """What to call the network in messages."""
    pattern: str
    """Regular expression that the names of its weights begin with."""
    config: type[NetworkConfig] | None = None
    """Class of its configuration; None for networks that are only recognised."""
    infer: Callable[[State, Mapping[str, Any]], Fields] | None = None
    """Configuration fields that follow from names and shapes, and from the fields that the user gave."""
    rules: Rules = ()
    """From our names to theirs, the first that fits."""
    unused: str = r"(?!)"
    """Regular expression of names that are stored, but that the authors' network never reads."""

    def names(self, ours: str) -> tuple[str, ...]:
        """Return the names in the file that make one of our weights."""
        for pattern, *theirs in self.rules:
            if match := re.match(pattern, ours):
                return tuple(match.expand(name) + ours[match.end() :] for name in theirs)
        raise KeyError(f"no rule for {ours} in the files of {self.title}")


def size(state: State, *places: tuple[str, int], default: int) -> int:
    """Length of an axis (name, axis) of the first weight that is there; the default if none is.

    A file that lacks one of several weights of the same size is then blamed for that weight only.
    """
    for name, axis in places:
        if name in state and state[name].ndim > axis:
            return int(state[name].shape[axis])
    return default


def count(state: State, pattern: str) -> int:
    """Return how many different numbers stand where the pattern has its group."""
    return len({match[1] for name in state if (match := re.match(pattern, name))})


def joints_of(number: int, given: Mapping[str, Any]) -> Fields:
    """Name the joint set of `number` joints, unless the user did.

    Raises:
        InputError: not 17 joints, and nobody said which.
    """
    if "joints" in given or number == 17:
        return {}
    raise InputError(
        f"its poses have {number} joints, and the file does not say which: pass config={{'joints': name}}"
    )


PUBLISHED_STRIDES = {
    (9, 3): (1, 3, 3),
    (27, 3): (3, 3, 3),
    (81, 3): (3, 9, 3),
    (81, 4): (3, 3, 3, 3),
    (243, 5): (3, 3, 3, 3, 3),
    (351, 3): (3, 9, 13),
}
"""Strides of Strided Transformer and P-STMO by frames and number of shortening blocks."""


def strides_of(frames: int, blocks: int, given: Mapping[str, Any]) -> Fields:
    """Strides of the shortening blocks: as the user says, else as published for this many frames.

    Raises:
        InputError: an unpublished layout, and nobody said which strides it has.
    """
    if "strides" in given:
        return {}
    if (frames, blocks) in PUBLISHED_STRIDES:
        return {"strides": PUBLISHED_STRIDES[frames, blocks]}
    raise InputError(
        f"the strides of its {blocks} blocks over {frames} frames are not in the file: "
        "pass config={'strides': [...]}, one number per block"
    )
