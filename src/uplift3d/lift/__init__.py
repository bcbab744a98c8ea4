"""Runs windows of tokens through a network, on one of two runtimes."""

from uplift3d.lift.offline import lift_track
from uplift3d.lift.runtime import Runtime, open_runtime
from uplift3d.lift.segments import Segment, presence

__all__ = ["Runtime", "Segment", "lift_track", "open_runtime", "presence"]
