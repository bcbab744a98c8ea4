"""What the app is started with."""

from __future__ import annotations

from dataclasses import dataclass

MAX_MB = 2000
PORT = 8321


@dataclass(frozen=True)
class Settings:
    """Of one server."""

    host: str = "127.0.0.1"
    """Where it listens; by default nobody but this machine can reach it."""
    port: int = PORT
    max_mb: float = MAX_MB
    """A larger upload is refused, in units of 10⁶ bytes."""
    model: str = "base"
    """Network, see `Lifter`."""
    keep: int = 20
    """So many finished videos are kept until the app ends; the oldest make room."""

    @property
    def max_bytes(self) -> int:
        """The same limit in bytes."""
        return int(self.max_mb * 1e6)
