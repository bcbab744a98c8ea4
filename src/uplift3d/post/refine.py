"""Everything that is done to a network's poses, in its order."""

from __future__ import annotations

from dataclasses import dataclass

from uplift3d.arrays import RealArray
from uplift3d.camera import Camera
from uplift3d.errors import InputError
from uplift3d.post.bones import check_height, fix_bones, scale_to_height
from uplift3d.post.feet import lock_feet
from uplift3d.post.floor import one_floor
from uplift3d.post.reproject import reproject
from uplift3d.post.root import place
from uplift3d.post.smooth import SmoothFilter, check_smoothing, smooth
from uplift3d.post.uncertainty import with_uncertainty
from uplift3d.types import Keypoints2D, Motion3D


@dataclass(frozen=True)
class PoseRefinement:
    """What to do.

    Raises:
        InputError: numbers that make no sense, or something to do to raw poses.
    """

    constant_bones: bool
    """See `fix_bones`."""
    smooth_hz: float | None
    """See `smooth`; None: not."""
    smooth_with: SmoothFilter
    """See `smooth`."""
    height_m: float | None
    """See `scale_to_height`; None: not."""
    reproject: bool
    """See `reproject`."""
    lock_feet: bool
    """See `lock_feet`."""
    one_floor: bool
    """See `one_floor`."""
    raw: bool
    """Do nothing, and do not even look for the pelvis."""

    def __post_init__(self) -> None:
        check_smoothing(self.smooth_hz, self.smooth_with, self.raw)
        check_height(self.height_m, self.raw)
        if self.raw and self.one_floor:
            raise InputError("raw poses are not put on one floor (one_floor); give one of the two")

    def apply(
        self,
        motion: Motion3D,
        keypoints: Keypoints2D,
        camera: Camera | None,
        lengths_m: RealArray | None = None,
        focal_sigma: float = 0.0,
    ) -> Motion3D:
        """Smoothing first, since it shortens bones; then the pelvis, since sizes set its distance; how sure
        joints are, by how far they are from the 2D before they are pulled towards it; then feet; sizes last,
        so that a person of any height is treated alike.

        Args:
            motion: positions in the axes of `camera`.
            keypoints: what it was made from.
            camera: intrinsics; None: the pelvis stays unknown.
            lengths_m: see `fix_bones`.
            focal_sigma: see `place`.
        """
        if self.raw:
            return motion
        if self.smooth_hz is not None:
            motion = smooth(motion, self.smooth_hz, self.smooth_with)
        if self.constant_bones:
            motion = fix_bones(motion, lengths_m)
        if camera is not None:
            motion = self._placed(motion, keypoints, camera, focal_sigma)
        if self.height_m is not None:
            motion = scale_to_height(motion, self.height_m)
        return one_floor(motion) if self.one_floor else motion

    def _placed(
        self, motion: Motion3D, keypoints: Keypoints2D, camera: Camera, focal_sigma: float
    ) -> Motion3D:
        motion = place(motion, keypoints, camera, focal_sigma)
        motion = with_uncertainty(motion, keypoints, camera)
        if self.reproject:
            motion = reproject(motion, keypoints, camera)
        return lock_feet(motion) if self.lock_feet else motion
