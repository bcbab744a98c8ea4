"""Training (torch + lightning): from a motion store to weights."""
