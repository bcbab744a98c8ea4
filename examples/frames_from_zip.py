"""Images that are no video file, read once: `python examples/frames_from_zip.py walk.zip 25 walk.npz`.

Here they come out of a zip archive; a camera, a socket or a renderer are no different.
"""

import io
import sys
from collections.abc import Iterator
from zipfile import ZipFile

import numpy as np
import numpy.typing as npt
from PIL import Image

from uplift3d import lift_frames, save_motion


def frames(archive: str, rate_hz: float) -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
    """Pairs of a time in seconds and an RGB image (H, W, 3)."""
    with ZipFile(archive) as images:
        for number, name in enumerate(sorted(images.namelist())):
            picture = Image.open(io.BytesIO(images.read(name))).convert("RGB")
            yield number / rate_hz, np.array(picture)


def main(archive: str, rate_hz: str, output: str) -> None:
    """No more than a few images are in memory at any time."""
    motion = lift_frames(frames(archive, float(rate_hz)), key_interval=0.2)
    save_motion(output, motion)
    print(f"{motion} in {output}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
