"""What a great many clips take: hours and money, and what saturates first; for `docs/scale.md`.

    python benchmarks/scale.py                             the rates of docs/scale.md
    python benchmarks/scale.py results/manifest.parquet    the rates of a batch of yours

The bound divides each kind of work by what there is of it. The simulation sends single clips through the same
stages, each clip as long as it happens to be, with workers that die now and then, and checks the bound.
"""

from __future__ import annotations

import argparse
import heapq
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rates:
    """What one clip takes."""

    detect_s: float = 41.0
    """CPU seconds of the first stage: decoding and 2D detection."""
    lift_s: float = 0.9
    """CPU seconds of the second stage: lifting and writing."""
    megabytes: float = 15.0
    """To fetch: 30 s at 4 Mbit/s."""
    spread: float = 0.5
    """Standard deviation of the logarithm of a clip's work: people and codecs differ."""


@dataclass(frozen=True)
class Cluster:
    """What there is."""

    nodes: int
    cpus: int = 32
    """Per node."""
    lifters: int = 0
    """Processes of the second stage, which take CPUs of their own here; 0: as many as keep up."""
    network_mb_s: float = 1250.0
    """Per node: 10 Gbit/s."""
    store_mb_s: float = 12_500.0
    """Of the object store, for all: 100 Gbit/s."""
    rows_s: float = 400.0
    """Clips a second that the driver hands out and notes down."""
    start_s: float = 120.0
    """Until all workers have loaded their networks."""
    deaths_per_hour: float = 0.01
    """Of each worker; the clip that it worked on is done again, after a start."""


def lifters_that_keep_up(rates: Rates, cluster: Cluster) -> int:
    """Of the second stage, so that it is not what holds the first one up; a fifth more than on average."""
    cpus = cluster.nodes * cluster.cpus
    return max(1, int(np.ceil(1.2 * cpus * rates.lift_s / (rates.detect_s + rates.lift_s))))


def bound_s(clips: int, rates: Rates, cluster: Cluster) -> dict[str, float]:
    """Seconds for which each resource has work to do; the largest is the least that the batch takes."""
    lifters = cluster.lifters or lifters_that_keep_up(rates, cluster)
    detectors = cluster.nodes * cluster.cpus - lifters
    bandwidth = min(cluster.nodes * cluster.network_mb_s, cluster.store_mb_s)
    return {
        "2D detection": clips * rates.detect_s / detectors,
        "lifting": clips * rates.lift_s / lifters,
        "network": clips * rates.megabytes / bandwidth,
        "driver": clips / cluster.rows_s,
    }


def simulate_s(clips: int, rates: Rates, cluster: Cluster, seed: int = 0) -> float:
    """Seconds until the last clip is lifted, one clip after the other through four queues."""
    rng = np.random.default_rng(seed)
    dies, when = rng.random(clips), rng.random(clips)
    lifters = cluster.lifters or lifters_that_keep_up(rates, cluster)
    detectors = cluster.nodes * cluster.cpus - lifters
    size = rng.lognormal(-(rates.spread**2) / 2, rates.spread, clips)  # mean 1
    fetch = rates.megabytes / min(cluster.nodes * cluster.network_mb_s, cluster.store_mb_s)
    looking = [cluster.start_s * rng.uniform(0.5, 1)] * detectors
    lifting = [cluster.start_s] * lifters
    handed_out = fetched = last = 0.0
    for clip, chance, part in zip(size.tolist(), dies.tolist(), when.tolist(), strict=True):
        handed_out = max(handed_out + 1 / cluster.rows_s, looking[0])
        fetched = max(fetched + fetch, handed_out)
        work_s = rates.detect_s * clip
        if chance < cluster.deaths_per_hour * work_s / 3600:
            work_s += work_s * part + cluster.start_s
        heapq.heapreplace(looking, fetched + work_s)
        begun = max(fetched + work_s, lifting[0])
        heapq.heapreplace(lifting, begun + rates.lift_s * clip)
        last = max(last, begun + rates.lift_s * clip)
    return last


def rates_in(manifest: str) -> Rates:
    """The rates that a batch had, from its manifest; its workers had one CPU each."""
    from pyarrow import parquet

    rows = parquet.read_table(manifest, columns=["detect_s", "lift_s", "status"]).to_pylist()
    done = [row for row in rows if row["status"] == "done"]
    if not done:
        raise SystemExit(f"{manifest} has no clip that is done")
    looks = np.array([row["detect_s"] for row in done])
    spread = float(np.std(np.log(np.maximum(looks, 1e-3))))
    return Rates(float(looks.mean()), float(np.mean([row["lift_s"] for row in done])), spread=spread)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("manifest", nargs="?", help="of a batch (default: the rates of docs/scale.md)")
    parser.add_argument("--clips", type=int, default=1_000_000, help="how many (default: %(default)s)")
    parser.add_argument("--nodes", type=int, nargs="+", default=[8, 64, 512], help="to compare")
    parser.add_argument("--cpus", type=int, default=32, help="per node (default: %(default)s)")
    parser.add_argument(
        "--price", type=float, default=0.04, help="of a CPU for an hour (default: %(default)s)"
    )
    args = parser.parse_args()
    rates = rates_in(args.manifest) if args.manifest else Rates()
    print(
        f"{args.clips:,} clips of {rates.detect_s:.2f} + {rates.lift_s:.2f} CPU s; {args.cpus} CPUs a node\n"
    )
    print("| nodes | lifting processes | hours | simulated | saturates first | then | cost |")
    print("|---|---|---|---|---|---|---|")
    for nodes in args.nodes:
        cluster = Cluster(nodes, args.cpus)
        bounds = sorted(bound_s(args.clips, rates, cluster).items(), key=lambda item: -item[1])
        (first, seconds), (second, _) = bounds[:2]
        simulated = simulate_s(args.clips, rates, cluster)
        cost = nodes * args.cpus * args.price * simulated / 3600
        print(
            f"| {nodes} | {lifters_that_keep_up(rates, cluster)} | {seconds / 3600:.1f} "
            f"| {simulated / 3600:.1f} | "
            f"{first} | {second} | {cost:,.0f} |"
        )


if __name__ == "__main__":
    main()
