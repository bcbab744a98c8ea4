"""The network on ONNX Runtime: the default, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from uplift3d import cpus
from uplift3d.arrays import FloatArray, IntArray
from uplift3d.errors import InputError
from uplift3d.files.guards import readable, reason
from uplift3d.files.json_text import parse_object
from uplift3d.lift.runtime import LICENCE_KEY, UNKNOWN_LICENCE, Part

# Keys of the graphs' metadata, written by `model.onnx_export`.
CONFIG_KEY = "uplift3d.config"
MODEL_KEY = "uplift3d.model"
# Optional input of the uplift graph; false saves the strided blocks, which only the centre needs.
WANT_CENTRE = "want_centre"


class OnnxRuntime:
    """Two ONNX graphs that carry their configuration; implements `Runtime`.

    Args:
        embed: graph poses (M, J, 2) → tokens (M, C).
        uplift: graph pose_tokens (B, M, C), slots (B, M) → sequence (B, N, J, 3), centre (B, J, 3).
        threads: CPU threads; None takes all that this process may use.

    Raises:
        InputError: files that are no graphs of ours, or graphs of two different models.
    """

    name = "onnxruntime"

    def __init__(self, embed: Path, uplift: Path, threads: int | None = None) -> None:
        self.version = str(ort.__version__)
        self._embed = _session(embed, threads)
        self._uplift = _session(uplift, threads)
        records = [_metadata(self._embed, embed), _metadata(self._uplift, uplift)]
        if records[0] != records[1]:
            raise InputError(f"{embed} and {uplift} were not made from the same checkpoint")
        self.config: Mapping[str, Any] = records[0][0]
        self.model_hash = records[0][1]
        notes = self._uplift.get_modelmeta().custom_metadata_map
        self.licence = notes.get(LICENCE_KEY) or UNKNOWN_LICENCE
        self._parts = {output.name for output in self._uplift.get_outputs()}
        self._can_leave_out = WANT_CENTRE in {
            value.name for value in self._uplift.get_overridable_initializers()
        }

    def embed(self, poses: FloatArray) -> FloatArray:
        """See `Runtime`."""
        (tokens,) = self._embed.run(None, {"poses": np.ascontiguousarray(poses, dtype=np.float32)})
        return np.asarray(tokens)

    def uplift(self, pose_tokens: FloatArray, slots: IntArray, part: Part) -> FloatArray:
        """See `Runtime`."""
        if part not in self._parts:
            raise InputError(f"this model has no temporal blocks and so no {part} output; use hop 1")
        feeds = {"pose_tokens": np.ascontiguousarray(pose_tokens), "slots": np.ascontiguousarray(slots)}
        if self._can_leave_out:
            feeds[WANT_CENTRE] = np.array(part == "centre")
        (poses,) = self._uplift.run([part], feeds)
        return np.asarray(poses)


def _session(path: Path, threads: int | None) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or cpus.available()
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what is wrong is said by the exception
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own classes share no base
        raise InputError(
            f"{path} cannot be read by onnxruntime {ort.__version__}: {reason(error)}"
        ) from error


def _metadata(session: ort.InferenceSession, path: Path) -> tuple[dict[str, Any], str]:
    """Configuration and model hash out of a graph."""
    with readable(path, "a graph"):
        record = session.get_modelmeta().custom_metadata_map
    missing = [key for key in (CONFIG_KEY, MODEL_KEY) if key not in record]
    if missing:
        raise InputError(f"{path} lacks {' and '.join(missing)} in its metadata: uplift3d did not export it")
    return parse_object(record[CONFIG_KEY], f"{path}: its configuration"), record[MODEL_KEY]
