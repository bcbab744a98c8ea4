"""Motion capture to a network of your own: `python examples/train_on_own_motion.py recordings/ run/ 14000`.

`recordings/` holds BVH, ASF/AMC or joint positions (docs/mapping.md); the last argument is the number of
training steps. How good the network becomes depends on how much motion there is to learn from: give it hours
rather than minutes. Needs the extra `train`.
"""

import sys
from pathlib import Path

from uplift3d.data.importer import import_folder
from uplift3d.train.config import load_config
from uplift3d.train.run import train

CONFIG = Path(__file__).resolve().parent.parent / "configs" / "own-motion.yaml"


def main(recordings: str, output: str, steps: str, **changes: object) -> None:
    """Import, train; killed and started again, the training goes on where it stopped."""
    folder = Path(output)
    store = folder / "motions.store"
    if not store.exists():
        report = import_folder(recordings, store)
        print(f"{report.imported} recordings in {store}")
    config = load_config(CONFIG, store=store, output=folder / "network", steps=int(steps), **changes)
    print(f"use it with: uplift3d lift walk.mp4 -o walk.npz --model {train(config, progress=True)}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
