"""CPN: 17 joints per person from 384 × 288 pixels, in another detector's boxes (torch; weights apart)."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from uplift3d.arrays import FloatArray, Image
from uplift3d.detect.base import Detector, People
from uplift3d.detect.cpn.crops import Crop, boxes_of
from uplift3d.detect.cpn.heatmaps import decode, mirror
from uplift3d.errors import InputError
from uplift3d.skeletons import joint_set

if TYPE_CHECKING:
    from uplift3d.detect.cpn.network import CPN

MEAN_RGB = (122.7717, 115.9465, 102.9801)
"""Mean colour, 0 … 255, that the public weights want subtracted."""
INPUT_SIZES = {"384x288": (384, 288), "256x192": (256, 192)}
"""(height, width) in pixels of what the public weights were trained on, by the name in the file's name."""


class CPNDetector:
    """Chen et al.'s Cascaded Pyramid Network (CVPR 2018). Implements `Detector`.

    The network draws joints of the one person it is shown, so it has to be told where people are. Preparation
    follows the public PyTorch version: a box with a margin, widened to 3:4, the mean colour subtracted. From
    its test script the decoding differs in that it shifts by a quarter of a cell on both axes.

    Args:
        weights: torch file in the layout of the public PyTorch version ("CPN50_384x288.pth.tar").
        boxes: detector whose joints say where people are; None: one person, who fills the image.
        flip: average with what is seen in the mirrored image, as for published scores; twice the time.
        blur: see `heatmaps.decode`.
        input_size: (height, width) in pixels of what the network is shown; weights fit any, but are trained
            for one. None takes that from the file's name, where public files say it, or else 384 × 288.
        device: torch device; None takes a GPU if there is one.

    Raises:
        InputError: torch is not installed, or the weights or the device cannot be used.
    """

    joints = "coco17"

    def __init__(
        self,
        weights: str | os.PathLike[str],
        boxes: Detector | None,
        *,
        flip: bool = False,
        blur: bool = True,
        input_size: tuple[int, int] | None = None,
        device: str | None = None,
    ) -> None:
        self._torch = _import_torch()
        from uplift3d.detect.cpn.weights import load_cpn

        self._size = _input_size(Path(weights)) if input_size is None else _checked(input_size)
        network = load_cpn(Path(weights))
        self._boxes = boxes
        self._device = device or ("cuda" if self._torch.cuda.is_available() else "cpu")
        self._network: CPN = _moved(network, self._device)
        self._flip, self._blur = flip, blur
        self.name = f"cpn ({Path(weights).name}, boxes: {self._boxes.name if self._boxes else 'the image'})"

    def detect(self, rgb: Image) -> People:
        """See `Detector.detect`."""
        size = (rgb.shape[1], rgb.shape[0])
        if self._boxes is None:
            return self.detect_in(rgb, [(0, 0, *size)])
        return self.detect_in(rgb, boxes_of(self._boxes.detect(rgb)[0], size))

    def detect_batch(self, images: Sequence[Image]) -> list[People]:
        """See `Detector.detect_batch`."""
        return [self.detect(rgb) for rgb in images]

    def detect_in(self, rgb: Image, boxes: npt.ArrayLike) -> People:
        """Find the joints of people whose place is known.

        Args:
            rgb: (H, W, 3) uint8.
            boxes: (P, 4) left, top, right, bottom in pixels, tightly around each person.

        Returns:
            positions (P, 17, 2) pixels, NaN where nothing speaks for a joint, and confidence (P, 17).

        Raises:
            InputError: boxes of another shape, or without area.
        """
        given = _checked_boxes(boxes)
        if not len(given):
            count = len(joint_set(self.joints))
            return People(np.zeros((0, count, 2), np.float32), np.zeros((0, count), np.float32))
        crops = [Crop.around(box, self._size[1] / self._size[0]) for box in given]
        shares, confidence = decode(self._heatmaps(rgb, crops), blur=self._blur)
        positions = [crop.to_image(person) for crop, person in zip(crops, shares, strict=True)]
        return People(np.stack(positions), confidence)

    def _heatmaps(self, rgb: Image, crops: list[Crop]) -> FloatArray:
        """(P, 17, h, w) heat maps of the people in these crops."""
        torch = self._torch
        with torch.inference_mode():
            images = torch.cat([self._shrunk(crop.cut(rgb, MEAN_RGB)) for crop in crops])  # (P, 3, H, W)
            if self._flip:
                images = torch.cat([images, images.flip(-1)])
            drawn: FloatArray = self._network(images).float().cpu().numpy()
        if not self._flip:
            return drawn
        plain, mirrored = np.split(drawn, 2)
        return np.asarray((plain + mirror(mirrored, self.joints)) / 2, dtype=np.float32)

    def _shrunk(self, crop: FloatArray) -> Any:
        """(h, w, 3) array → (1, 3, H, W) tensor of the size that the network takes."""
        torch = self._torch
        image = torch.from_numpy(crop).to(self._device).permute(2, 0, 1)[None]
        # As in OpenCV, which the public version uses: bilinear, without smoothing beforehand.
        return torch.nn.functional.interpolate(image, size=self._size, mode="bilinear", align_corners=False)


def _input_size(weights: Path) -> tuple[int, int]:
    named = re.search("|".join(INPUT_SIZES), weights.name)
    return INPUT_SIZES[named[0]] if named else INPUT_SIZES["384x288"]


def _checked(input_size: tuple[int, int]) -> tuple[int, int]:
    height, width = input_size
    if min(height, width) < 32 or height % 32 or width % 32:
        raise InputError(
            f"input_size is {input_size}; accepted are (height, width) in multiples of 32 pixels"
        )
    return height, width


def _checked_boxes(boxes: npt.ArrayLike) -> FloatArray:
    given = np.asarray(boxes, dtype=np.float32)
    if given.size == 0:
        return given.reshape(0, 4)
    if given.ndim != 2 or given.shape[1] != 4:
        raise InputError(f"boxes have shape {given.shape}; accepted is (people, 4): left, top, right, bottom")
    if not (np.isfinite(given).all() and (given[:, 2:] > given[:, :2]).all()):
        raise InputError("a box has no area; accepted are left < right and top < bottom, in pixels")
    return given


def _moved(network: CPN, device: str) -> CPN:
    try:
        return network.to(device)
    except (RuntimeError, AssertionError) as error:  # unknown, or absent
        reason = str(error).splitlines()[0]
        raise InputError(
            f"device {device!r} cannot be used ({reason}); accepted are 'cpu', 'cuda', …"
        ) from None


def _import_torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise InputError(
            "the cpn detector needs torch, which is not installed: pip install 'uplift3d[train]'"
        ) from error
    return torch
