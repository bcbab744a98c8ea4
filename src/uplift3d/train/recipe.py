"""The published recipes that ship with the package: configuration files in `train/recipes`, by name."""

from __future__ import annotations

from importlib import resources
from typing import Any

import yaml

from uplift3d.errors import InputError

FILES = frozenset(("store", "source", "detections", "ground_truth", "output", "start_from"))
"""Fields that say where things are, not how a network is trained."""
_FOLDER = resources.files("uplift3d.train") / "recipes"


def recipe_names() -> tuple[str, ...]:
    """All of them: "h36m-uu-351", …"""
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in _FOLDER.iterdir()))


def recipe_text(name: str) -> str:
    """The file of a recipe.

    Raises:
        InputError: no such recipe.
    """
    if name not in recipe_names():
        raise InputError(f"no recipe is called {name!r}; there are {', '.join(recipe_names())}")
    return (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")


def recipe_settings(name: str) -> dict[str, Any]:
    """How a recipe trains: fields of `TrainConfig` without those that say where things are."""
    fields: dict[str, Any] = yaml.safe_load(recipe_text(name))
    return {field: value for field, value in fields.items() if field not in FILES}
