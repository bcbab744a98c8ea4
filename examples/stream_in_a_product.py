"""Poses while they happen, in a program of your own: `python examples/stream_in_a_product.py walk.mp4`.

The video stands for a camera: put your own images and their times in its place.
"""

import sys

from uplift3d import Motion3D, StreamLifter
from uplift3d.detect import Watcher, create_detector
from uplift3d.video import open_video


def main(source: str) -> None:
    """One lifter and one watcher for each camera; both forget what is past, so they can run for ever."""
    lifter = StreamLifter(model="base-free", latency_s=0.3)  # these weights may be used in products
    watcher = Watcher(create_detector("blazepose"), people="all")
    with open_video(source) as camera:
        for frame in camera.frames_at():
            look = None
            if frame.time_s >= lifter.next_key_time():  # few images are worth a look
                look = watcher.look(frame.rgb, frame.time_s)
            use(lifter.push(frame.time_s, look))
    use(lifter.flush())


def use(chunk: Motion3D) -> None:
    """The poses that are due: of what happened 0.3 s ago, each given once."""
    for row, person in enumerate(chunk.people):
        wrist = chunk.joint_names.index("right_wrist")
        there = chunk.present[row]  # somebody who is away has no pose
        for time_s, pose in zip(chunk.times[there], chunk.positions[row, there], strict=True):
            x, y, z = pose[wrist]  # metres from the pelvis: right, down, away from the camera
            print(f"{time_s:.2f} s, person {person}: right wrist at {x:+.2f} {y:+.2f} {z:+.2f}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
