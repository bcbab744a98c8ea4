"""Error against looks per second on mocap films: fixed intervals, adaptive ones, interpolation, streams.

    python benchmarks/adaptive.py STORE [--films 40]

Films are clips of the validation split through random cameras with the noise of validation (drifting, white,
outliers, nothing exchanged), 6 to 10 s each, 2D alone: no hint, all confidences 1. Errors are those of the
network's own poses on a smooth curve at 50 Hz, against the capture. Prints Markdown.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mocap_films import films

from uplift3d import Keypoints2D
from uplift3d.data.store import MotionStore
from uplift3d.evaluate.metrics import acceleration_error, joint_errors
from uplift3d.lift import lift_track, open_runtime
from uplift3d.lift.adaptive import (
    Adaptive,
    cell_gains,
    halved,
    more_looks,
    movement,
    spend,
    velocity,
)
from uplift3d.lift.offline import usual_hop
from uplift3d.post import interpolate
from uplift3d.post.bones import outwards
from uplift3d.skeletons import joint_set
from uplift3d.tokens import InputSpec, PersonKeyFrames, TokenTrack, grid_times, tokenise

SEED, RATE_HZ, TOKEN = 17, 50, 5
"""Of the films; frames per second; frames per token."""
LEAST_S, MOST_S = 6.0, 10.0
FAST_M_PER_S = 0.5
FIXED_S = (0.1, 0.2, 0.3, 0.4, 0.6, 0.8)
BUDGETS = (1.5, 2.0, 2.5, 2.9, 10 / 3, 4.0, 5.0, 7.0)


@dataclass(frozen=True, eq=False)
class Film:
    """One clip seen by one camera."""

    positions: np.ndarray
    """(F, 17, 2) pixels at 50 Hz."""
    image_size: tuple[int, int]
    truth: np.ndarray
    """(F, 17, 3) metres from the pelvis, viewing-ray axes."""

    @property
    def tokens(self) -> int:
        """How many moments 0.1 s apart it has."""
        return (len(self.truth) - 1) // TOKEN + 1

    @property
    def fast(self) -> np.ndarray:
        """(F,) moments at which the true pose moves faster than 0.5 m/s."""
        return velocity(np.arange(len(self.truth)) / RATE_HZ, self.truth) > FAST_M_PER_S

    def errors_mm(self, dense: np.ndarray) -> np.ndarray:
        """(F,) MPJPE of poses (F, 17, 3)."""
        return joint_errors(dense, self.truth).mean(axis=-1)

    def keypoints(self, looks: np.ndarray) -> Keypoints2D:
        """What was seen at some of the moments."""
        return Keypoints2D(
            self.positions[None, looks * TOKEN],
            None,  # type: ignore[arg-type]
            looks * TOKEN / RATE_HZ,
            self.image_size,
            "h36m17",
        )


class Lifted(NamedTuple):
    """What a network makes of some looks."""

    track: TokenTrack
    poses: np.ndarray
    """(n, 17, 3) its own, every 0.1 s."""
    dense: np.ndarray
    """(F, 17, 3) at 50 Hz."""


class TrackLifter:
    """The shipped network on films."""

    def __init__(self, model: str = "base") -> None:
        self.runtime = open_runtime(model, threads=1)
        self.spec = InputSpec.from_config(self.runtime.config)

    def lift(self, film: Film, looks: np.ndarray) -> Lifted:
        """From looks (K,) at the moments with these numbers."""
        keys = PersonKeyFrames.from_keypoints(film.keypoints(looks), 0, self.spec.joints, self.spec.input)
        times = np.arange(len(film.truth)) / RATE_HZ
        grid = grid_times(float(keys.times[0]), float(times[-1]), self.spec.spacing_s)
        track = tokenise(keys, grid, self.spec)
        poses = lift_track(self.runtime, track, hop=usual_hop(self.spec.window))[:, :17]
        return Lifted(track, poses, interpolate(grid, poses, times, "smooth"))


def draw(store: MotionStore, *, held_out: bool, count: int, seed: int = SEED) -> Iterator[Film]:
    """Films whose capture has all joints, and whose person is in view."""
    for film in films(store, held_out=held_out, count=count, seed=seed, least_s=LEAST_S, most_s=MOST_S):
        positions = film.keypoints.positions[0]
        if np.isfinite(film.truth).all() and np.isfinite(positions[::TOKEN, 0]).mean() > 0.8:
            yield Film(positions, film.keypoints.image_size, film.truth)


def first_looks(film: Film, first_s: float) -> np.ndarray:
    """As `lift_video` makes them: evenly spaced, and the last moment."""
    return np.union1d(np.arange(0, film.tokens, round(first_s * 10)), [film.tokens - 1])


def adaptive_looks(lifter: TrackLifter, drawn: list[Film], adaptive: Adaptive) -> list[np.ndarray]:
    """The looks that offline lifting makes: the first ones, and those that they ask for.

    A budget is one for all films together, as for one long video.
    """
    first = [first_looks(film, adaptive.first_s) for film in drawn]
    lifted = [lifter.lift(film, looks) for film, looks in zip(drawn, first, strict=True)]
    how = [movement(looks * 0.1, *one[:2]) for looks, one in zip(first, lifted, strict=True)]
    if adaptive.looks_per_second is None:
        more = [more_looks(looks * 0.1, [one], adaptive) for looks, one in zip(first, how, strict=True)]
    else:
        gains = [
            cell_gains(looks * 0.1, [one], adaptive.first_s) for looks, one in zip(first, how, strict=True)
        ]
        seconds = sum(len(film.truth) for film in drawn) / RATE_HZ
        left = round(adaptive.looks_per_second * seconds) - sum(map(len, first))
        levels = np.split(spend(np.concatenate(gains), max(0, left)), np.cumsum([len(g) for g in gains])[:-1])
        more = [halved(looks * 0.1, level) for looks, level in zip(first, levels, strict=True)]
    return [np.union1d(looks, np.rint(one * 10).astype(int)) for looks, one in zip(first, more, strict=True)]


def between(film: Film, looks: np.ndarray, poses: np.ndarray, how: str) -> np.ndarray:
    """(F, 17, 3) poses of looks alone, joined on straight lines or with bones turning evenly (spherical)."""
    at, times = looks * 0.1, np.arange(len(film.truth)) / RATE_HZ
    poses = poses[looks - looks[0]]
    if how == "linear" or len(at) < 2:
        return interpolate(at, poses, times)
    joints = joint_set("h36m17")
    left = np.clip(np.searchsorted(at, times, side="right") - 1, 0, len(at) - 2)
    share = np.clip((times - at[left]) / (at[left + 1] - at[left]), 0, 1)[:, None]
    out = np.zeros((len(times), 17, 3))
    for joint in outwards(joints):
        bone = poses[:, joint] - poses[:, joints.parents[joint]]
        length = np.linalg.norm(bone, axis=-1, keepdims=True)
        one, other = (bone / length)[left], (bone / length)[left + 1]
        angle = np.arccos(np.clip((one * other).sum(axis=-1, keepdims=True), -1, 1)) + 1e-9
        turned = (np.sin((1 - share) * angle) * one + np.sin(share * angle) * other) / np.sin(angle)
        size = length[left] * (1 - share) + length[left + 1] * share
        out[:, joint] = out[:, joints.parents[joint]] + turned * size
    return out


class Score(NamedTuple):
    """One way of looking, over all films."""

    looks_per_s: float
    mpjpe: float
    p_mpjpe: float
    acceleration: float
    """mm/s²."""
    fast: float
    """MPJPE of moments faster than 0.5 m/s."""


def score(drawn: list[Film], looks: list[np.ndarray], dense: list[np.ndarray]) -> Score:
    """Over all frames of all films."""
    pairs = list(zip(drawn, dense, strict=True))
    errors = np.concatenate([film.errors_mm(poses) for film, poses in pairs])
    aligned = [joint_errors(poses, film.truth, "similarity").mean(axis=-1) for film, poses in pairs]
    bends = [acceleration_error(poses, film.truth, rate_hz=RATE_HZ) for film, poses in pairs]
    fast = np.concatenate([film.fast for film in drawn])
    rate = sum(map(len, looks)) / (len(errors) / RATE_HZ)
    means = (np.mean(errors), np.mean(np.concatenate(aligned)), np.mean(bends), np.mean(errors[fast]))
    return Score(rate, *map(float, means))


def lifted_score(lifter: TrackLifter, drawn: list[Film], looks: list[np.ndarray]) -> Score:
    """The network fills in."""
    return score(drawn, looks, [lifter.lift(film, one).dense for film, one in zip(drawn, looks, strict=True)])


def straight_score(lifter: TrackLifter, drawn: list[Film], looks: list[np.ndarray], how: str) -> Score:
    """The network answers for the looks alone, and these are joined."""
    poses = [lifter.lift(film, one).poses for film, one in zip(drawn, looks, strict=True)]
    dense = [between(*each, how) for each in zip(drawn, looks, poses, strict=True)]
    return score(drawn, looks, dense)


def every(drawn: list[Film], interval_s: float) -> list[np.ndarray]:
    """Looks so far apart; the network tells no looks apart that are nearer than its tokens."""
    return [np.arange(0, film.tokens, max(1, round(interval_s * 10))) for film in drawn]


def row(what: str, found: Score) -> str:
    """One line of a table."""
    cells = (
        f"{found.mpjpe:.1f}",
        f"{found.p_mpjpe:.1f}",
        f"{found.acceleration / 1e3:.2f}",
        f"{found.fast:.1f}",
    )
    return f"| {what} | {found.looks_per_s:.2f} | {' | '.join(cells)} |"


def on_line(fixed: list[Score], rate: float) -> float:
    """MPJPE of the straight lines through the fixed points."""
    by_rate = sorted((one.looks_per_s, one.mpjpe) for one in fixed)
    return float(np.interp(rate, *zip(*by_rate, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("store", type=Path)
    parser.add_argument("--films", type=int, default=40)
    parser.add_argument("--only-adaptive", action="store_true", help="leave interpolation out")
    parser.add_argument("--training", action="store_true", help="training films, to choose on")
    args = parser.parse_args()
    lifter = TrackLifter()
    store = MotionStore.open(args.store)
    drawn = list(draw(store, held_out=not args.training, count=args.films, seed=SEED))
    seconds, fast = sum(len(f.truth) for f in drawn) / RATE_HZ, np.concatenate([f.fast for f in drawn]).mean()
    split = "training" if args.training else "validation"
    print(
        f"{len(drawn)} films of the {split} split, {seconds:.0f} s, {fast:.0%} of it faster than "
        f"{FAST_M_PER_S} m/s, seed {SEED}, {datetime.date.today()}\n"
    )
    print(
        "| looks | per second | MPJPE mm | P-MPJPE mm | acceleration m/s² | MPJPE > 0.5 m/s |\n"
        "|---|---|---|---|---|---|"
    )
    fixed = {s: lifted_score(lifter, drawn, every(drawn, s)) for s in FIXED_S}
    for interval_s, found in fixed.items():
        print(row(f"fixed {interval_s:g} s", found))
    joined = {
        how: {s: straight_score(lifter, drawn, every(drawn, s), how) for s in FIXED_S}
        for how in (() if args.only_adaptive else ("linear", "spherical"))
    }
    for how, scores in joined.items():
        for interval_s, found in scores.items():
            print(row(f"fixed {interval_s:g} s, {how} between", found))
    ways = {f"adaptive, {rate:g} a second": Adaptive(rate) for rate in BUDGETS}
    ways |= {"adaptive": Adaptive(), "adaptive, by velocity": Adaptive(rule="velocity")}
    found = {
        name: lifted_score(lifter, drawn, adaptive_looks(lifter, drawn, how)) for name, how in ways.items()
    }
    for name, one in found.items():
        print(row(name, one) + f" {one.mpjpe - on_line(list(fixed.values()), one.looks_per_s):+.1f} |")


if __name__ == "__main__":
    main()
