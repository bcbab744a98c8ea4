"""The two stages of a batch, each in workers of its own: look at a clip, and lift what was seen.

A row travels from stage to stage; what is wrong with its clip becomes its status, and never stops the others.
"""

from __future__ import annotations

import pickle
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from uplift3d import detect
from uplift3d.detect.files import is_keypoint_file
from uplift3d.errors import MAX_MESSAGE, InputError, NothingFoundError, UpliftWarning
from uplift3d.export import files_of, save_motion
from uplift3d.lifter import Lifter
from uplift3d.options import LifterOptions
from uplift3d.scale.clips import result_name
from uplift3d.scale.storage import Storage, on_this_machine
from uplift3d.types import Keypoints2D, Motion3D
from uplift3d.version import __version__
from uplift3d.video import open_video, regular_key_frames

Row = dict[str, Any]


@dataclass(frozen=True)
class BatchSettings:
    """How the clips of a batch are lifted; the fields are those of `pipeline.lift_video`."""

    detector: str | detect.Detector = "blazepose"
    weights: str | None = None
    """Of the detector."""
    model: str = "base"
    runtime: str = "onnx"
    key_interval: float | None = 0.4
    people: detect.Who = "all"
    image_rate_hz: float | None = None
    focal_px: float | None = None
    options: LifterOptions = field(default_factory=LifterOptions)
    suffix: str = "npz"
    """Of the results."""
    skeleton: str | None = None

    def check(self) -> None:
        """InputError for what no worker could use, before any is started."""
        self.make_detector()
        self.make_lifter()

    def make_detector(self) -> detect.Detector:
        """What looks at images."""
        if isinstance(self.detector, str):
            return detect.create_detector(self.detector, self.weights)
        return self.detector

    def make_lifter(self) -> Lifter:
        """What makes 3D of 2D; on one CPU, for the others look."""
        options: dict[str, Any] = {"threads": 1}
        options |= {name: value for name, value in self.options.items() if value is not None}
        return Lifter(self.model, self.runtime, **options)

    def record(self) -> Row:
        """For comparison with another run."""
        detector = self.detector if isinstance(self.detector, str) else self.detector.name
        options = {name: value for name, value in self.options.items() if name != "threads"}
        return {"uplift3d": __version__, **asdict(replace(self, detector=detector)), "options": options}


class Look:
    """Decodes a clip's key-frames and detects the people in them, or reads its 2D joints."""

    def __init__(self, settings: BatchSettings) -> None:
        self._settings = settings
        self._detector = settings.make_detector()

    def __call__(self, row: Row) -> Row:
        """`input` → `input`, pickled `keypoints` with the interval to lift them at, and what went wrong."""
        started = time.perf_counter()
        result: Row = {"input": row["input"], "keypoints": b""}
        copy = row["input"]
        with _noted(result):
            with on_this_machine(row["input"]) as path:
                copy = str(path)
                seen = self._look(path)
            result["keypoints"] = pickle.dumps(seen)  # from process to process, as Ray sends all
        for name in ("error", "warnings"):
            result[name] = result[name].replace(copy, row["input"])
        return {**result, "detect_s": round(time.perf_counter() - started, 3)}

    def _look(self, path: Path) -> tuple[Keypoints2D, float | None]:
        """Of a file of 2D joints all of them, which are to be lifted at the interval; of a video those at the
        interval, which are all to be lifted."""
        if is_keypoint_file(path):
            return detect.load_keypoints(path), self._settings.key_interval
        with open_video(path, self._settings.image_rate_hz) as video:
            frames = regular_key_frames(video.times, self._settings.key_interval)
            return detect.run(video, frames, self._detector, people=self._settings.people), None


class Lift:
    """Lifts 2D joints and writes the result."""

    def __init__(self, settings: BatchSettings, folder: str) -> None:
        self._settings, self._storage = settings, Storage(folder)
        self._lifter = settings.make_lifter()

    def __call__(self, row: Row) -> Row:
        """A row of `Look` → a row of the manifest."""
        result = {name: value for name, value in row.items() if name != "keypoints"}
        result |= {"model": self._settings.model, "model_hash": self._lifter.runtime.model_hash}
        if result["status"] == "done":
            started = time.perf_counter()
            with _noted(result):
                keypoints, interval_s = pickle.loads(row["keypoints"])
                motion = self._lift(keypoints, interval_s, row["input"])
                result["outputs"] = self._write(motion, result_name(row["input"]))
                result |= _described(motion)
            result["lift_s"] = round(time.perf_counter() - started, 3)
        return {**result, "finished": datetime.now(UTC).isoformat(timespec="seconds")}

    def _lift(self, keypoints: Keypoints2D, interval_s: float | None, source: str) -> Motion3D:
        motion = self._lifter.lift(keypoints, interval_s, focal_px=self._settings.focal_px)
        return replace(motion, meta={**motion.meta, "source": source})

    def _write(self, motion: Motion3D, name: str) -> list[str]:
        with self._storage.folder_to_fill() as folder:
            output = folder / f"{name}.{self._settings.suffix}"
            save_motion(output, motion, self._settings.skeleton)
            return [self._storage.path(path.name) for path in files_of(output, motion)]


@contextmanager
def _noted(result: Row) -> Iterator[None]:
    """What happens in the block becomes `status`, `error` and `warnings` of a row."""
    status, error = "done", ""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UpliftWarning)
        try:
            yield
        except NothingFoundError as reason:
            status, error = "nothing", str(reason)
        except InputError as reason:
            status, error = "failed", str(reason)
        except Exception as fault:  # of ours: the other clips go on
            place = traceback.extract_tb(fault.__traceback__)[-1]
            status = "failed"
            error = (
                f"a fault of uplift3d: {type(fault).__name__}: {fault} ({place.name}, line {place.lineno})"
            )
    ours = [str(one.message) for one in said if issubclass(one.category, UpliftWarning)]
    before = result.get("warnings", "")
    result |= {
        "status": status,
        "error": error[:MAX_MESSAGE],
        "warnings": "; ".join(filter(None, [before, *ours]))[:MAX_MESSAGE],
    }


def _described(motion: Motion3D) -> Row:
    times = motion.times
    return {
        "people": len(motion.people),
        "poses": len(motion),
        "looks": int(motion.meta["key_frames"]),
        "duration_s": round(float(times[-1] - times[0]), 3) if len(times) else 0.0,
    }
