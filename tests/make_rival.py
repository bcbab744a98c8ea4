"""Rivals by name, with other sizes than the published ones."""

from collections.abc import Mapping
from typing import Any

from uplift3d.model.catalogue import config_of, create


def create_rival(name: str, fields: Mapping[str, Any] | None = None) -> Any:
    return create(config_of({"rival": name, **(fields or {})}))
