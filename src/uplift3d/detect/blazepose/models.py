"""The shipped networks, loaded once per process: see `models/NOTICE` for where they come from.

Several threads may use one network at a time. Each run takes one thread: several runs at once fill a machine
better than one run on all of it.
"""

import hashlib
from contextlib import suppress
from functools import cache
from pathlib import Path

import onnxruntime

from uplift3d.arrays import FloatArray
from uplift3d.errors import InputError
from uplift3d.memory import give_back

FOLDER = Path(__file__).resolve().parent / "models"
SHA256 = {
    "person": "3d6a86617f33c3d2e8b3609d74e46aade162019eb7d8a71db3571ebbbdc3f74a",
    "landmarks-full": "c851f6c7c90b2367b1c3c19f9eec8540bf61b19037739b6359bdf852c6960e1b",
    "landmarks-heavy": "6b3af5030a2b399d763f19cca726105eaddb18a55e7f7086bfa1995d2640b7f9",
}


LARGE_PIXELS = 100_000
"""What larger inputs take is given back at once: whole images are shown to a network now and then only."""


class OnnxNetwork:
    """A loaded graph.

    Args:
        graph: an ONNX file with one input called "image".
    """

    def __init__(self, graph: Path) -> None:
        _share_memory()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.use_env_allocators", "1")
        options.enable_mem_pattern = False  # a block of its own for every size of image
        self._session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        give_back()  # loading a graph takes twice its size
        self._outputs = [output.name for output in self._session.get_outputs()]
        self._and_shrink = onnxruntime.RunOptions()
        self._and_shrink.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

    def __call__(self, image: FloatArray) -> dict[str, FloatArray]:
        """Answers by name.

        Args:
            image: (B, H, W, 3) as the network wants it.
        """
        large = image.shape[0] * image.shape[1] * image.shape[2] > LARGE_PIXELS
        options = self._and_shrink if large else None
        answers = self._session.run(self._outputs, {"image": image}, options)
        if large:
            give_back()
        return dict(zip(self._outputs, answers, strict=True))


@cache
def load(name: str) -> OnnxNetwork:
    """The network of that name, the same one for everybody who asks.

    Raises:
        InputError: its file is missing, damaged or of another version.
    """
    path = FOLDER / f"{name}.onnx"
    check(path, SHA256[name])
    return OnnxNetwork(path)


@cache
def _share_memory() -> None:
    """One working memory for all networks, which hardly ever need it at the same time, not one for each."""
    kind = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
    where = onnxruntime.OrtMemoryInfo("Cpu", kind, 0, onnxruntime.OrtMemType.DEFAULT)
    with suppress(Exception):  # whoever uses this process too has made one, and it is used
        onnxruntime.create_and_register_allocator(where, onnxruntime.OrtArenaCfg(0, 0, -1, -1))


def check(path: Path, sha256: str) -> None:
    """Make sure that a file is the right one.

    Raises:
        InputError: they are not, or there is no such file; says both hashes.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path}: this network cannot be read ({error.strerror}); installing uplift3d again "
            "brings it back"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise InputError(
            f"{path} is damaged or of another version: its sha256 is {found}, expected is {sha256}; "
            "installing uplift3d again brings the right one"
        )
