"""A program that uses uplift3d, for type checkers: what it gets has types, and mistakes are found.

Never run. Under `mypy --strict` an `ignore` that ignores nothing is an error, so each one shows that the
mistake on its line is found.
"""

from typing import assert_type

import numpy as np
import numpy.typing as npt

import uplift3d
from uplift3d import (
    Keypoints2D,
    Lifter,
    Motion3D,
    lift_frames,
    lift_keypoints,
    lift_video,
    load_motion,
    save_motion,
)
from uplift3d.detect import People, load_keypoints, register_detector
from uplift3d.evaluate.metrics import mpjpe

motion = lift_video("walk.mp4", key_interval=0.4, flip=False)
assert_type(motion, Motion3D)
assert_type(motion.positions, npt.NDArray[np.float32])
assert_type(motion.joint_names, tuple[str, ...])
assert_type(motion[:10].select([0]).present, npt.NDArray[np.bool_])
assert_type(lift_keypoints(load_keypoints("keys.npz"), output_times=[0.0, 0.5]), Motion3D)
assert_type(Lifter(model="base", runtime="torch", hop=1).lift(load_keypoints("keys.npz")), Motion3D)
assert_type(lift_frames((second / 30, np.zeros((480, 640, 3), np.uint8)) for second in range(90)), Motion3D)
assert_type(load_motion("walk.npz").times, npt.NDArray[np.float64])
assert_type(uplift3d.model.load("base").config, uplift3d.model.ModelConfig)
print(save_motion("walk.html", motion), float(mpjpe(motion.positions, motion.positions)))


class Everywhere:
    """A detector of one's own."""

    name = "everywhere"
    joints = "coco17"

    def detect(self, rgb: npt.NDArray[np.uint8]) -> People:
        """See `uplift3d.detect.Detector`."""
        return People(np.zeros((1, 17, 2), np.float32), np.ones((1, 17), np.float32))

    def detect_batch(self, images: object) -> list[People]:
        """See `uplift3d.detect.Detector`."""
        return []


register_detector("everywhere", Everywhere)
lift_video("walk.mp4", detector=Everywhere())

lift_video(5)  # type: ignore[arg-type]
lift_video("walk.mp4", key_intervall=0.4)  # type: ignore[call-arg]
lift_video("walk.mp4", interpolation="cubic")  # type: ignore[arg-type]
lift_keypoints("keys.npz")  # type: ignore[arg-type]
save_motion("walk.npz", motion.positions)  # type: ignore[arg-type]
motion.position  # type: ignore[attr-defined]  # noqa: B018
uplift3d.lift_vidio  # type: ignore[attr-defined]  # noqa: B018
Keypoints2D(np.zeros((1, 1, 17, 2), np.float32), None, [0.0], (1, 1), joints="coco17")  # type: ignore[arg-type]
