"""The container of glTF 2.0: a scene in JSON and its numbers in one block, as a .glb file.

Written by hand rather than by a package: what is needed of the format is small, and a file of bones should
take no extra to write.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from uplift3d.errors import InputError
from uplift3d.files.guards import regular_file
from uplift3d.files.json_text import parse_object
from uplift3d.rotations import quaternion_from_matrix
from uplift3d.version import __version__

Array = npt.NDArray[np.float64]

MAGIC, VERSION = b"glTF", 2
JSON_CHUNK, DATA_CHUNK = 0x4E4F534A, 0x004E4942
MAX_BYTES = 2**30
WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}
COMPONENTS = {np.dtype(np.float32): 5126, np.dtype(np.uint8): 5121}
ARRAY_BUFFER = 34962


class Scene:
    """A scene that grows: nodes, skinned meshes, animations."""

    def __init__(self, extras: Mapping[str, Any]) -> None:
        self._extras = dict(extras)
        self._data = bytearray()
        self._views: list[dict[str, Any]] = []
        self._accessors: list[dict[str, Any]] = []
        self._parts: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("meshes", "materials", "skins", "animations")
        }
        self._roots: list[int] = []
        self.nodes: list[dict[str, Any]] = []

    def add(
        self, values: npt.NDArray[Any], kind: str, *, bounds: bool = False, vertices: bool = False
    ) -> int:
        """Store an array of float32 or uint8, a row per element; the number of its accessor.

        Args:
            values: (N,) or (N, width of `kind`).
            kind: "SCALAR", "VEC3", "VEC4" or "MAT4".
            bounds: note the smallest and largest values, as times and places must.
            vertices: whether it is an attribute of a mesh.
        """
        rows = values.reshape(len(values), WIDTHS[kind])
        view = {"buffer": 0, "byteOffset": len(self._data), "byteLength": rows.nbytes}
        self._views.append(view | ({"target": ARRAY_BUFFER} if vertices else {}))
        self._data += rows.astype(rows.dtype.newbyteorder("<")).tobytes()
        self._data += bytes(-len(self._data) % 4)
        accessor: dict[str, Any] = {
            "bufferView": len(self._views) - 1,
            "componentType": COMPONENTS[rows.dtype],
            "count": len(rows),
            "type": kind,
        }
        if bounds:
            accessor |= {"min": rows.min(axis=0).tolist(), "max": rows.max(axis=0).tolist()}
        self._accessors.append(accessor)
        return len(self._accessors) - 1

    def add_node(self, name: str, place: Array, turn: Array, parent: int | None) -> dict[str, Any]:
        """A node at a place (3,) with a turn (3, 3) in its parent's axes; returned to be added to."""
        node: dict[str, Any] = {"name": name, "translation": np.asarray(place).tolist()}
        node["rotation"] = np.roll(quaternion_from_matrix(turn), -1).tolist()
        self.nodes.append(node)
        if parent is None:
            self._roots.append(len(self.nodes) - 1)
        else:
            self.nodes[parent].setdefault("children", []).append(len(self.nodes) - 1)
        return node

    def add_skinned(
        self,
        name: str,
        corners: tuple[Array, Array, Array],
        joints: Sequence[int],
        binding: Array,
        colour: Sequence[float],
    ) -> None:
        """A mesh whose corners each move with one of the nodes `joints`.

        Args:
            name: of the mesh.
            corners: places (N, 3), normals (N, 3), and which of `joints` (N,) each moves with.
            joints: numbers of nodes.
            binding: (len(joints), 4, 4) from the scene to the axes of each joint at rest.
            colour: red, green, blue, 0 … 1.
        """
        places, normals, owners = corners
        owner, weight = np.zeros((len(owners), 4), np.uint8), np.zeros((len(owners), 4), np.float32)
        owner[:, 0], weight[:, 0] = owners, 1
        attributes = {
            "POSITION": self.add(places.astype(np.float32), "VEC3", bounds=True, vertices=True),
            "NORMAL": self.add(normals.astype(np.float32), "VEC3", vertices=True),
            "JOINTS_0": self.add(owner, "VEC4", vertices=True),
            "WEIGHTS_0": self.add(weight, "VEC4", vertices=True),
        }
        columns = np.swapaxes(binding, -1, -2).astype(np.float32)  # glTF writes matrices by columns
        parts = self._parts
        surface = {"baseColorFactor": [*colour, 1.0], "metallicFactor": 0.0, "roughnessFactor": 0.8}
        parts["materials"].append({"name": name, "pbrMetallicRoughness": surface})
        primitive = {"attributes": attributes, "material": len(parts["materials"]) - 1}
        parts["meshes"].append({"name": name, "primitives": [primitive]})
        parts["skins"].append(
            {"inverseBindMatrices": self.add(columns, "MAT4"), "joints": list(joints), "skeleton": joints[0]}
        )
        self.nodes.append({"name": name, "mesh": len(parts["meshes"]) - 1, "skin": len(parts["skins"]) - 1})
        self._roots.append(len(self.nodes) - 1)

    def animate(self, times: int, channels: Sequence[tuple[int, str, Array]]) -> None:
        """Let nodes move: (node, "translation" or "rotation", values (T, 3) or x, y, z, w (T, 4)).

        Whatever moves is in one animation: programs that show a file play its first one only.
        """
        if not self._parts["animations"]:
            self._parts["animations"].append({"name": "motion", "samplers": [], "channels": []})
        (animation,) = self._parts["animations"]
        for node, path, values in channels:
            output = self.add(values.astype(np.float32), "VEC4" if path == "rotation" else "VEC3")
            target = {"sampler": len(animation["samplers"]), "target": {"node": node, "path": path}}
            animation["channels"].append(target)
            animation["samplers"].append({"input": times, "output": output, "interpolation": "LINEAR"})

    def to_bytes(self) -> bytes:
        """The scene as a .glb file."""
        content = {
            "asset": {"version": "2.0", "generator": f"uplift3d {__version__}", "extras": self._extras},
            "scene": 0,
            "scenes": [{"nodes": self._roots}],
            "nodes": self.nodes,
            **self._parts,
            "accessors": self._accessors,
            "bufferViews": self._views,
            "buffers": [{"byteLength": len(self._data)}],
        }
        text = json.dumps(content, allow_nan=False).encode()
        text += b" " * (-len(text) % 4)
        size = 12 + 8 + len(text) + 8 + len(self._data)
        head = MAGIC + struct.pack("<II", VERSION, size) + struct.pack("<II", len(text), JSON_CHUNK)
        return head + text + struct.pack("<II", len(self._data), DATA_CHUNK) + bytes(self._data)


def read_glb(path: Path) -> tuple[dict[str, Any], bytes]:
    """The scene and the block of numbers of a .glb file.

    Raises:
        InputError: no such file, or none of glTF 2.0 with its numbers inside.
    """
    whole = regular_file(path, "3D motions as .glb", MAX_BYTES).read_bytes()
    if len(whole) < 28 or whole[:4] != MAGIC or struct.unpack_from("<I", whole, 4)[0] != VERSION:
        raise InputError(f"{path}: not a .glb file of glTF 2.0")
    length, kind = struct.unpack_from("<II", whole, 12)
    after = 20 + length
    if (
        kind != JSON_CHUNK
        or after + 8 > len(whole)
        or struct.unpack_from("<I", whole, after + 4)[0] != DATA_CHUNK
    ):
        raise InputError(f"{path}: a .glb file that lacks its scene or its data")
    text = whole[20:after].decode("utf-8", errors="replace")
    return parse_object(text, f"{path}: its scene"), whole[after + 8 :]


def values_of(content: Mapping[str, Any], data: bytes, number: int) -> Array:
    """(N, width) the float32 values of an accessor; ValueError or KeyError where the file is damaged."""
    accessor = content["accessors"][number]
    view = content["bufferViews"][accessor["bufferView"]]
    if accessor["componentType"] != COMPONENTS[np.dtype(np.float32)]:
        raise ValueError("numbers of another kind than float32")
    width = WIDTHS[accessor["type"]]
    values = np.frombuffer(data, "<f4", count=accessor["count"] * width, offset=view["byteOffset"])
    return values.reshape(accessor["count"], width).astype(np.float64)
