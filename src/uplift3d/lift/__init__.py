"""Runs windows of tokens through a network, on one of two runtimes."""

from uplift3d.lift.hint import blend_hint
from uplift3d.lift.models import open_runtime
from uplift3d.lift.newest import lift_newest
from uplift3d.lift.offline import lift_track
from uplift3d.lift.runtime import Runtime
from uplift3d.lift.stretches import Stretch, plan_stretches, presence

__all__ = [
    "Runtime",
    "Stretch",
    "blend_hint",
    "lift_newest",
    "lift_track",
    "open_runtime",
    "plan_stretches",
    "presence",
]
