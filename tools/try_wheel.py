"""What a wheel holds, and whether it works on its own: `python tools/try_wheel.py WHEEL PYTHON [VIDEO]`.

PYTHON is that of an environment in which the wheel is installed. Works in an empty folder, without the
sources on the path and, where the system allows it, without a network; leaves with 1 where something fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path, PurePosixPath


def contents(wheel: Path) -> list[str]:
    """A line per kind of file.

    Raises:
        SystemExit: something that does not belong there.
    """
    with zipfile.ZipFile(wheel) as archive:
        files = [info for info in archive.infolist() if not info.is_dir()]
    roots = {PurePosixPath(file.filename).parts[0] for file in files}
    foreign = {root for root in roots if root != "uplift3d" and not root.endswith(".dist-info")}
    if foreign:
        sys.exit(f"{wheel.name} holds {', '.join(sorted(foreign))} beside the package")
    counts, sizes = Counter[str](), Counter[str]()
    for file in files:
        kind = PurePosixPath(file.filename).suffix or "others"
        counts[kind] += 1
        sizes[kind] += file.file_size
    lines = [f"{kind:12} {counts[kind]:4} files {size / 1e6:7.2f} MB" for kind, size in sizes.most_common()]
    return [f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB", *lines]


def without_network() -> list[str]:
    """Words that start a program without a network; none where the system does not allow it."""
    words = ["unshare", "--map-root-user", "--net"]
    allowed = (
        shutil.which("unshare") and not subprocess.run([*words, "true"], stderr=subprocess.DEVNULL).returncode
    )
    return words if allowed else []


def try_out(python: Path, video: Path | None, folder: Path) -> None:
    """Run the installed program in an empty folder; SystemExit where it does not do what it should."""
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    before = without_network()
    print("without a network" if before else "with a network: this system lets nobody go without")

    def run(*words: str) -> str:
        done = subprocess.run([*before, *words], cwd=folder, env=alone, text=True, capture_output=True)
        if done.returncode:
            sys.exit(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    home = run(str(python), "-c", "import uplift3d; print(uplift3d.__file__)").strip()
    if "site-packages" not in home:
        sys.exit(f"not the wheel's, but {home}")
    program = str(python.with_name("uplift3d"))
    print(run(program, "--version"), end="")
    print(run(program, "demo"), end="")
    if video is not None:
        outputs = ["m.npz", "m.json", "m.csv", "m.bvh", "m.glb", "m.trc", "m.c3d", "m.png", "m.mp4"]
        named = [word for output in outputs for word in ("-o", output)]
        print(run(program, "lift", str(video.resolve()), *named, "--people", "largest"), end="")
        print(run(program, "info", *outputs[:-2]).splitlines()[0])
    torch = "import sys, uplift3d.pipeline; sys.exit('torch' in sys.modules)"
    run(str(python), "-c", torch)


def main() -> None:
    """Print what is in the wheel and what the program says."""
    wheel, python, *rest = map(Path, sys.argv[1:])
    print("\n".join(contents(wheel)))
    with tempfile.TemporaryDirectory() as folder:
        try_out(python.absolute(), rest[0] if rest else None, Path(folder))
    print("works")


if __name__ == "__main__":
    main()
