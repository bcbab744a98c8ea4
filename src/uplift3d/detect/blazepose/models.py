"""The shipped networks, loaded once per process: see `models/NOTICE` for where they come from.

Several threads may use one network at a time. Each run takes one thread: several runs at once fill a machine
better than one run on all of it.
"""

import hashlib
from functools import cache
from pathlib import Path

import onnxruntime

from uplift3d.arrays import FloatArray
from uplift3d.errors import InputError

FOLDER = Path(__file__).resolve().parent / "models"
SHA256 = {
    "person": "3d6a86617f33c3d2e8b3609d74e46aade162019eb7d8a71db3571ebbbdc3f74a",
    "landmarks-full": "c851f6c7c90b2367b1c3c19f9eec8540bf61b19037739b6359bdf852c6960e1b",
    "landmarks-heavy": "6b3af5030a2b399d763f19cca726105eaddb18a55e7f7086bfa1995d2640b7f9",
}


class OnnxNetwork:
    """A loaded graph.

    Args:
        graph: an ONNX file's bytes, with one input called "image".
    """

    def __init__(self, graph: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]

    def __call__(self, image: FloatArray) -> dict[str, FloatArray]:
        """Answers by name.

        Args:
            image: (B, H, W, 3) as the network wants it.
        """
        answers = self._session.run(self._outputs, {"image": image})
        return dict(zip(self._outputs, answers, strict=True))


@cache
def load(name: str) -> OnnxNetwork:
    """The network of that name, the same one for everybody who asks.

    Raises:
        InputError: its file is missing, damaged or of another version.
    """
    return OnnxNetwork(checked(FOLDER / f"{name}.onnx", SHA256[name]))


def checked(path: Path, sha256: str) -> bytes:
    """A file's bytes, if they are the right ones.

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
    return content
