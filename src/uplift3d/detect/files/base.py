"""What a format of 2D key-frames is, and what a reader may ask the user for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from uplift3d.errors import InputError
from uplift3d.files.arrays import npz_names
from uplift3d.files.guards import quoted
from uplift3d.files.json_text import read_json
from uplift3d.types import Keypoints2D
from uplift3d.types.checks import check_rate

HEAD_BYTES = 4096
JSON_STARTS = (b"{", b"[")
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


class IncompleteError(InputError):
    """A file can be read once the user says what it does not."""


@dataclass(frozen=True)
class Given:
    """What the user says about a file that does not say it itself; None where nothing was said."""

    frame_rate_hz: float | None = None
    """Frames per second: many formats count frames and carry no times."""
    image_size: tuple[int, int] | None = None
    """(width, height) in pixels."""
    joints: str | None = None
    """Name of a joint set, or the names of the file's points in their order, separated by commas, "-" for one
    that is no joint."""

    def checked(self) -> Given:
        """Itself; InputError for what can be no frame rate or size."""
        rate_hz, size = self.frame_rate_hz, self.image_size
        if rate_hz is not None:
            check_rate("the frame rate", rate_hz)
        if size is not None and not (len(size) == 2 and min(size) > 0):
            raise InputError(f"the image size is {quoted(size)}; it must be width and height in pixels")
        return self


# Field of `Given` → what it is, and how it is given on the command line.
_ASKED = {
    "frame_rate_hz": ("its frame rate", "--fps HZ"),
    "image_size": ("the size of the image", "--image-size WxH"),
    "joints": ("which joints its points are", "--joints NAME"),
}


class Source:
    """A file or folder that may hold 2D key-frames: what sniffing needs, each read once at most."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def head(self) -> bytes:
        """The first bytes of a regular file; none of anything else."""
        if not self.path.is_file():
            return b""
        with self.path.open("rb") as file:
            return file.read(HEAD_BYTES)

    @cached_property
    def arrays(self) -> frozenset[str]:
        """Names of the arrays of an `.npz` file."""
        return frozenset(npz_names(self.path)) if self.head.startswith(b"PK") else frozenset()

    @cached_property
    def looks_like_json(self) -> bool:
        """Whether the first letter is one that JSON objects and lists begin with."""
        return self.head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(JSON_STARTS)

    @cached_property
    def json(self) -> Any:
        """The value of a JSON file; None for another one. InputError for a damaged JSON file."""
        return read_json(self.path, "2D key-frames as .json") if self.looks_like_json else None


NORMALISED = 2.0
"""Joints that are shares of an image reach a little beyond 1."""
LEAST_JOINTS = 50
"""Fewer say nothing of all of them."""


class KeypointFormat(Protocol):
    """One way in which 2D key-frames are stored."""

    name: str
    """As messages call it: "AlphaPose .json"."""

    def holds(self, source: Source) -> bool:
        """Whether this content is of the format; the file's name does not count."""
        ...

    def read(self, source: Source, given: Given) -> Keypoints2D:
        """Read content that `holds`; InputError names the file and everything that is wrong or missing."""
        ...


def completed(where: str, given: Given, **own: Any) -> Given:
    """What the file says itself, and for the rest what the user says.

    Args:
        where: the file and its format, for messages.
        given: what the user says.
        own: fields of `Given` that the reader needs → what the file says, None where it says nothing.

    Raises:
        IncompleteError: fields of which neither says anything (all named).
        InputError: fields of which both say something.
    """
    twice = [name for name, value in own.items() if value is not None and getattr(given, name) is not None]
    if twice:
        options = " and ".join(_ASKED[name][1] for name in twice)
        raise InputError(f"{options} given, but {where} says {_things(twice)} itself")
    lacking = [name for name, value in own.items() if value is None and getattr(given, name) is None]
    if lacking:
        options = " and ".join(_ASKED[name][1] for name in lacking)
        raise IncompleteError(f"{where} does not say {_things(lacking)}; give {options}")
    return replace(given, **{name: value for name, value in own.items() if value is not None})


def rate_and_size(
    where: str, given: Given, frame_rate_hz: float | None, image_size: tuple[int, int] | None
) -> tuple[float, tuple[int, int]]:
    """`completed` for what most formats lack: the file's own frame rate in Hz and image size, or None."""
    settled = completed(where, given, frame_rate_hz=frame_rate_hz, image_size=image_size)
    assert settled.frame_rate_hz is not None
    assert settled.image_size is not None
    return settled.frame_rate_hz, settled.image_size


def check_in_view(keypoints: Keypoints2D, where: str) -> None:
    """Refuse joints that are no pixels of such an image: most of them outside, or all within one pixel.

    Raises:
        InputError: says what the joints reach to, and the size of the image.
    """
    seen = (keypoints.confidence > 0) & np.isfinite(keypoints.positions).all(axis=-1)
    places = keypoints.positions[seen]  # (n, 2)
    if not len(places):
        return
    width, height = keypoints.image_size
    reach = f"{where}: joints reach to ({places[:, 0].max():.4g}, {places[:, 1].max():.4g})"
    if np.abs(places).max() <= NORMALISED and len(places) >= LEAST_JOINTS:
        raise InputError(f"{reach}, so they are shares of the image; accepted are pixels")
    inside = (places >= 0).all(axis=-1) & (places[:, 0] <= width) & (places[:, 1] <= height)
    if inside.mean() < 0.5 and len(places) >= LEAST_JOINTS:
        raise InputError(f"{reach}, most of them outside of an image of {width}×{height}; is its size right?")


def _things(names: list[str]) -> str:
    return " and ".join(_ASKED[name][0] for name in names)
