"""Torch files (`.pt`, `.pth`, `.bin`, `.ckpt`), read without running the code that a pickle may hold.

Networks of other authors come in files of this kind. A translator for one of them is a function from the
content that `read_torch` returns to the parameters of a network here, as `keras_h5.translate` is for Keras.
"""

from __future__ import annotations

import pickle
import pickletools
import warnings
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor

from uplift3d.errors import InputError
from uplift3d.files.guards import listed

NUMPY_STATE = (
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray._reconstruct",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.dtype",
    "numpy.ndarray",
    "numpy.random._pickle.__bit_generator_ctor",
    "numpy.random._pickle.__randomstate_ctor",
    "numpy.random._mt19937.MT19937",
)
"""What checkpoints with the random state of their training, or with numpy scalars, want to call."""
LONGEST_NAME = 1000
"""Torch searches the names that it refuses for patterns: 20 s for one of 100,000 letters."""


def read_torch(path: Path, put_aside: Collection[str] = ()) -> dict[str, Any]:
    """Read a torch file that holds tensors and plain containers.

    Args:
        path: the file.
        put_aside: dotted names that the file may want to call; they are not called, and an empty stand-in is
            in the content where their result would be.

    Raises:
        InputError: a file that would run code when read, a damaged one, or one without named content.
    """
    if any(len(name) > LONGEST_NAME for name in _callables(path)):
        raise InputError(f"checkpoint {path} is damaged: it wants to call something with an endless name")
    try:
        with (
            warnings.catch_warnings(action="ignore"),  # torch comments on pickles that it did not write
            torch.serialization.safe_globals([_stand_in(name) for name in put_aside]),
        ):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged files fail in every part of torch's reader
        callables = [name for name in _foreign_callables(path) if name not in put_aside]
        if callables and isinstance(error, pickle.UnpicklingError | pickle.PickleError):
            raise InputError(
                f"checkpoint {path} is refused: reading it would run code ({', '.join(callables)}); accepted "
                "are torch files of nothing but tensors and plain containers"
            ) from None
        raise InputError(f"checkpoint {path} is not a torch file, or a damaged one") from None
    if not isinstance(content, dict):
        raise InputError(f"checkpoint {path} holds a {type(content).__name__}, but needs named weights")
    return content


def named_weights(content: dict[str, Any], path: Path) -> dict[str, Tensor]:
    """Pick the tensors, at the top or under 'state_dict', less the prefix that wrappers put on every name.

    Raises:
        InputError: no tensors there, or some that are sparse, on no device, or a few stored numbers that are
            repeated as if they were billions.
    """
    weights = content.get("state_dict", content)
    named = weights.items() if isinstance(weights, dict) else ()
    state = {name: value for name, value in named if isinstance(value, Tensor)}
    if not state:
        raise InputError(f"checkpoint {path} holds no weights, neither at its top level nor in 'state_dict'")
    if odd := [name for name, value in state.items() if not _is_stored(value)]:
        raise InputError(
            f"checkpoint {path} does not hold all numbers of {listed(odd)}; accepted are dense tensors"
        )
    for prefix in ("module.", "model."):  # DataParallel, Lightning module
        if all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): value for name, value in state.items()}
    return state


def _is_stored(value: Tensor) -> bool:
    """Whether each of its numbers stands in the file."""
    if value.layout != torch.strided or value.device.type != "cpu" or value.is_quantized:
        return False
    return value.numel() * value.element_size() <= value.untyped_storage().nbytes()


class _PutAside:
    """Stands for an object that is not wanted; takes whatever a pickle says of it and keeps nothing."""

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, _: object) -> None:
        pass


def _stand_in(name: str) -> type[_PutAside]:
    """Make a class that torch's reader takes for the thing of this dotted name."""
    module, _, last = name.rpartition(".")
    return type(last, (_PutAside,), {"__module__": module})


_TENSOR_MAKERS = ("torch._utils.", "torch.storage.", "collections.OrderedDict", "_codecs.encode")


def _foreign_callables(path: Path) -> list[str]:
    """Name what a torch file wants to call besides the makers of tensors, without calling any of it."""
    names = _callables(path)
    own = {
        n for n in names if n.startswith(_TENSOR_MAKERS) or (n.startswith("torch.") and n.endswith("Storage"))
    }
    return sorted(set(names) - own)


def _callables(path: Path) -> list[str]:
    """Name what a torch file wants to call."""
    names: list[str] = []
    try:
        for stream in _pickle_streams(path):
            names.extend(_globals(stream))
    except (ValueError, OSError, KeyError, zipfile.BadZipFile):
        pass  # what was read up to the damage still counts
    return names


def _pickle_streams(path: Path) -> Iterator[IO[bytes]]:
    """The pickles in a file: a member of the zip archive, or one after another in older files."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                if member.endswith(".pkl"):
                    with archive.open(member) as stream:
                        yield stream
        return
    size = path.stat().st_size
    with path.open("rb") as stream:
        while stream.tell() < size:
            yield stream


def _globals(stream: IO[bytes]) -> Iterator[str]:
    """Dotted names that one pickle imports."""
    strings: list[str] = []
    for opcode, argument, _ in pickletools.genops(stream):
        if opcode.name == "GLOBAL":
            yield str(argument).replace(" ", ".")
        elif opcode.name == "STACK_GLOBAL" and len(strings) > 1:
            yield ".".join(strings[-2:])
        elif isinstance(argument, str):
            strings.append(argument)
