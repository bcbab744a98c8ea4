"""Run damaged files through readers: `make fuzz N=100000 READER=bvh`, or all of them for a while."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path

from fuzz.readers import READERS
from fuzz.workers import Found, run, run_again


def main() -> int:
    """Print a table; 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--readers", default="", help="part of their names (default: all)")
    parser.add_argument("-n", "--inputs", type=int, default=100_000, help="for each (default: %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="number of the first input (default: 0)")
    parser.add_argument("--seconds", type=float, default=None, help="at most, for each reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, default=Path("out/fuzz"), help="for what is found")
    parser.add_argument("--again", type=Path, metavar="FOLDER", help="read one finding again, and show why")
    args = parser.parse_args()
    if args.again:
        return run_again(args.again)
    wanted = [name for name in READERS if args.readers in name]
    if not wanted:
        parser.error(f"no reader is called like {args.readers!r}; there are: {', '.join(READERS)}")
    faults = 0
    print(
        "| reader | inputs | read | refused | wrong | distinct | inputs/s |\n|---|---|---|---|---|---|---|",
        flush=True,
    )
    for name in wanted:
        started = time.monotonic()
        found = run(name, args.seed, range(args.first, args.first + args.inputs), args.seconds, args.output)
        print(_row(name, found, time.monotonic() - started), flush=True)
        for (kind, place), count in found.faults.most_common():
            print(f"  {count:6} {kind} {place}", file=sys.stderr, flush=True)
        faults += len(found.faults)
    print(f"\n{date.today()}, seed {args.seed}; findings in {args.output}")
    return 1 if faults else 0


def _row(name: str, found: Found, seconds: float) -> str:
    kinds: Counter[str] = found.kinds
    total = sum(kinds.values())
    wrong = total - kinds["read"] - kinds["refused"]
    cells = [
        name,
        f"{total:,}",
        f"{kinds['read']:,}",
        f"{kinds['refused']:,}",
        f"{wrong:,}",
        len(found.faults),
    ]
    return "| " + " | ".join(map(str, [*cells, f"{total / seconds:.0f}"])) + " |"


if __name__ == "__main__":
    sys.exit(main())
