"""Inputs in a process of its own, which may die of them or hang; what is wrong is kept."""

from __future__ import annotations

import json
import resource
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from fuzz.inputs import Inputs, working_folder
from fuzz.judge import Verdict, judged
from fuzz.readers import READERS
from uplift3d.interrupts import end_with_parent

MAX_ADDRESS_BYTES = 20 * 2**30
"""A last resort, so that a bomb fells its process and not the machine."""
HANG_S = 120.0
KEPT_OF_A_FAULT = 3


@dataclass
class Found:
    """What became of the inputs of a reader."""

    kinds: Counter[str] = field(default_factory=Counter)
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)


def run(name: str, seed: int, numbers: range, seconds: float | None, output: Path) -> Found:
    """All these inputs of a reader, or as many as there is time for; findings go below `output`."""
    found, next_one = Found(), numbers.start
    ends = None if seconds is None else time.monotonic() + seconds
    while next_one < numbers.stop and (ends is None or time.monotonic() < ends):
        # The folder is ours: a worker that is killed cannot take it away.
        with working_folder() as place:
            part = range(next_one, numbers.stop)
            next_one, is_over = _watched(found, name, seed, part, ends, place, output)
        if is_over:
            break
    return found


def _watched(
    found: Found, name: str, seed: int, numbers: range, ends: float | None, place: Path, output: Path
) -> tuple[int, bool]:
    """One worker until it is done, dies, hangs or time is over: the next input, and whether that was all."""
    ours, theirs = get_context("spawn").Pipe(duplex=False)
    worker = get_context("spawn").Process(
        target=_work, args=(name, seed, numbers, place, output, theirs), daemon=True
    )
    worker.start()
    theirs.close()
    next_one = numbers.start
    try:
        while ends is None or time.monotonic() < ends:
            if not ours.poll(HANG_S):
                _note(found, Verdict("slow", "hangs"), name, next_one, seed, output)
                return next_one + 1, False
            try:
                number, verdict = ours.recv()
            except EOFError:
                worker.join()
                if worker.exitcode == 0:
                    return next_one, True
                _note(found, Verdict("died", f"exit code {worker.exitcode}"), name, next_one, seed, output)
                return next_one + 1, False
            if number is None:
                raise RuntimeError(verdict)
            next_one = number + 1
            _count(found, verdict)
        return next_one, True
    finally:
        worker.kill()
        worker.join()


def run_again(folder: Path) -> int:
    """Read a kept finding again, in this process."""
    about = json.loads((folder / "about.json").read_text())
    with working_folder() as place:
        shutil.copytree(folder / "files", place / about["folder"])
        verdict = judged(READERS[about["reader"]].read, place / about["folder"])
    print(verdict.kind, verdict.place, verdict.details, sep="\n")
    return int(verdict.is_wrong)


def _count(found: Found, verdict: Verdict) -> None:
    found.kinds[verdict.kind] += 1
    if verdict.is_wrong:
        found.faults[verdict.kind, verdict.place] += 1


def _note(found: Found, verdict: Verdict, name: str, number: int, seed: int, output: Path) -> None:
    """A finding that the worker could not note itself; left out where making the input dies or hangs."""
    with working_folder() as place:
        keeper = get_context("spawn").Process(
            target=_keep_again, args=(name, seed, place, verdict, number, output)
        )
        keeper.start()
        keeper.join(HANG_S)
        keeper.kill()
        keeper.join()
    if keeper.exitcode == 0:
        _count(found, verdict)


def _keep_again(name: str, seed: int, place: Path, verdict: Verdict, number: int, output: Path) -> None:
    _keep(Inputs(name, READERS[name], place, seed), verdict, name, number, output)


def _work(name: str, seed: int, numbers: range, place: Path, output: Path, answers: Connection) -> None:
    end_with_parent()
    resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESS_BYTES, MAX_ADDRESS_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    kept: Counter[tuple[str, str]] = Counter()
    inputs = Inputs(name, READERS[name], place, seed)
    try:
        inputs.check_good()
    except AssertionError as error:
        answers.send((None, str(error)))
        raise
    for number in numbers:
        verdict = inputs.verdict(number)
        if verdict.is_wrong:
            kept[verdict.kind, verdict.place] += 1
            if kept[verdict.kind, verdict.place] <= KEPT_OF_A_FAULT:
                _keep(inputs, verdict, name, number, output)
        answers.send((number, verdict._replace(details="")))


def _keep(inputs: Inputs, verdict: Verdict, name: str, number: int, output: Path) -> None:
    """The files of a finding and what was wrong, to be read again (`--again`)."""
    folder = output / name.replace(" ", "-").replace(".", "") / f"{number}-{verdict.kind}"
    shutil.rmtree(folder, ignore_errors=True)
    used = inputs.copy(number, folder / "files")
    about = {"reader": name, "number": number, "folder": used, **verdict._asdict()}
    (folder / "about.json").write_text(json.dumps(about, indent=1))
