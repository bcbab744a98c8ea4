"""Videos that wait, that are being lifted (one at a time) and that are done; each in a folder of its own."""

from __future__ import annotations

import asyncio
import multiprocessing
import secrets
import shutil
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Literal

from uplift3d.app.worker import Event, Task, Work, lift_upload, run_task
from uplift3d.files.guards import reason
from uplift3d.interrupts import kept_from_new_processes

# A fresh interpreter: a fork of a server with threads may stop for ever.
_PROCESSES = multiprocessing.get_context("spawn")


def _start(process: BaseProcess) -> None:
    with kept_from_new_processes():
        process.start()


@dataclass
class Job:
    """One video."""

    task: Task
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: Literal["waiting", "running", "done", "failed", "cancelled"] = "waiting"
    event: Event = field(default_factory=dict)
    """The last thing that was heard of it."""
    process: BaseProcess | None = None

    def take(self, event: Event) -> None:
        """Hear from its process."""
        if self.state == "running":
            self.event = event
            if event["kind"] in ("done", "failed"):
                self.state = event["kind"]

    def record(self) -> dict[str, Any]:
        """What the page is told."""
        told = {key: value for key, value in self.event.items() if key != "kind"}
        return {"id": self.id, "name": self.task.name, "state": self.state, **told}

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ("done", "failed", "cancelled")


class Jobs:
    """The queue.

    Args:
        keep: so many that are over are kept.
        work: what is done with a task, see `worker.lift_upload`; found by its name in another process.
    """

    def __init__(self, keep: int, work: Work = lift_upload) -> None:
        self._jobs: dict[str, Job] = {}
        self._waiting: asyncio.Queue[Job] = asyncio.Queue()
        self._keep, self._work = keep, work

    def __iter__(self) -> Any:
        return iter(self._jobs.values())

    def get(self, name: str) -> Job | None:
        """The job with an id."""
        return self._jobs.get(name)

    def add(self, task: Task) -> Job:
        """Put a task at the end of the queue."""
        job = Job(task)
        self._jobs[job.id] = job
        self._waiting.put_nowait(job)
        for old in [one for one in self._jobs.values() if one.over][: -self._keep or None]:
            self.remove(old)
        return job

    def cancel(self, job: Job) -> None:
        """Stop it, or take it out of the queue; what is over stays so."""
        if job.over:
            return
        job.state, job.event = "cancelled", {}
        if job.process is None:
            shutil.rmtree(job.task.folder, ignore_errors=True)
        elif job.process.pid is not None:
            job.process.kill()

    def remove(self, job: Job) -> None:
        """Forget it and delete its files."""
        self.cancel(job)
        self._jobs.pop(job.id, None)
        if job.process is None:
            shutil.rmtree(job.task.folder, ignore_errors=True)

    async def run(self) -> None:
        """Lift one after the other, until this is cancelled."""
        while True:
            job = await self._waiting.get()
            if job.state == "waiting":
                await self._lift(job)

    async def _lift(self, job: Job) -> None:
        here, there = _PROCESSES.Pipe(duplex=False)
        job.state = "running"
        job.process = _PROCESSES.Process(target=run_task, args=(there, job.task, self._work), daemon=True)
        try:
            await asyncio.to_thread(_start, job.process)
            there.close()  # now only the process has that end, and its death is heard
            if job.over:  # cancelled meanwhile
                job.process.kill()
            while True:
                job.take(await asyncio.to_thread(here.recv))
        except EOFError:
            pass
        except OSError as error:  # no memory or no handles for another process
            job.take({"kind": "failed", "message": f"{job.task.name}: cannot be begun ({reason(error)})"})
        finally:
            if job.process.pid is not None:
                job.process.kill()
                await asyncio.to_thread(job.process.join)
            here.close()
            _finish(job)

    def close(self) -> None:
        """Stop everything."""
        for job in list(self._jobs.values()):
            self.cancel(job)


def _finish(job: Job) -> None:
    """After its process has ended: no half result stays."""
    assert job.process is not None
    code = None if job.process.pid is None else job.process.exitcode
    job.process = None
    if job.state == "running":
        job.state = "failed"
        job.event = {"message": f"{job.task.name}: the process ended without a result (exit code {code})"}
    if job.state != "done":
        shutil.rmtree(job.task.folder, ignore_errors=True)


def folder_for(root: Path) -> Path:
    """A new folder for a task."""
    folder = root / secrets.token_hex(8)
    folder.mkdir()
    return folder
