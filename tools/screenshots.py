"""Pictures of the viewers for the documentation, from the bundled clip: `python tools/screenshots.py`.

Needs a Chromium and the extra `view`; writes page.png, page-phone.png and overlay.png of docs/images. The
overlay's video is grey: the bundled clip is key-frames only.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from uplift3d import Motion3D, lift_keypoints
from uplift3d.cli.demo import BUNDLED, BUNDLED_RATE_HZ
from uplift3d.detect import load_keypoints
from uplift3d.export import save_motion
from uplift3d.view.sheet import Layout, Sheet

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
TIME_S = 3.2
DARK = "--blink-settings=preferredColorScheme=0"
PAGES = {
    "page.png": ((1200, 960), f"t={TIME_S}&curve=6", []),
    "page-phone.png": (
        (500, 1000),
        f"t={TIME_S}&view=side&follow=1",
        ["--blink-settings=preferredColorScheme=0"],
    ),
}
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--hide-scrollbars",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
GREY = 105


def main() -> int:
    """Write all of them; 1 where there is no browser."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("no chromium or google-chrome is installed", file=sys.stderr)
        return 1
    motion, size = bundled()
    overlay(motion, size).save(IMAGES / "overlay.png", optimize=True)
    with tempfile.TemporaryDirectory() as folder:
        page = save_motion(Path(folder) / "demo.html", motion)
        for name, ((width, height), place, flags) in PAGES.items():
            shot = [
                f"--screenshot={IMAGES / name}",
                f"--window-size={width},{height}",
                "--virtual-time-budget=2000",
            ]
            profile = f"--user-data-dir={folder}/profile"
            command = [browser, *FLAGS, *flags, *shot, profile, f"{page.as_uri()}#{place}"]
            subprocess.run(command, check=True, capture_output=True, timeout=600)
    return 0


def bundled() -> tuple[Motion3D, tuple[int, int]]:
    """The bundled clip, lifted, and the size of its video."""
    keys = load_keypoints(BUNDLED)
    frames = int((keys.times[-1] - keys.times[0]) * BUNDLED_RATE_HZ + 0.5) + 1
    wanted = keys.times[0] + np.arange(frames) / BUNDLED_RATE_HZ
    motion = lift_keypoints(keys, output_times=wanted)
    return replace(
        motion, meta={**motion.meta, "source": keys.meta.get("source", BUNDLED.name)}
    ), keys.image_size


def overlay(motion: Motion3D, size: tuple[int, int]) -> Image.Image:
    """One picture of the overlay video."""
    row = int(np.searchsorted(motion.times, TIME_S))
    frame = np.full((size[1], size[0], 3), GREY, dtype=np.uint8)
    return Sheet(motion, Layout.of(size)).picture(frame, row).quantize(256, dither=Image.Dither.NONE)


if __name__ == "__main__":
    sys.exit(main())
