"""Make the shipped default of a trained network.

    python tools/ship_weights.py runs/small/model.safetensors


Rounds the weights to float16, writes `base.safetensors` into the package, and builds both ONNX graphs from
what was written, so that there is one source of weights. Say in `MODEL_CARD.md` what they are.
"""

import sys

from uplift3d import weights
from uplift3d.model import load_checkpoint, save_checkpoint
from uplift3d.model.checkpoints import read_metadata
from uplift3d.model.onnx_export import export_onnx


def main(trained: str) -> None:
    """Write the three files of "base"."""
    stem = weights.stem("base")
    notes = {"step": read_metadata(trained).get("step", ""), "licence": "CC-BY-NC-4.0"}
    shipped = stem.with_suffix(".safetensors")
    save_checkpoint(load_checkpoint(trained), shipped, notes, half=True)
    for path in (shipped, *export_onnx(load_checkpoint(shipped), stem, notes)):
        print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main(*sys.argv[1:])
