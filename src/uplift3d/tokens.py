"""2D key-frames to network input: one person's key-frames in the network's joints, and the token grid.

Axes: K key-frames, n tokens of a clip, J joints, C channels of the input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from uplift3d.arrays import AnyArray, BoolArray, FloatArray, IntArray, TimeArray
from uplift3d.normalise import normalise_person, normalise_screen, person_size, relative_to_pelvis
from uplift3d.skeletons import convert_2d, convert_3d, joint_set
from uplift3d.types import Keypoints2D

InputKind = Literal["person", "screen"]


@dataclass(frozen=True)
class InputSpec:
    """What a network wants to be fed; read from the configuration inside its checkpoint."""

    joints: str
    """Joint set, in the network's own order."""
    input: InputKind
    """'person': relative to the pelvis and the person's size; 'screen': relative to the image (published)."""
    window: int
    """Tokens in one window (N)."""
    spacing_s: float
    """Seconds between tokens."""
    edges: Literal["masked", "repeat"]
    """Window slots outside the clip: no pose ('masked') or the nearest one again ('repeat', published)."""
    axes: Literal["viewing_ray", "camera"]
    """Output axes: those of a camera that looks straight at the pelvis, or the camera's own."""
    confidence: bool = False
    """Whether the confidence of every joint is part of the input."""
    hint: bool = False
    """Whether the picture's own guess in 3D is part of the input."""

    @property
    def window_s(self) -> float:
        """Seconds that a window is long."""
        return self.window * self.spacing_s

    @property
    def published(self) -> bool:
        """Whether the network is fed as its authors do: its results are then left as theirs are."""
        return self.input == "screen" or self.edges == "repeat"

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> InputSpec:
        """From the configuration stored with the weights (field names of `model.ModelConfig`)."""
        return cls(
            joints=config["joints"],
            input=config["input"],
            window=config["tokens"],
            spacing_s=config["s_out"] / config["frame_rate_hz"],
            edges=config["edges"],
            axes=config["axes"],
            confidence=config.get("confidence", False),
            hint=config.get("hint", False),
        )


@dataclass(frozen=True, eq=False)
class PersonKeyFrames:
    """One person's 2D key-frames in a network's joints: what travels from a clip to the network and back.

    A joint with confidence 0 counts as unseen: that is how detectors mark places they only extrapolated, such
    as feet below the edge of the image.
    """

    times: TimeArray
    """(K,) seconds, increasing."""
    positions: FloatArray
    """(K, J, 2) pixels, NaN where unseen."""
    confidence: FloatArray
    """(K, J) in [0, 1], 0 where unseen."""
    usable: BoolArray
    """(K,) True where enough of the person is seen to make a pose token."""
    image_size: tuple[int, int]
    """(width, height) in pixels."""
    joints: str
    """Joint set: the network's."""
    hint: FloatArray | None = None
    """(K, J, 3) the picture's own guess, metres from the pelvis, NaN where there is none; None: nowhere."""

    @classmethod
    def from_keypoints(
        cls, keypoints: Keypoints2D, person: int, joints: str, input: InputKind
    ) -> PersonKeyFrames:
        """Convert one person of a clip.

        Args:
            keypoints: key-frames of everybody, any joint set.
            person: row of the person (not the track id).
            joints: joint set of the network.
            input: the network's kind of input, which decides what is usable.
        """
        confidence = keypoints.confidence[person]
        seen = np.where((confidence > 0)[..., None], keypoints.positions[person], np.float32(np.nan))
        positions, confidence = convert_2d(seen, confidence, keypoints.joints, joints)
        usable = _usable(positions, joints, input)
        hint = None
        if keypoints.depth_hint is not None:
            hint = convert_3d(keypoints.depth_hint[person], keypoints.joints, joints)
        return cls(keypoints.times, positions, confidence, usable, keypoints.image_size, joints, hint)

    def __len__(self) -> int:
        """Number of key-frames."""
        return len(self.times)

    def __getitem__(self, item: slice | AnyArray) -> PersonKeyFrames:
        """Some of the key-frames (a slice, boolean mask or index array over time)."""
        return replace(
            self,
            times=self.times[item],
            positions=self.positions[item],
            confidence=self.confidence[item],
            usable=self.usable[item],
            hint=None if self.hint is None else self.hint[item],
        )

    @property
    def pelvis_px(self) -> FloatArray:
        """(K, 2) the pelvis in pixels, NaN where unseen."""
        return self.positions[:, joint_set(self.joints).index("pelvis")]


@dataclass(frozen=True)
class TokenTrack:
    """One person on the token grid.

    `times` (n,) seconds, `poses` (n, J, C) network input (0 where nothing was observed), `observed` (n,) True
    for pose tokens.
    """

    times: TimeArray
    poses: FloatArray
    observed: BoolArray


def grid_times(start_s: float, end_s: float, spacing_s: float) -> TimeArray:
    """Token times from `start_s` in steps of `spacing_s`, the last one within half a step of `end_s`."""
    count = int(np.floor((end_s - start_s) / spacing_s + 0.5)) + 1
    return start_s + spacing_s * np.arange(max(count, 1), dtype=np.float64)


def nearest_key_frames(grid: TimeArray, times: TimeArray, spacing_s: float) -> IntArray:
    """For every token the index of the key-frame nearest in time, -1 where none is within half a token.

    Every key-frame fills one token at most (its own nearest), so a sparse key-frame is never seen twice.

    Args:
        grid: (n,) token times in seconds.
        times: (K,) key-frame times in seconds, increasing.
        spacing_s: seconds between tokens.
    """
    nearest = np.full(len(grid), -1, dtype=np.int64)
    if len(times) == 0:
        return nearest
    token = np.rint((times - grid[0]) / spacing_s).astype(np.int64)
    inside = (token >= 0) & (token < len(grid))
    distance = np.abs(times - (grid[0] + token * spacing_s))
    # Farthest first: of several key-frames for one token the nearest is written last and stays.
    order = np.flatnonzero(inside)[np.argsort(-distance[inside], kind="stable")]
    nearest[token[order]] = order
    return nearest


def tokenise(keys: PersonKeyFrames, grid: TimeArray, spec: InputSpec) -> TokenTrack:
    """One person's key-frames on the token grid, in the normalisation of the network.

    Args:
        keys: key-frames in the network's joints.
        grid: (n,) token times in seconds, `spec.spacing_s` apart.
        spec: what the network wants.
    """
    usable = keys[keys.usable]
    source = nearest_key_frames(grid, usable.times, spec.spacing_s)
    positions = _on_grid(usable.positions, source)  # (n, J, 2)
    if spec.input == "screen":
        poses, observed = normalise_screen(positions, keys.image_size)
    else:
        poses, observed = normalise_person(positions, spec.joints, spec.spacing_s)
    more = _more_channels(usable, source, observed, spec)
    return TokenTrack(grid, np.concatenate([poses, *more], axis=-1), observed)


def _more_channels(
    usable: PersonKeyFrames, source: IntArray, observed: BoolArray, spec: InputSpec
) -> list[FloatArray]:
    """What a network takes besides x and y, each (n, J, …); 0 where nothing is known."""
    more = []
    if spec.confidence:
        told = np.nan_to_num(_on_grid(usable.confidence, source)) * observed[:, None]
        more.append(told[..., None].astype(np.float32))
    if spec.hint:
        shape = (*usable.confidence.shape, 3)
        hint = np.full(shape, np.nan, np.float32) if usable.hint is None else usable.hint
        hint = np.where((usable.confidence > 0)[..., None], hint, np.float32(np.nan))
        on_grid = np.where(observed[:, None, None], _on_grid(hint, source), np.float32(np.nan))
        seen = np.isfinite(on_grid).all(axis=-1, keepdims=True)
        more += [np.where(seen, on_grid, 0).astype(np.float32), np.asarray(seen, dtype=np.float32)]
    return more


def _on_grid(values: FloatArray, source: IntArray) -> FloatArray:
    """Values (K, …) of the key-frames → (n, …) of the tokens; `source` (n,), NaN where that is -1."""
    out = np.full((len(source), *values.shape[1:]), np.nan, dtype=np.float32)
    filled = source >= 0
    out[filled] = values[source[filled]]
    return out


def _usable(positions: FloatArray, joints: str, input: InputKind) -> BoolArray:
    """(K,) True where joints (K, J, 2) are enough for a pose token."""
    if input == "screen":
        return np.asarray(np.isfinite(positions).all(axis=-1).any(axis=-1))
    return person_size(*relative_to_pelvis(positions, joints), joints)[1]
