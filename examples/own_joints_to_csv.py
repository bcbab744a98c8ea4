"""2D joints of any detector to 3D: `python examples/own_joints_to_csv.py joints.npz 1920x1080 walk.csv`.

`joints.npz` holds `positions` (people, key-frames, 17, 2) in pixels, in the order of COCO, NaN where a joint
was not seen, `confidence` (people, key-frames, 17), and `times` (key-frames,) in seconds.
"""

import sys

import numpy as np

from uplift3d import Keypoints2D, lift_keypoints, save_motion


def main(joints: str, image_size: str, table: str) -> None:
    """A 3D pose every 1/30 s, whatever the times of the 2D poses are."""
    found = np.load(joints)
    width, height = map(int, image_size.split("x"))
    keypoints = Keypoints2D(
        positions=found["positions"],
        confidence=found["confidence"],
        times=found["times"],
        image_size=(width, height),
        joints="coco17",
    )
    first, last = found["times"][[0, -1]]
    motion = lift_keypoints(keypoints, output_times=np.arange(first, last, 1 / 30))
    save_motion(table, motion)
    wrist = motion.joint_names.index("right_wrist")
    print(
        f"{motion}; right wrist of the first person at the start: {motion.positions[0, 0, wrist].round(2)} m"
    )


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
