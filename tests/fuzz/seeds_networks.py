"""Small good files of networks and of video."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

import av
import numpy as np

GOLDEN = Path(__file__).resolve().parent.parent / "golden"


@lru_cache(maxsize=1)
def tiny() -> Path:
    """Folder of a small network of ours as .safetensors, .bin and two graphs."""
    import torch

    from uplift3d.model import create, presets, save_checkpoint
    from uplift3d.model.onnx_export import export_onnx

    config = presets.small().evolve(
        spatial_width=4, spatial_depth=1, temporal_width=8, temporal_depth=1, heads=2
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = create(config).eval()
    folder = Path(mkdtemp(prefix="fuzz-tiny-"))
    save_checkpoint(
        model, folder / "tiny.safetensors", {"licence": "CC0", "scores": json.dumps({"mpjpe": 4.0})}
    )
    export_onnx(model, folder / "tiny")
    content = {"config": json.loads(model.config.model_dump_json()), "state_dict": model.state_dict()}
    torch.save(content, folder / "tiny.bin")
    return folder


def own(folder: Path, *suffixes: str) -> None:
    """Files of the small network."""
    for suffix in suffixes:
        shutil.copy(tiny() / f"tiny{suffix}", folder)


def keras(folder: Path) -> None:
    """Published weights and their configuration."""
    for suffix in (".h5", ".json"):
        shutil.copy(GOLDEN / "uplift_upsample" / f"tinyA{suffix}", folder / f"tiny{suffix}")


def rivals(folder: Path, name: str) -> None:
    """Weights of other authors."""
    shutil.copy(GOLDEN / "peers" / name, folder)


def cpn(folder: Path) -> None:
    """Weights of the 2D detector."""
    import public_cpn

    public_cpn.write(folder / "cpn.pth", public_cpn.random_state())


def video(folder: Path, name: str, codec: str, pixels: str = "yuv420p") -> None:
    """Ten frames of a grey ramp."""
    with av.open(str(folder / name), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        for number in range(10):
            image = np.full((48, 64, 3), 20 * number, np.uint8)
            image[number : number + 8] = 255
            picture = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pixels)
            picture.pts, picture.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def images(folder: Path) -> None:
    """A folder of pictures in three formats."""
    from PIL import Image

    for number, suffix in enumerate((".png", ".jpg", ".webp")):
        image = Image.fromarray(np.full((24, 32, 3), 40 * number, np.uint8))
        image.save(folder / f"{number}{suffix}")
