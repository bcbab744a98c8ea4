"""Damage inside `.npz`, HDF5, Parquet, safetensors, torch and ONNX files, which random bytes rarely reach."""

from __future__ import annotations

import io
import json
import pickle
import random
import zipfile
import zlib
from functools import lru_cache
from typing import Any

import numpy as np

from fuzz.mutations import BYTES, STRANGE, Mutation, array, flip, json_value, mutated

HUGE = [(10**9,), (10**12,), (2**40, 2**30), (10**6, 17, 3), (-1,), (0, 10**9), (10**5, 10**5)]
BOMB_BYTES = 2**31 + 2**29


def npy(draw: random.Random, content: bytes) -> bytes:
    """One array in numpy's format: other elements, or a header that does not fit."""
    try:
        values = np.load(io.BytesIO(content), allow_pickle=True)
    except Exception:  # of an object this cannot make
        return flip(draw, content)
    if draw.random() < 0.3:
        return _header(draw, values)
    if values.dtype.kind == "O":
        return _saved(_object(mutated(draw, values.item() if values.shape == () else values, STRANGE)))
    if values.dtype.kind == "U" and values.shape == () and draw.random() < 0.8:
        text = json_value(draw, str(values).encode()).decode("utf-8", "replace")
        return _saved(np.array(text))
    return _saved(array(draw, values))


def npz(draw: random.Random, content: bytes) -> bytes:
    """Members of an archive change, go, are added, or say more than they hold."""
    members = _members(content)
    name = draw.choice(list(members))
    how = draw.random()
    if how < 0.75:
        members[name] = npy(draw, members[name])
    elif how < 0.82:
        del members[name]
    elif how < 0.87:
        members[draw.choice(["x.npy", "x.txt", "../x.npy", "é.npy", ""])] = members[name]
    elif how < 0.92:
        members[name] = draw.choice(BYTES)(draw, members[name])
    elif how < 0.94:
        return _with_bomb(name, members, is_extra=draw.random() < 0.5)
    else:
        members[name] = members[draw.choice(list(members))]
    packing = draw.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
    return _zipped(members, packing)


def _members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(info.file_size for info in archive.infolist()) > 2**27:
            raise ValueError("a bomb already")
        return {info.filename: archive.read(info) for info in archive.infolist()}


def _header(draw: random.Random, values: np.ndarray) -> bytes:
    shape = draw.choice([*HUGE, values.shape, "x", (1.5,), (True,)])
    descr = draw.choice(["<f4", "<f8", "|O", "<U100000", "|V8", [["a", "<f4"]], "x", None, "<f4", "<i8"])
    text = draw.choice(
        [str({"descr": descr, "fortran_order": False, "shape": shape}), "(" * 3000, "{'descr':", "1/0"]
    )
    header = text.encode("latin1", "replace") + b"\n"
    version = draw.choice([b"\x01\x00", b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x00"])
    size = len(header).to_bytes(2 if version == b"\x01\x00" else 4, "little")
    return b"\x93NUMPY" + version + size + header + values.tobytes()[:1000]


def _saved(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=True)
    return buffer.getvalue()


def _object(value: Any) -> np.ndarray:
    packed = np.empty((), dtype=object)
    packed[()] = value
    return packed


def _zipped(members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, packing)
    return buffer.getvalue()


@lru_cache(maxsize=1)
def _packed_zeros() -> bytes:
    """A deflated `.npy` of so many zeros; 2.6 MB. A block after a full flush refers to nothing before it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    elements = BOMB_BYTES // 4
    head = _saved(np.zeros(0, np.float32)).replace(b"(0,)", b"(%d,)" % elements)
    start = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(2**24)) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + block * (BOMB_BYTES // 2**24) + packer.flush()


def _with_bomb(name: str, members: dict[str, bytes], is_extra: bool) -> bytes:
    """Packed content is stored as if it were plain, then the headers are told that it is packed."""
    name = "unused.npy" if is_extra else name
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for other, content in members.items():
            if other != name:
                archive.writestr(other, content)
        archive.writestr(name, _packed_zeros())
        local = archive.getinfo(name).header_offset
    data = bytearray(buffer.getvalue())
    central = data.rfind(b"PK\x01\x02")
    for header, method, size in ((local, 8, 22), (central, 10, 24)):
        data[header + method : header + method + 2] = (8).to_bytes(2, "little")
        data[header + size : header + size + 4] = BOMB_BYTES.to_bytes(4, "little")
    return bytes(data)


def pickled(draw: random.Random, content: bytes) -> bytes:
    """A bare pickle with another value in it."""
    return pickle.dumps(mutated(draw, pickle.loads(content), STRANGE), protocol=draw.choice([0, 2, 4]))


def hdf5(draw: random.Random, content: bytes) -> bytes:
    """A data set or attribute goes, is of another kind, or is said to be enormous."""
    import h5py

    buffer = io.BytesIO(content)
    with h5py.File(buffer, "r+") as file:
        items: list[Any] = []
        file.visititems(lambda _, item: items.append(item))
        item = draw.choice([file, *items])
        if item.attrs and draw.random() < 0.5:
            _attribute(draw, item)
        elif item.name != "/":
            _data_set(draw, file, item)
    return buffer.getvalue()


def _attribute(draw: random.Random, item: Any) -> None:
    import h5py

    name = draw.choice(list(item.attrs))
    old = item.attrs[name]
    del item.attrs[name]
    other: list[Any] = [
        1.5,
        b"abc",
        "text",
        np.array([b"a", b"\xff"]),
        h5py.Empty("f"),
        np.zeros((2, 0)),
        np.nan,
    ]
    other += ["9" * 5000, "[" * 2000, np.arange(3), np.array(old).ravel()[:1], "\ud7ff"]
    if draw.random() < 0.9:
        item.attrs[name] = draw.choice(other)


def _data_set(draw: random.Random, file: Any, item: Any) -> None:
    import h5py

    name, is_data = item.name, isinstance(item, h5py.Dataset)
    is_small = is_data and item.shape is not None and item.size < 10**6  # it may have been made huge before
    old = np.asarray(item[()]) if is_small else np.zeros(3)
    attributes = dict(item.attrs)
    del file[name]
    how = draw.randrange(9)
    if how == 0:
        return
    if how == 1:
        file[name] = h5py.SoftLink(draw.choice(["/gone", name, "/"]))
        return
    if how == 2:
        file[name] = h5py.ExternalLink("/etc/passwd", "/x")
        return
    if how == 3:
        file.create_group(name)
    elif how == 4:
        shape = tuple(max(1, side) for side in draw.choice(HUGE[:4]))
        file.create_dataset(
            name, shape, draw.choice(["f4", "f8", "i1"]), chunks=tuple(min(side, 64) for side in shape)
        )
    elif how == 5:
        file[name] = draw.choice([h5py.Empty("f"), "text", b"\xff", np.array([b"a"]), 1.5, np.nan])
    elif how == 6:
        file[name] = np.zeros(3, [("a", "f4"), ("b", "i4")])
    elif how == 7:
        file.create_dataset(name, (3,), h5py.string_dtype())
    elif old.dtype.kind in "fiub":
        changed = array(draw, old)
        file[name] = changed if changed.dtype.kind in "fiubS" and changed.size < 10**6 else np.zeros(2)
    for key, value in attributes.items():
        if name in file:
            file[name].attrs[key] = value


def matlab(draw: random.Random, content: bytes) -> bytes:
    """A variable, or an array in a cell of one, is another; in either of MATLAB's formats."""
    if content.startswith(b"\x89HDF"):
        return hdf5(draw, content)
    from scipy.io import loadmat, savemat

    found = {name: value for name, value in loadmat(io.BytesIO(content)).items() if not name.startswith("__")}
    buffer = io.BytesIO()
    savemat(buffer, mutated(draw, found, [value for value in STRANGE if value is not None]))
    return buffer.getvalue()


def parquet(draw: random.Random, content: bytes) -> bytes:
    """A column goes, is of another type or enormous; metadata change."""
    import pyarrow as pa
    from pyarrow import parquet as pq

    table = pq.read_table(io.BytesIO(content))
    place = draw.randrange(table.num_columns)
    name, rows = table.column_names[place], table.num_rows
    how = draw.random()
    if how < 0.1:
        table = table.remove_column(place)
    elif how < 0.6:
        values = draw.choice(
            [
                [None],
                [1.5],
                ["x"],
                [b"\xff"],
                [{"a": 1}],
                [[1, 2]],
                [float("nan")],
                [2**62],
                [-1],
                ["9" * 5000],
                [True],
            ]
        )
        table = table.set_column(place, name, pa.array(values * rows))
    elif how < 0.7:
        table = table.rename_columns(
            [draw.choice(["", "x", name * 500]) if n == name else n for n in table.column_names]
        )
    elif how < 0.75:
        table = table.slice(0, draw.randrange(rows + 1))
    elif how < 0.78:
        table = pa.concat_tables([table.slice(0, 1)] * 3).take(pa.array(np.zeros(2_000_000, np.int32)))
    else:
        notes = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()} or {
            "x": "{}"
        }
        key = draw.choice(list(notes))
        notes[key] = json_value(draw, notes[key].encode()).decode("utf-8", "replace")
        table = table.replace_schema_metadata(notes)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def safetensors(draw: random.Random, content: bytes) -> bytes:
    """The header says something else; its length fits, or does not."""
    size = int.from_bytes(content[:8], "little")
    header, rest = json.loads(content[8 : 8 + size]), content[8 + size :]
    notes = header.get("__metadata__", {})
    if notes and draw.random() < 0.5:
        key = draw.choice(list(notes))
        notes[key] = json_value(draw, notes[key].encode()).decode("utf-8", "replace")
        text = json.dumps(header).encode()
    else:
        text = json_value(draw, json.dumps(header).encode())
    length = draw.choice([len(text)] * 9 + [2**40])
    return length.to_bytes(8, "little") + text + rest


def torch_file(draw: random.Random, content: bytes) -> bytes:
    """Another value is saved, or a member of the archive is damaged."""
    import torch

    if draw.random() < 0.5:
        members = _members(content)
        name = draw.choice([name for name in members if name.endswith(".pkl")] * 3 + list(members))
        members[name] = draw.choice(BYTES)(draw, members[name])
        return _zipped(members, zipfile.ZIP_STORED)
    odd: list[Any] = [torch.zeros(0), torch.zeros(2, 3), torch.full((3,), torch.nan), torch.zeros(3).bool()]
    odd += [
        torch.zeros(3, dtype=torch.float16),
        torch.zeros(2, dtype=torch.complex64),
        torch.eye(3).to_sparse(),
    ]
    odd += [
        torch.zeros(1).expand(10**9),
        torch.zeros(4, dtype=torch.float8_e4m3fn),
        torch.zeros(3, device="meta"),
    ]
    value = mutated(draw, torch.load(io.BytesIO(content), weights_only=True), [*STRANGE, *odd, *odd])
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def onnx(draw: random.Random, content: bytes) -> bytes:
    """The graph's parts go, change or are called otherwise."""
    import onnx as library

    model = library.load_from_string(content)
    graph, how = model.graph, draw.randrange(7)
    if how < 3 and model.metadata_props:
        note = draw.choice(model.metadata_props)
        note.value = json_value(draw, note.value.encode()).decode("utf-8", "replace")
        note.key = draw.choice([note.key] * 6 + ["x"])
    elif how == 3:
        node = draw.choice(graph.node)
        node.op_type = draw.choice([draw.choice(graph.node).op_type, "Gone", ""])
    elif how == 4 and graph.initializer:
        weight = draw.choice(graph.initializer)
        weight.dims[:] = draw.choice([[10**9], [-1], [0], [10**12, 10**12], [*weight.dims, 2]])
    elif how == 5:
        port = draw.choice([*graph.input, *graph.output])
        port.name = draw.choice(["x", "", draw.choice(graph.node).output[0]])
    else:
        del graph.node[draw.randrange(len(graph.node))]
    return model.SerializeToString()


STRUCTURED: dict[str, Mutation] = {
    ".npz": npz,
    ".npy": npy,
    ".pkl": pickled,
    ".h5": hdf5,
    ".parquet": parquet,
    ".safetensors": safetensors,
    ".pth": torch_file,
    ".bin": torch_file,
    ".onnx": onnx,
    ".mat": matlab,
}
"""By suffix, besides bytes."""
