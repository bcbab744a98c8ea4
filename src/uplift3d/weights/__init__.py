"""The weights that ship with the package; `MODEL_CARD.md` beside this file says where they come from."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent
NAMES = ("base", "base-free")
"""Models that can be asked for by name; "base" is the default, "base-free" is from freely licensed motion."""


def stem(name: str) -> Path:
    """Path of a shipped model without its suffix: append `.safetensors`, `.embed.onnx` or `.uplift.onnx`."""
    return FOLDER / name
