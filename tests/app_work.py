"""What the app's tests do with a video, in a process of its own: found by name there."""

import os
import time
from pathlib import Path

from fake_runtime import FakeRuntime
from seen_person import Standing
from uplift3d import lifter
from uplift3d.app.worker import lift_upload
from uplift3d.detect import registry
from uplift3d.errors import InputError


def lift_standing(task, tell):
    """The real work, with a detector that sees somebody stand and a network of numpy."""
    registry._FACTORIES["blazepose"] = Standing
    lifter.open_runtime = lambda *_: FakeRuntime()
    lift_upload(task, tell)


def take_long(task, tell):
    """Never done; says that it has begun."""
    Path(task.folder, "half").write_text("a result")
    tell({"kind": "progress", "stage": "waiting", "done": 1, "total": 2})
    time.sleep(60)


def be_killed(task, tell):
    """As by a machine that is out of memory."""
    os._exit(9)


def complain(task, tell):
    """Of the file."""
    raise InputError(f"{task.video} shows nobody")


def be_wrong(task, tell):
    """A fault of ours."""
    raise ZeroDivisionError
