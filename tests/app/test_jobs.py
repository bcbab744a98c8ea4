"""A job that fails says so in a sentence, leaves nothing behind, and the next one is done."""

import asyncio
import errno
from dataclasses import replace

import pytest

import app_work
from uplift3d.app.jobs import Jobs, folder_for
from uplift3d.app.worker import Task


def tasks(root, count=1):
    return [Task(folder_for(root) / "video.mp4", f"{number}.mp4") for number in range(count)]


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (app_work.complain, "0.mp4 shows nobody"),
        (app_work.be_killed, r"0.mp4: the process ended without a result (exit code 9)"),
        (app_work.be_wrong, "0.mp4: a fault of uplift3d; its terminal says more"),
    ],
)
def test_what_goes_wrong_is_said_and_its_files_are_gone(tmp_path, work, message):
    made = []

    async def run():
        jobs = Jobs(keep=3, work=work)
        made.append(jobs.add(tasks(tmp_path)[0]))
        running = asyncio.create_task(jobs.run())
        while not (made[0].over and made[0].process is None):
            await asyncio.sleep(0.02)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(run())
    assert made[0].record() == {"id": made[0].id, "name": "0.mp4", "state": "failed", "message": message}
    assert list(tmp_path.iterdir()) == []


def test_the_oldest_that_are_over_make_room(tmp_path):
    async def add():
        jobs = Jobs(keep=2)
        added = [jobs.add(task) for task in tasks(tmp_path, 3)]
        for job in added:
            job.state = "done"
        jobs.add(replace(tasks(tmp_path)[0], name="new.mp4"))
        return [job.task.name for job in jobs]

    assert asyncio.run(add()) == ["1.mp4", "2.mp4", "new.mp4"]
    assert len(list(tmp_path.iterdir())) == 3


def test_a_process_that_cannot_be_begun_is_said_and_the_next_one_is_done(tmp_path, monkeypatch):
    starts, made = [], []

    def start(process):
        starts.append(process)
        if len(starts) == 1:
            raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
        process.start()

    monkeypatch.setattr("uplift3d.app.jobs._start", start)

    async def run():
        jobs = Jobs(keep=3, work=app_work.complain)
        made.extend(jobs.add(task) for task in tasks(tmp_path, 2))
        running = asyncio.create_task(jobs.run())
        while not all(job.over and job.process is None for job in made):
            await asyncio.sleep(0.02)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(asyncio.wait_for(run(), 60))
    assert "0.mp4: cannot be begun" in made[0].record()["message"]
    assert made[1].record()["message"] == "0.mp4 shows nobody".replace("0", "1")
