"""Metrics, protocols and whole evaluations; `metrics` and `protocols` need numpy only."""

from uplift3d.evaluate import metrics, protocols

__all__ = ["metrics", "protocols"]
