"""A folder of numbered images, read as if it were a video."""

import os
import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from PIL import Image, ImageOps

from uplift3d.errors import InputError, NothingFoundError, UpliftWarning
from uplift3d.files.guards import as_path, check_unpacked
from uplift3d.types.checks import check_rate
from uplift3d.video.focal import equivalent_mm_of_image, focal_px
from uplift3d.video.source import Frame, checked_indices

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
DEFAULT_RATE_HZ = 30.0
_DAMAGE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)  # what Pillow raises on it
_COPIES = 2
"""Of an image that are in memory at once while it is turned upright and made RGB."""


class ImageFolder:
    """The images of a folder in natural order (`img2` before `img10`), evenly spaced in time.

    Implements `FrameSource`. EXIF orientation is honoured. All images must have the size of the first.

    Args:
        path: the folder; its sub-folders, hidden files and files that are no images are left alone.
        rate_hz: images per second. Files carry no timestamps, so None takes 30 and warns.

    Raises:
        InputError: not a folder, or a rate that is none.
        NothingFoundError: a folder without images.
    """

    def __init__(self, path: str | os.PathLike[str], rate_hz: float | None = None) -> None:
        self.path = as_path(path, "a folder of images")
        if not self.path.is_dir():
            raise InputError(f"{self.path} is not a folder of images")
        if rate_hz is not None:
            check_rate("the image rate", rate_hz)
        self.files = sorted(filter(_is_image, self.path.iterdir()), key=_natural_key)
        if not self.files:
            raise NothingFoundError(
                f"the folder {self.path} holds no images; accepted are {' '.join(IMAGE_SUFFIXES)}"
            )
        if rate_hz is None:
            warnings.warn(
                f"{self.path}: images carry no timestamps; {DEFAULT_RATE_HZ:g} images per second are assumed",
                UpliftWarning,
                stacklevel=2,
            )
        self.rate_hz = float(rate_hz or DEFAULT_RATE_HZ)
        self.times = np.arange(len(self.files)) / self.rate_hz
        first = next((rgb for rgb in map(_read, self.files) if rgb is not None), None)
        if first is None:
            raise InputError(f"the folder {self.path}: none of its {len(self.files)} images can be read")
        self.size = (first.shape[1], first.shape[0])
        self.focal_px_from_metadata = focal_px(_focal_35mm(self.files), self.size)

    def frames_at(self, indices: Iterable[int] | None = None) -> Iterator[Frame]:
        """See `FrameSource.frames_at`; InputError for an image of another size than the first."""
        unreadable = []
        for index in checked_indices(indices, len(self.files)):
            rgb = _read(self.files[index])
            if rgb is None:
                unreadable.append(self.files[index].name)
                continue
            size = (rgb.shape[1], rgb.shape[0])
            if size != self.size:
                raise InputError(
                    f"{self.files[index]} is {size[0]}×{size[1]} pixels; the first image of the folder is "
                    f"{self.size[0]}×{self.size[1]}, and all must be alike"
                )
            yield Frame(int(index), float(self.times[index]), rgb)
        if unreadable:
            shown = ", ".join(unreadable[:5]) + (" …" if len(unreadable) > 5 else "")
            warnings.warn(
                f"{self.path}: {len(unreadable)} images cannot be read and are left out: {shown}",
                UpliftWarning,
                stacklevel=2,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to release: every image is closed once it is read."""

    def __repr__(self) -> str:
        return f"ImageFolder({str(self.path)!r}, {len(self.files)} images, {self.size}, {self.rate_hz:g} Hz)"


def _is_image(file: Path) -> bool:
    return file.suffix.lower() in IMAGE_SUFFIXES and not file.name.startswith(".") and file.is_file()


def _natural_key(file: Path) -> list[tuple[int, int, str]]:
    """Sort digits by value and the rest as text, ignoring case."""
    parts = re.split(r"(\d+)", file.name.lower())
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts]


def _focal_35mm(files: list[Path]) -> float | None:
    """What the first image that can be opened says."""
    for file in files:
        try:
            with Image.open(file) as image:
                return equivalent_mm_of_image(image)
        except _DAMAGE:
            continue
    return None


def _read(file: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]] | None:
    """(H, W, 3) uint8, upright; None when the file cannot be decoded to its end, or says a size that it
    cannot hold."""
    try:
        with Image.open(file) as image:
            check_unpacked(_COPIES * 3 * image.width * image.height, file, str(file))
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (*_DAMAGE, InputError):
        return None
