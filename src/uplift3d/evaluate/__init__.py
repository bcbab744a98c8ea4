"""Metrics, protocols and whole evaluations; `metrics` and `protocols` need numpy only."""
