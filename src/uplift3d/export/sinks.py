"""Where chunks of a stream's motion go: lines of JSON, and messages to other programs over UDP."""

from __future__ import annotations

import json
import math
import socket
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TextIO

import numpy as np

from uplift3d.errors import InputError
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D

FORMAT = "uplift3d stream"
DECIMALS, TIME_DECIMALS = 4, 6
"""Of metres (a tenth of a millimetre) and of seconds (even times stay even)."""


class Sink(Protocol):
    """Takes motion, chunk after chunk."""

    def write(self, chunk: Motion3D) -> None:
        """Take the poses of some moments."""
        ...


class JsonLines:
    """A line for the conventions, then one for every moment, each written at once.

    The first line has `format`, `joints` (names), `bones` (pairs of names), `units`, `axes`, `model`; each
    other one `time_s` and `people`, of whom each has `id`, `observed`, `positions_m` (J, 3) from the pelvis,
    and `root_m` (3) or null.

    Args:
        file: an open one, or the path of one that is replaced when the first moment is there; it holds whole
            lines also after a full disk.
    """

    def __init__(self, file: TextIO | Path) -> None:
        self._file = file
        self._bytes: BinaryIO | None = None
        self._size = 0
        self._begun = False
        self._held: list[dict[str, Any]] = []
        """Moments before anybody was looked for, of which nothing is known for the first line yet."""
        self.latest_s: float | None = None
        """The time of the last moment that was written."""

    def write(self, chunk: Motion3D) -> None:
        """See `Sink`."""
        first = [] if self._begun or "axes" not in chunk.meta else [_header(chunk)]
        lines: list[dict[str, Any]] = []
        for time in range(len(chunk)):
            people = [_person(chunk, row, time) for row in np.flatnonzero(chunk.present[:, time]).tolist()]
            lines.append({"time_s": round(float(chunk.times[time]), TIME_DECIMALS), "people": people})
        self._begun = self._begun or "axes" in chunk.meta
        if not self._begun:
            self._held += lines
            return
        lines, self._held = first + self._held + lines, []
        self._write("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
        self.latest_s = float(chunk.times[-1]) if len(chunk) else self.latest_s

    def _write(self, text: str) -> None:
        if not isinstance(self._file, Path):
            self._file.write(text)
            self._file.flush()
            return
        rest = data = text.encode()
        try:
            if self._bytes is None:
                self._bytes = self._file.open("wb", buffering=0)
            while rest:
                rest = rest[self._bytes.write(rest) :]
            self._size += len(data)
        except OSError as error:
            if self._bytes is not None:
                with suppress(OSError):  # a pipe
                    self._bytes.truncate(self._bytes.seek(self._size))
            raise InputError(f"{self._file} cannot be written: {_reason(error)}") from error

    def close(self) -> None:
        """Close the file that this opened."""
        if self._bytes is not None:
            self._bytes.close()


def _header(chunk: Motion3D) -> dict[str, Any]:
    joints = joint_set(chunk.joints)
    return {
        "format": FORMAT,
        "version": 1,
        "joints": list(joints.joints),
        "bones": [[joints.joints[a], joints.joints[b]] for a, b in joints.bones],
        "units": chunk.meta["units"],
        "axes": chunk.meta["axes"],
        "latency_s": chunk.meta.get("latency_s"),
        "model": chunk.meta.get("model"),
    }


def _person(chunk: Motion3D, row: int, time: int) -> dict[str, Any]:
    root = None
    if chunk.root is not None and np.isfinite(chunk.root[row, time]).all():
        root = [round(value, DECIMALS) for value in chunk.root[row, time].tolist()]
    poses = [[round(value, DECIMALS) for value in joint] for joint in chunk.positions[row, time].tolist()]
    return {
        "id": int(chunk.people[row]),
        "observed": bool(chunk.observed[row, time]),
        "positions_m": poses,
        "root_m": root,
    }


class Osc:
    """Open Sound Control over UDP: for every moment and person a bundle of `/uplift3d/joint` (number of the
    person, name of the joint, x, y, z), metres in camera axes, the pelvis at its place where that is known.

    Args:
        host, port: who listens.
    """

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        try:
            self._address = (socket.gethostbyname(host), port)
        except (OSError, UnicodeError) as error:
            raise InputError(f"there is no host {host!r} to send to: {_reason(error)}") from error

    def write(self, chunk: Motion3D) -> None:
        """See `Sink`; a listener that is not there loses what it does not hear."""
        names = joint_set(chunk.joints).joints
        for time in range(len(chunk)):
            for row in np.flatnonzero(chunk.present[:, time]).tolist():
                self._send(
                    self.messages(int(chunk.people[row]), names, _placed(chunk, row, time), chunk, time)
                )

    def messages(
        self, person: int, names: tuple[str, ...], places: np.ndarray[Any, Any], chunk: Motion3D, time: int
    ) -> list[bytes]:
        """Of one person at one moment; places (J, 3)."""
        return [
            osc_message("/uplift3d/joint", person, name, *place)
            for name, place in zip(names, places.tolist(), strict=True)
        ]

    def _send(self, messages: list[bytes]) -> None:
        if not messages:
            return
        bundle = b"#bundle\0" + struct.pack(">Q", 1)
        bundle += b"".join(struct.pack(">i", len(message)) + message for message in messages)
        try:
            self._socket.sendto(bundle, self._address)
        except PermissionError as error:
            host, port = self._address
            raise InputError(f"nothing can be sent to {host}:{port}: {_reason(error)}") from error
        except OSError:  # nobody listens at that port of this machine, or the network is away for now
            pass


class Vmc(Osc):
    """Virtual Motion Capture protocol: the first person's joints as trackers, for avatar programs.

    `/VMC/Ext/Tra/Pos` (name, x, y, z, and a turn that is always none), metres in Unity's axes: x right, y up,
    z away from the camera, left-handed; then `/VMC/Ext/T` (seconds) and `/VMC/Ext/OK`.
    """

    def messages(
        self, person: int, names: tuple[str, ...], places: np.ndarray[Any, Any], chunk: Motion3D, time: int
    ) -> list[bytes]:
        """See `Osc`."""
        if person != chunk.people.min():
            return []
        trackers = [
            osc_message("/VMC/Ext/Tra/Pos", name, x, -y, z, 0.0, 0.0, 0.0, 1.0)
            for name, (x, y, z) in zip(names, places.tolist(), strict=True)
        ]
        clock = osc_message("/VMC/Ext/T", float(chunk.times[time]))
        return [*trackers, clock, osc_message("/VMC/Ext/OK", 1)]


def _placed(chunk: Motion3D, row: int, time: int) -> np.ndarray[Any, Any]:
    """(J, 3) metres in camera axes, about the pelvis where its place is unknown."""
    places = chunk.positions[row, time]
    if chunk.root is not None and np.isfinite(chunk.root[row, time]).all():
        places = places + chunk.root[row, time]
    return np.asarray(places, dtype=np.float64)


def osc_message(address: str, *values: int | float | str) -> bytes:
    """An OSC 1.0 message of whole numbers (32 bit), numbers (32 bit float) and texts."""
    tags, data = ",", b""
    for value in values:
        if isinstance(value, str):
            tags, data = tags + "s", data + _padded(value)
        elif isinstance(value, int):
            tags, data = tags + "i", data + struct.pack(">i", value)
        else:
            tags, data = tags + "f", data + struct.pack(">f", value if math.isfinite(value) else 0.0)
    return _padded(address) + _padded(tags) + data


def _padded(text: str) -> bytes:
    """Ends with one to four zeros, at a multiple of four bytes."""
    data = text.encode()
    return data + b"\0" * (4 - len(data) % 4)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
