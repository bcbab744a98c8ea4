"""Make a shipped model of a trained network.

    python tools/ship_weights.py runs/base/model.safetensors base

Rounds the weights to float16, writes `base.safetensors` (or `base-free.safetensors`) into the package, and
builds both ONNX graphs from what was written, so that there is one source of weights. What the run says about
its configuration, data and licence goes along. Say in `MODEL_CARD.md` what they are.
"""

import sys

from uplift3d import weights
from uplift3d.lift.runtime import UNKNOWN_LICENCE
from uplift3d.model import load_checkpoint, save_checkpoint
from uplift3d.model.checkpoints import CONFIG_KEY, read_metadata
from uplift3d.model.onnx_export import export_onnx


def main(trained: str, name: str) -> None:
    """Write the three files of a shipped model."""
    if name not in weights.NAMES:
        sys.exit(f"{name}: no name of a shipped model; these are {', '.join(weights.NAMES)}")
    stem = weights.FOLDER / name
    notes = {key: text for key, text in read_metadata(trained).items() if key != CONFIG_KEY}
    if notes.get("licence", UNKNOWN_LICENCE) == UNKNOWN_LICENCE:
        sys.exit(f"{trained}: says no licence, so it cannot be shipped; set `licence` in its configuration")
    shipped = stem.with_name(f"{name}.safetensors")
    save_checkpoint(load_checkpoint(trained), shipped, notes, half=True)
    for path in (shipped, *export_onnx(load_checkpoint(shipped), stem, notes)):
        print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main(*sys.argv[1:])
