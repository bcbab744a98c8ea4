"""Measure the shipped models on a small sample of held-out motion, and write down what came out.

    python tools/measure_weights.py ../shared/data

The sample is CMU subject 2 and actor mm of HDM05, which no shipped model was trained on. The numbers go into
`weights/held_out.json`; a test measures again and fails where a model has become worse.
"""

import json
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

import torch

from uplift3d import weights
from uplift3d.data.importer import import_folder
from uplift3d.data.store import MotionStore, split_of
from uplift3d.film.hints import NO_HINT, REALISTIC_HINT
from uplift3d.model import load
from uplift3d.train.networks import motion_joints
from uplift3d.train.sampler import MotionWindows, SamplerConfig
from uplift3d.train.validate import errors_at, validation_views

SAMPLE = {"mocap/cmu-amc.tar.xz": ("/02/",), "mocap-more/hdm05.tar.xz": ("HDM_mm",)}
"""Archives below the data folder, and what the names of the files wanted have in them."""
HINTS = {"with the picture's guess": REALISTIC_HINT, "2D alone": NO_HINT}
WINDOWS, STRIDES = 256, (5, 20)
RECORD = weights.FOLDER / "held_out.json"


def sample_store(data: Path, folder: Path) -> MotionStore:
    """Import the sample into a store below `folder`."""
    for archive, wanted in SAMPLE.items():
        with tarfile.open(data / archive) as tar:
            members = [member for member in tar if any(part in member.name for part in wanted)]
            tar.extractall(folder / "mocap", members=members, filter="data")
    import_folder(folder / "mocap", folder / "store", jobs=1)
    return MotionStore.open(folder / "store")


def measure(names: Iterable[str], store: MotionStore) -> dict[str, dict[str, dict[str, float]]]:
    """P-MPJPE and MPJPE in mm by model and kind of input, at key-frames 0.1 and 0.4 s apart."""
    clips = split_of(store)[1]
    record: dict[str, dict[str, dict[str, float]]] = {}
    for name in names:
        record[name] = {}
        network = load(name)
        joints = motion_joints(network.config)
        motion = MotionWindows.from_store(store, clips, SamplerConfig(), torch.device("cpu"), joints)
        for kind, hint in HINTS.items():
            views = validation_views(hint=hint)
            errors = {stride: errors_at(network, motion, views, stride, WINDOWS) for stride in STRIDES}
            record[name][kind] = {
                f"{label} {stride / 50:g} s": round(getattr(errors[stride], field), 2)
                for stride in STRIDES
                for label, field in (("P-MPJPE", "p_mpjpe"), ("MPJPE", "mpjpe"))
            }
    return record


def main(data: str) -> None:
    """Measure all shipped models."""
    shipped = [name for name in weights.NAMES if weights.stem(name).with_suffix(".safetensors").is_file()]
    with tempfile.TemporaryDirectory() as folder:
        record = measure(shipped, sample_store(Path(data), Path(folder)))
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(RECORD.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(*sys.argv[1:])
