"""The engine of a batch: Ray Data runs the stages, this process keeps the record.

Ray starts on this machine by itself, or is joined where it runs. The stages stream: a clip is lifted while
others are looked at, and no stage runs far ahead of the next, so that memory stays bounded.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from typing import Any

from uplift3d.errors import InputError
from uplift3d.files.guards import reason
from uplift3d.scale.clips import result_name
from uplift3d.scale.manifest import NAME, Manifest, check_settings
from uplift3d.scale.stages import BatchSettings, Lift, Look, Row
from uplift3d.scale.storage import Storage

ANSWERS_S = 10.0
"""Within which a cluster accepts a connection."""
MAX_BLOCKS = 20_000
TRIES = 3
"""BatchSettings often a clip is tried whose worker dies with it."""


@dataclass
class Totals:
    """BatchSettings far a batch is."""

    clips: int
    """All that there are."""
    before: int = 0
    """Of these, worked on in an earlier run."""
    failed_before: int = 0
    """Of those, such that failed and are not tried again."""
    failures: list[tuple[str, str]] = field(default_factory=list)
    """Clips of this run that failed, and why."""
    ends: Counter[str] = field(default_factory=Counter)
    """BatchSettings many of this run ended as done, nothing or failed."""
    started: float = field(default_factory=time.monotonic)
    manifest: str = ""

    @property
    def worked_on(self) -> int:
        """Clips of this run that are through."""
        return sum(self.ends.values())

    @property
    def per_second(self) -> float:
        """Clips of this run per second."""
        return self.worked_on / max(time.monotonic() - self.started, 1e-9)


def run_batch(
    clips: Sequence[str],
    folder: str,
    settings: BatchSettings,
    *,
    detect_workers: int | None = None,
    lift_workers: int = 1,
    address: str | None = None,
    retry_failed: bool = False,
    tell: Callable[[Totals], None] = lambda _: None,
) -> Totals:
    """Lift many clips; each that fails is noted, and a clip that is in the record already is left out.

    Args:
        clips: paths or URLs of videos, folders of images or files of 2D key-frames.
        folder: path or URL of the results and of `manifest.parquet`.
        settings: of all clips.
        detect_workers: processes that look at clips; None: one for each CPU that Ray has.
        lift_workers: processes that lift what was seen.
        address: of a Ray cluster ("auto" for the one of this machine); None starts Ray here.
        retry_failed: try again what failed in an earlier run.
        tell: called after each clip.

    Raises:
        InputError: a folder that cannot be used or holds results of other settings, a clip whose name is no
            text, or Ray is not there.
    """
    settings.check()
    for clip in clips:
        result_name(clip)  # refuses what no record can hold
    storage = Storage(folder)
    check_settings(storage, settings.record())
    manifest = Manifest(storage)
    todo = _not_yet_done(list(dict.fromkeys(clips)), manifest, storage, retry_failed)
    totals = Totals(len(set(clips)), len(set(clips)) - len(todo), manifest=storage.path(NAME))
    totals.failed_before = len(_failed(manifest) & (set(clips) - set(todo)))
    tell(totals)
    try:
        if todo:
            with _ray(address):
                rows = _stream(todo, storage.url, settings, detect_workers, lift_workers)
                for row in _with_lost(rows, todo):
                    manifest.add(row)
                    totals.ends[row["status"]] += 1
                    if row["status"] == "failed":
                        totals.failures.append((str(row["input"]), str(row["error"])))
                    tell(totals)
    finally:
        manifest.close()
    return totals


def _failed(manifest: Manifest) -> set[str]:
    """Clips that have failed so far."""
    rows = manifest.table()
    pairs = zip(rows["input"].to_pylist(), rows["status"].to_pylist(), strict=True)
    return {clip for clip, status in pairs if status == "failed"}


def _not_yet_done(clips: list[str], manifest: Manifest, storage: Storage, retry_failed: bool) -> list[str]:
    """The clips without a row that counts: of one whose result is gone the row does not."""
    there = storage.names()
    rows = manifest.table()
    settled = set()
    for clip, status, outputs in zip(
        *(rows[name].to_pylist() for name in ("input", "status", "outputs")), strict=True
    ):
        missing = [path for path in outputs or [] if path.rpartition("/")[2] not in there]
        if not missing and not (retry_failed and status == "failed"):
            settled.add(clip)
    return [clip for clip in clips if clip not in settled]


def _stream(
    clips: list[str], folder: str, settings: BatchSettings, detect_workers: int | None, lift_workers: int
) -> Iterator[Row]:
    """Rows of the manifest, in the order in which clips are through."""
    import ray
    from ray.data import ActorPoolStrategy

    if detect_workers is None:
        detect_workers = max(1, int(ray.cluster_resources().get("CPU", 1)))
    detect_workers = min(detect_workers, len(clips))
    rows = ray.data.from_items(
        [{"input": clip} for clip in clips], override_num_blocks=min(len(clips), MAX_BLOCKS)
    )
    # Ray Data says there what the rows say, and sets its own level when the first data set is made.
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    # By default Ray tries for ever. Of the lifter's work there is so little that it counts for no CPU.
    tries: dict[str, Any] = {"max_restarts": -1, "max_task_retries": TRIES - 1}
    warnings.simplefilter("ignore", DeprecationWarning)  # until Ray 2.64, which pyproject.toml keeps out
    seen = rows.map(
        Look,
        fn_constructor_args=(settings,),
        compute=ActorPoolStrategy(size=detect_workers),
        num_cpus=1,
        **tries,
    )
    lifted = seen.map(
        Lift,
        fn_constructor_args=(settings, folder),
        compute=ActorPoolStrategy(size=lift_workers),
        num_cpus=0,
        **tries,
    )
    for batch in lifted.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=1):
        yield from batch.to_pylist()


def _with_lost(rows: Iterator[Row], clips: list[str]) -> Iterator[Row]:
    """The rows, then those of clips whose worker died each time it was tried."""
    lost = set(clips)
    for row in rows:
        lost.discard(row["input"])
        yield row
    for clip in clips:
        if clip in lost:
            error = f"the process that worked on it died, {TRIES} times"
            yield {"input": clip, "status": "failed", "error": error}


def _check_reachable(address: str | None) -> None:
    """InputError where nobody listens at host:port: Ray itself would try for minutes, and end the process."""
    host, colon, port = (address or "").removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        return  # Ray knows other words, such as "auto"
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWERS_S).close()
    except (OSError, OverflowError) as error:
        raise InputError(f"no Ray cluster answers at {address} ({reason(error)})") from error


@contextmanager
def _ray(address: str | None) -> Iterator[None]:
    """Ray, quiet; what this started is stopped at the end."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    import ray

    is_new = not ray.is_initialized()
    if is_new:
        _check_reachable(address)
        try:
            ray.init(
                address=address,
                include_dashboard=False if address is None else None,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            where = "here" if address is None else f"at {address}"
            raise InputError(f"Ray cannot be used {where} ({reason(error)})") from error
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.max_errored_blocks = -1  # `_with_lost` says which clips these were
    try:
        with redirect_stdout(sys.stderr), warnings.catch_warnings():  # Ray speaks of dead workers there
            yield
    finally:
        if is_new:
            ray.shutdown()
