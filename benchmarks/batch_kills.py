"""A batch that is shot at: many clips, some damaged, a worker killed and then the driver, and started again.

    python benchmarks/batch_kills.py VIDEO [--clips 200] [--address auto]

Cuts the video into pieces, damages every tenth, runs `uplift3d batch` on them with the real detector, kills a
worker process of the first stage when a fifth is done and the driver when half is, runs the same command
again and checks that exactly the sound clips have whole results and a right row each. Prints what happened.
"""

from __future__ import annotations

import argparse
import datetime
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
from pyarrow import parquet

from uplift3d import load_motion

FRAMES, HEIGHT_PX = 24, 360
PATIENCE_S = 1800.0


def main() -> None:
    """Run and print; leaves with 1 where a result is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("video", type=Path)
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--address", help="of a Ray cluster (default: one of its own)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder, output = Path(place, "clips"), Path(place, "results")
        folder.mkdir()
        sound = make_clips(args.video, folder, args.clips)
        words = [sys.executable, "-m", "uplift3d", "batch", str(folder), "-o", str(output), "--quiet"]
        words += ["--ray-address", args.address] if args.address else []
        started = time.monotonic()
        driver = subprocess.Popen(words, start_new_session=True, stderr=subprocess.DEVNULL)
        wait_for(lambda: len(results(output)) >= args.clips // 5, driver)
        killed = kill_worker()
        wait_for(lambda: len(results(output)) >= args.clips // 2, driver)
        os.killpg(driver.pid, signal.SIGKILL)
        driver.wait()
        half_s, there = time.monotonic() - started, results(output)
        whole = sum(len(load_motion(path)) == FRAMES for path in there)
        print(f"worker {killed} killed, driver killed after {half_s:.0f} s: {whole} of {len(there)} whole")
        again = subprocess.run(words, check=False, timeout=PATIENCE_S)
        print(f"started again, exit code {again.returncode}, {time.monotonic() - started:.0f} s in all")
        check(output, sound, args.clips)


def make_clips(video: Path, folder: Path, count: int) -> set[str]:
    """Pieces of a video, every tenth of them damaged; the names of the sound ones."""
    draw, sound = random.Random(0), set()
    with av.open(str(video)) as container:
        frames = [smaller(frame) for frame in container.decode(video=0)]
    for number in range(count):
        path = folder / f"{number:03}.mp4"
        first = 5 * number % (len(frames) - FRAMES)
        write(path, frames[first : first + FRAMES])
        if number % 10 == 9:
            content = path.read_bytes()
            cut = draw.randrange(1, len(content) // 3)
            path.write_bytes(draw.choice([content[:cut], b"", draw.randbytes(5000)]))
        else:
            sound.add(path.name)
    return sound


def smaller(frame: av.VideoFrame) -> av.VideoFrame:
    """The same of `HEIGHT_PX`."""
    return frame.reformat(width=16 * (HEIGHT_PX * frame.width // frame.height // 16), height=HEIGHT_PX)


def write(path: Path, frames: list[av.VideoFrame]) -> None:
    """One clip at 30 Hz."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, "yuv420p"
        stream.options = {"preset": "veryfast"}
        for number, frame in enumerate(frames):
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def results(output: Path) -> list[Path]:
    """All results that are there."""
    return sorted(output.glob("*.npz"))


def wait_for(reached: Callable[[], bool], driver: subprocess.Popen[bytes]) -> None:
    """Until so much is done; leaves where the driver ends before."""
    ends = time.monotonic() + PATIENCE_S
    while not reached():
        if driver.poll() is not None or time.monotonic() > ends:
            sys.exit(f"the batch ended early, exit code {driver.returncode}")
        time.sleep(0.1)


def kill_worker() -> int:
    """Kill one process of Ray's that looks for people; returns its number."""
    for folder in sorted(Path("/proc").glob("[0-9]*")):
        try:
            title = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if title.startswith(b"ray::") and b"IDLE" not in title and b"(Look)" in title:
            os.kill(int(folder.name), signal.SIGKILL)
            return int(folder.name)
    sys.exit("no worker was found")


def check(output: Path, sound: set[str], count: int) -> None:
    """Compare with what has to be there."""
    rows = parquet.read_table(output / "manifest.parquet").to_pylist()
    ends = {Path(row["input"]).name: row["status"] for row in rows}
    outputs = {Path(path).name for row in rows for path in row["outputs"] or []}
    there = {path.name for path in results(output)}
    right = {name for name, status in ends.items() if (status != "failed") == (name in sound)}
    whole = sum(len(load_motion(output / name)) == FRAMES for name in there)
    print(f"{len(rows)} rows, {dict(Counter(ends.values()))}; {len(there)} results, {whole} whole")
    good = len(rows) == len(ends) == len(right) == count and outputs == there and whole == len(there)
    print(f"{'as it should be' if good else 'WRONG'}, {datetime.date.today()}")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
