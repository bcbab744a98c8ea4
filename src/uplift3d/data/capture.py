"""What a motion capture file says, before anything is mapped, scaled or turned."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from uplift3d.arrays import DoubleArray
from uplift3d.errors import InputError

MIN_FRAME_TIME_S, MAX_FRAME_TIME_S = 1e-4, 1.0


@dataclass(frozen=True)
class Capture:
    """Positions and orientations of a skeleton's joints over time, in the file's own units and axes."""

    source: Path
    """The file it was read from."""
    names: tuple[str, ...]
    """Joint names; the end site of joint `x` is called `x_end`."""
    parents: tuple[int, ...]
    """Index of each joint's parent, −1 for a root."""
    positions: DoubleArray
    """(T, J, 3) joint positions in the file's units."""
    rotations: DoubleArray | None
    """(T, J, 3, 3) global orientation of each joint's own axes (an end site has its parent's); None where the
    file has positions only."""
    frame_time_s: float
    """Seconds between frames."""
    metres_per_unit: float | None = None
    """Length of the file's unit where the file states it (ASF does, BVH does not)."""
    rate_is_stated: bool = True
    """False where the format does not say how long a frame is (AMC), so that `frame_time_s` is a guess."""
    notes: tuple[str, ...] = ()
    """What was put right on reading, a sentence each."""
    up: str | None = None
    """The vertical axis, "y" or "z", where the file states it."""

    def __post_init__(self) -> None:
        T, J = len(self.positions), len(self.names)
        turns = (T, J, 3, 3) if self.rotations is None else self.rotations.shape
        if self.positions.shape != (T, J, 3) or turns != (T, J, 3, 3) or len(self.parents) != J:
            raise InputError(
                f"{self.source}: {J} joint names with positions {self.positions.shape} and rotations "
                f"{turns}, (T, {J}, 3) and (T, {J}, 3, 3) needed"
            )
        if not MIN_FRAME_TIME_S <= self.frame_time_s <= MAX_FRAME_TIME_S:
            raise InputError(
                f"{self.source}: frames that are {self.frame_time_s:g} s apart, "
                f"{MIN_FRAME_TIME_S:g} to {MAX_FRAME_TIME_S:g} s accepted"
            )

    def __repr__(self) -> str:
        return (
            f"Capture({self.source.name}: {len(self.positions)} frames of {len(self.names)} joints "
            f"at {1 / self.frame_time_s:.3g} Hz)"
        )

    def __len__(self) -> int:
        return len(self.positions)
