"""One uploaded video to 3D, in a process of its own: it can be stopped at any moment."""

from __future__ import annotations

import signal
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeAlias

from uplift3d.errors import InputError, UpliftWarning
from uplift3d.export import load_motion, save_motion
from uplift3d.pipeline import lift_video
from uplift3d.progress import listening
from uplift3d.types import Motion3D

MOTION, PAGE = "motion.npz", "page.html"
"""What a finished task leaves in its folder."""

Event: TypeAlias = dict[str, Any]
"""What a task says: its `kind` is progress, done or failed."""


@dataclass(frozen=True)
class Task:
    """What is to be lifted, and how."""

    video: Path
    name: str
    """What the video was called by whoever gave it."""
    detector: str = "blazepose"
    key_interval: float | str = 0.4
    model: str = "base"
    height_m: float | None = None
    focal_px: float | None = None
    one_floor: bool = False

    @property
    def folder(self) -> Path:
        """Where results go."""
        return self.video.parent


Work: TypeAlias = Callable[[Task, Callable[[Event], None]], None]
"""What is done with a task; it tells events."""


def lift_upload(task: Task, tell: Callable[[Event], None]) -> None:
    """Lift a video, and write its motion and its page; what is less than could be hoped for is in the notes.

    Raises:
        InputError: something is wrong with the video, or nobody is in it.
    """

    def progress(stage: str, done: int, total: int | None) -> None:
        tell({"kind": "progress", "stage": stage, "done": done, "total": total})

    with listening(progress), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UpliftWarning)
        motion = lift_video(
            task.video,
            task.detector,
            task.model,
            task.key_interval,  # type: ignore[arg-type]
            progress=False,
            focal_px=task.focal_px,
            height_m=task.height_m,
            one_floor=task.one_floor,
        )
        motion = replace(motion, meta={**motion.meta, "source": task.name})
        tell({"kind": "progress", "stage": "page", "done": 0, "total": None})
        save_motion(task.folder / MOTION, motion)
        save_motion(task.folder / PAGE, motion, video=task.video)
    notes = [str(one.message).replace(str(task.video), task.name) for one in said]
    tell({"kind": "done", **summary(motion), "notes": list(dict.fromkeys(notes))})


def summary(motion: Motion3D) -> dict[str, Any]:
    """What the page says of a motion."""
    return {
        "people": len(motion.people),
        "poses": len(motion),
        "seconds": round(float(motion.times[-1] - motion.times[0]), 2) if len(motion) else 0.0,
        "licence": motion.meta.get("model", {}).get("licence"),
    }


def motion_of(task: Task) -> Motion3D:
    """The motion that a finished task left."""
    return load_motion(task.folder / MOTION)


def run_task(connection: Connection, task: Task, work: Work) -> None:
    """Do a task in this process, and say in the connection how it goes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server ends it
    with suppress(BrokenPipeError, ConnectionResetError):  # nobody wants it any more
        _run(connection, task, work)


def _run(connection: Connection, task: Task, work: Work) -> None:
    try:
        work(task, connection.send)
    except InputError as error:
        message = str(error).replace(str(task.video), task.name)
        connection.send({"kind": "failed", "message": message})
    except (BrokenPipeError, ConnectionResetError):
        raise
    except OSError as error:
        connection.send({"kind": "failed", "message": f"{task.name}: {error.strerror or error}"})
    except Exception:
        traceback.print_exc()
        message = f"{task.name}: a fault of uplift3d; its terminal says more"
        connection.send({"kind": "failed", "message": message})
