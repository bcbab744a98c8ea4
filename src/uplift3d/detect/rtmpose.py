"""RTMPose, RTMO and RTMW through rtmlib: feet, whole bodies, everybody at once.

The networks are downloads of OpenMMLab's (Apache-2.0), kept in rtmlib's cache. Its solutions hand all of them
images as OpenCV reads them; RTMPose and RTMW were trained on red, green, blue and get that here.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlparse

import numpy as np

from uplift3d.arrays import Image
from uplift3d.detect.base import People
from uplift3d.errors import InputError
from uplift3d.files.guards import reason, regular_file
from uplift3d.skeletons import joint_set

MODE = "balanced"
"""Of rtmlib's sizes of networks: "lightweight", "balanced", "performance"."""
JOINTS = {17: "coco17", 26: "halpe26", 133: "coco_feet23"}
"""Number of points a network answers → joint set; of the whole body the part without face and hands."""


class Kind(NamedTuple):
    """What a name stands for: where rtmlib lists its downloads, and how many points its network answers."""

    solution: str
    table: str
    points: int
    one_stage: bool


KINDS = {
    "rtmpose": Kind("BodyWithFeet", "MODE", 26, False),
    "rtmo": Kind("Body", "RTMO_MODE", 17, True),
    "rtmw": Kind("Wholebody", "MODE", 133, False),
}


class RtmDetector:
    """Implements `Detector`.

    Args:
        kind: "rtmpose" (people's boxes, then body and feet in each), "rtmo" (body, everybody in one run) or
            "rtmw" (boxes, then the whole body).
        weights: local ONNX files in place of the downloads: the network for joints, or before it and a comma
            the one for boxes (YOLOX, or RTMDet if its name says so).

    Raises:
        InputError: rtmlib is missing, a file is missing or is no such network, or a download failed; says
            where to put the file.
    """

    def __init__(self, kind: str = "rtmpose", weights: str | os.PathLike[str] | None = None) -> None:
        rtmlib = _import_rtmlib(kind)
        what = KINDS[kind]
        files = _files(rtmlib, kind, what, weights)
        self._boxes = None if what.one_stage else _opened(rtmlib, _box_tool(files[0]), files[0])
        self._pose = _opened(rtmlib, "RTMO" if what.one_stage else "RTMPose", files[-1])
        self._points = _points(self._pose, what)
        if self._points not in JOINTS:
            raise InputError(f"{files[-1]} gives {self._points} points; accepted are {_accepted()}")
        self.joints = JOINTS[self._points]
        self.name = f"{kind} ({', '.join(file.name for file in files)})"
        self.models: Mapping[str, str] = {file.name: _sha256(file) for file in files}
        """File → sha256 of what was used."""

    def detect(self, rgb: Image) -> People:
        """See `Detector.detect`."""
        bgr = np.ascontiguousarray(rgb[..., ::-1])
        try:
            positions, confidence = self._people(rgb, bgr)
        except InputError:
            raise
        except Exception as error:  # a file of another network fails in rtmlib, in ways of its own
            raise InputError(f"{self.name} does not answer as rtmlib expects ({reason(error)})") from error
        count = len(joint_set(self.joints))
        places = np.asarray(positions, np.float32).reshape(-1, self._points, 2)[:, :count]
        sure = np.asarray(confidence, np.float32).reshape(-1, self._points)[:, :count]
        seen = np.isfinite(places).all(axis=-1) & (sure > 0)
        people = seen.any(axis=1)  # rtmlib answers somebody made of zeros where nobody is
        places = np.where(seen[..., None], places, np.nan)[people].astype(np.float32)
        return People(places, np.where(seen, np.clip(sure, 0, 1), 0)[people].astype(np.float32))

    def detect_batch(self, images: Sequence[Image]) -> list[People]:
        """See `Detector.detect_batch`."""
        return [self.detect(rgb) for rgb in images]

    def _people(self, rgb: Image, bgr: Image) -> tuple[Any, Any]:
        if self._boxes is None:
            return self._pose(bgr)  # type: ignore[no-any-return]
        boxes = np.asarray(self._boxes(bgr), dtype=np.float32).reshape(-1, 4)
        if not len(boxes):  # rtmlib would take the whole image for a person
            return np.zeros((0, self._points, 2)), np.zeros((0, self._points))
        return self._pose(rgb, bboxes=boxes)  # type: ignore[no-any-return]


def _import_rtmlib(kind: str) -> Any:
    try:
        return import_module("rtmlib")
    except ImportError as error:
        raise InputError(
            f"the {kind} detector needs rtmlib (pip install 'uplift3d[rtmpose]'); {reason(error)}"
        ) from error


def _files(rtmlib: Any, kind: str, what: Kind, weights: str | os.PathLike[str] | None) -> list[Path]:
    """The network for boxes (unless there is one stage only) and the one for joints, on this machine."""
    given = [] if weights is None else [Path(part.strip()) for part in os.fspath(weights).split(",")]
    needed = 1 if what.one_stage else 2
    if len(given) > needed:
        raise InputError(f"{len(given)} files of weights given; the {kind} detector takes {needed} at most")
    for path in given:
        regular_file(path, "networks as .onnx")
    table = getattr(rtmlib, what.solution)
    urls = getattr(table, what.table)[MODE]
    parts = ("pose",) if what.one_stage else ("det", "pose")
    return [*(_downloaded(kind, urls[part]) for part in parts[: needed - len(given)]), *given]


def _downloaded(kind: str, url: str) -> Path:
    """rtmlib's copy of a network, fetched if it is not there yet; rtmlib says so on stderr."""
    download = import_module("rtmlib.tools.file")
    folder = Path(download._get_rtmhub_dir()) / "checkpoints"
    name = Path(urlparse(url).path).name
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return Path(download.download_checkpoint(url))
    except Exception as error:  # whatever the network, the disk or a broken archive raises
        raise InputError(
            f"the {kind} detector downloads {name} once, which failed ({reason(error)}); fetch {url} "
            f"elsewhere and put its end2end.onnx at {folder / name.partition('.')[0]}.onnx, or give local "
            "files with --weights"
        ) from error


def _box_tool(file: Path) -> str:
    return "RTMDet" if "rtmdet" in file.name.lower() else "YOLOX"


def _opened(rtmlib: Any, tool: str, file: Path) -> Any:
    """One of rtmlib's networks, for images of the size that its file wants."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # "load … with onnxruntime backend"
            opened = getattr(rtmlib, tool)(str(file), backend="onnxruntime", device="cpu")
        shape = opened.session.get_inputs()[0].shape
    except Exception as error:  # onnxruntime's own classes share no base
        raise InputError(f"{file}: not an ONNX network that can be read ({reason(error)})") from error
    if len(shape) == 4 and all(isinstance(side, int) and side > 0 for side in shape[2:]):
        height, width = shape[2:]
        opened.model_input_size = (width, height) if tool == "RTMPose" else (height, width)
    return opened


def _points(pose: Any, what: Kind) -> int:
    """How many points the network answers: as its file says, or as usual for its kind."""
    shapes: Sequence[Any] = [output.shape for output in pose.session.get_outputs()]
    shape, axis = (shapes[-1], 2) if what.one_stage else (shapes[0], 1)
    return shape[axis] if len(shape) > axis and isinstance(shape[axis], int) else what.points


def _accepted() -> str:
    return ", ".join(f"{count} ({name})" for count, name in JOINTS.items())


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
