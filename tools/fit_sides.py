"""Fit what `uplift3d.detect.side_evidence` knows of moving bodies: `python tools/fit_sides.py STORE`.

Draws pairs of looks at training-split motion through virtual cameras with detector noise, and fits a mixture
of zero-mean Gaussians to their left-minus-right vectors by expectation-maximisation, one for every lag. The
third coordinate is a detector's depth with the error stated below. Writes `sides.npz` into the package.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
from mocap_films import Film, films

from uplift3d.data.store import RATE_HZ, MotionStore
from uplift3d.detect import side_evidence
from uplift3d.detect.side_evidence import left_minus_right
from uplift3d.skeletons import joint_set

SEED = 11
LAGS_S = (0.04, 0.1, 0.2, 0.4, 0.8, 1.6)
DEPTH_ERROR_M = 0.08
"""Standard deviation of a hint's depth, per joint; half of its variance stays for the whole film."""
FLOOR_M2 = 1e-4
"""Least variance of any number: 1 cm."""


def main() -> None:
    """Draw, fit, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("store", type=Path)
    parser.add_argument("--films", type=int, default=300)
    parser.add_argument("--components", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    random = np.random.default_rng(SEED)
    drawn = films(MotionStore.open(args.store), held_out=False, count=args.films, seed=SEED, least_s=2.0)
    videos = [vectors_of(film, random) for film in drawn]
    fitted = []
    for lag_s in LAGS_S:
        pairs = both_mirrored(pairs_at(videos, round(lag_s * RATE_HZ), random))
        shares, covariances = fit(pairs, args.components, args.rounds, random)
        print(f"lag {lag_s:g} s: {len(pairs)} pairs, shares {np.sort(shares)[::-1].round(3).tolist()}")
        fitted.append((shares, covariances))
    rows, columns = np.tril_indices(2 * videos[0].shape[1])
    target = Path(side_evidence.__file__).with_name("sides.npz")
    np.savez_compressed(
        target,
        lags_s=np.array(LAGS_S),
        shares=np.stack([shares for shares, _ in fitted]).astype(np.float32),
        triangles=np.stack([full[:, rows, columns] for _, full in fitted]).astype(np.float32),
    )
    print(f"{target.name}: {target.stat().st_size / 1e3:.0f} kB")


def vectors_of(film: Film, random: np.random.Generator) -> np.ndarray:
    """(T, D) left-minus-right vectors of a film, with a hint of the stated error."""
    flat = left_minus_right(film.keypoints, 0).reshape(len(film.truth), -1, 3)
    left, right = side_evidence._sides()
    depth = film.truth[:, left, 2] - film.truth[:, right, 2]
    error = random.normal(size=(2, *depth.shape)) * DEPTH_ERROR_M  # two joints make a difference
    error[1] = error[1, :1]
    flat[..., 2] = depth + error.sum(axis=0)
    return flat.reshape(len(flat), -1)


def pairs_at(
    videos: list[np.ndarray], lag: int, random: np.random.Generator, most: int = 15_000
) -> np.ndarray:
    """(n, 2 D) whole looks `lag` frames apart."""
    pairs = np.concatenate([np.concatenate([t[:-lag], t[lag:]], axis=1) for t in videos if len(t) > lag])
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    return pairs[random.permutation(len(pairs))[:most]]


def both_mirrored(pairs: np.ndarray) -> np.ndarray:
    """The pairs and their mirror images, whose left-minus-right vectors have another sign in x."""
    mirrored = pairs.reshape(len(pairs), -1, 3) * np.array([-1, 1, 1])
    return np.concatenate([pairs, mirrored.reshape(pairs.shape)])


def fit(
    pairs: np.ndarray, components: int, rounds: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Shares (C,) and covariances (C, 2 D, 2 D) of zero-mean Gaussians, by expectation-maximisation."""
    count, size = pairs.shape
    floor = FLOOR_M2 * np.eye(size)
    # Start from groups of looks that point the same way, whatever their sign.
    seeds = pairs[random.choice(count, components, replace=False)]
    alike = np.abs(pairs @ seeds.T) / np.linalg.norm(seeds, axis=1) - 0.5 * np.linalg.norm(seeds, axis=1)
    belongs = np.eye(components)[alike.argmax(axis=1)]
    for _ in range(rounds):
        weight = belongs.sum(axis=0) + 1
        covariances = np.stack(
            [(pairs * belongs[:, c, None]).T @ pairs / weight[c] + floor for c in range(components)]
        )
        shares = weight / weight.sum()
        logs = np.empty((count, components))
        for c in range(components):
            whiten = np.linalg.inv(np.linalg.cholesky(covariances[c]))
            logs[:, c] = np.log(shares[c]) + np.log(np.diag(whiten)).sum()
            logs[:, c] -= 0.5 * ((pairs @ whiten.T) ** 2).sum(axis=1)
        belongs = np.exp(logs - logs.max(axis=1, keepdims=True))
        belongs /= belongs.sum(axis=1, keepdims=True)
    return shares, covariances


if __name__ == "__main__":
    assert joint_set(side_evidence.JOINTS)
    main()
