"""Lifting while it happens: looks and moments go in one after the other, poses come out a fixed time
later."""

from uplift3d.streaming.stream_lifter import StreamLifter

__all__ = ["StreamLifter"]
