"""Human3.6M as the paper uses it, and AMASS to pre-train on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from uplift3d.data import h36m
from uplift3d.data.store import MotionStore
from uplift3d.errors import InputError
from uplift3d.film.held_out import LEAST_S, PIECE_S, evenly
from uplift3d.model.catalogue import OURS, Stage
from uplift3d.reproduce.scales import Scale
from uplift3d.reproduce.sources import Corpus
from uplift3d.train.recipe import recipe_settings

DETECTIONS = "cpn_ft_h36m_dbb"
KNOWN_DETECTIONS = {DETECTIONS: "CPN fine-tuned on Human3.6M", "gt": "the true 2D joints"}


def _seen(stage: Stage) -> dict[str, Any]:
    """How a recipe's network sees the motion of its data set; mirror images are the plan's business."""
    settings = recipe_settings(OURS.presets["uu-351"].recipes[stage])
    views = {name: value for name, value in settings["views"].items() if name != "mirror"}
    noise = {name: value for name, value in settings.items() if name == "validation_noise"}
    return {"views": views, **noise}


class Human36M:
    """Human3.6M: learned on S1, S5, S6, S7 and S8, measured on S9 and S11.

    Args:
        folder: with `data_3d_h36m.npz` and the 2D file.
        scale: how much is measured; at full size every frame of every video.
        detections: which 2D file, as for `h36m.load_videos`.
        amass: motion store of AMASS for pre-training; None: there is none.

    Raises:
        InputError: missing or damaged files, or a store of something else.
    """

    name = "h36m"
    published = True
    flip = True
    actions = h36m.ACTIONS
    conventions: ClassVar[Mapping[str, Any]] = {}
    target_datasets = ()

    def __init__(
        self, folder: Path, scale: Scale, detections: str = DETECTIONS, amass: Path | None = None
    ) -> None:
        self.folder, self.scale, self.detections = folder, scale, detections
        videos = h36m.load_videos(folder, detections)
        self._measured = videos if scale.videos is None else evenly(_pieces(videos), scale.videos)
        self._amass = None if amass is None else _amass_store(amass)

    @property
    def training(self) -> Corpus:
        """The training subjects."""
        frames = sum(map(len, self._measured))
        identity = (
            f"{self.name}, {self.detections}, scale {self.scale.name}, "
            f"measured on {len(self._measured)} videos, {frames} frames"
        )
        files = {"source": "h36m", "store": self.folder, "detections": self.detections}
        return Corpus(identity, "Human3.6M", files, _seen("scratch"))

    @property
    def finetuning(self) -> Corpus:
        """The training subjects."""
        return self.training

    @property
    def pretraining(self) -> Corpus | None:
        """AMASS before Human3.6M's cameras."""
        store = self._amass
        if store is None:
            return None
        identity = f"amass, {len(store)} clips, {len(store.positions)} frames, scale {self.scale.name}"
        files = {"source": "motion", "store": store.path}
        words = f"AMASS ({len(store)} clips, seen by Human3.6M's cameras without noise)"
        return Corpus(identity, words, files, _seen("pretraining"))

    @property
    def facts(self) -> Mapping[str, str]:
        """What was learned from and measured on."""
        what = "videos, every frame" if self.scale.videos is None else f"pieces of at most {PIECE_S:g} s"
        known = KNOWN_DETECTIONS.get(self.detections)
        return {
            "data set": "Human3.6M",
            "training": f"{', '.join(h36m.TRAIN_SUBJECTS)}, all cameras",
            "measured on": f"{', '.join(h36m.TEST_SUBJECTS)}: {len(self._measured)} {what}",
            "2D": self.detections + (f" ({known})" if known else ""),
            "ground truth": "3D positions in camera axes, relative to the pelvis",
            "input": "screen coordinates, as published",
            "flip": "average with the mirror image, as published",
        }

    def videos(self, datasets: Sequence[str] = ()) -> Sequence[h36m.H36MVideo]:
        """The test subjects' videos, or pieces of them."""
        assert not datasets
        return self._measured


def _pieces(videos: Sequence[h36m.H36MVideo]) -> list[h36m.H36MVideo]:
    """Cut videos, so that few pieces see much of them."""
    longest, least = round(PIECE_S * h36m.RATE_HZ), round(LEAST_S * h36m.RATE_HZ)
    return [
        _cut(video, slice(start, start + longest))
        for video in videos
        for start in range(0, len(video), longest)
        if start == 0 or len(video) - start >= least
    ]


def _cut(video: h36m.H36MVideo, rows: slice) -> h36m.H36MVideo:
    return replace(
        video,
        take=f"{video.take} from frame {rows.start}",
        keypoints_px=video.keypoints_px[rows],
        positions_world=video.positions_world[rows],
        confidence=None if video.confidence is None else video.confidence[rows],
    )


def _amass_store(path: Path) -> MotionStore:
    store = MotionStore.open(path)
    names = sorted({clip.dataset for clip in store.clips})
    if other := [name for name in names if not name.startswith("amass-")]:
        raise InputError(
            f"{path} holds {', '.join(other)}: accepted for --amass is a motion store of AMASS alone, as "
            "`uplift3d data import --dataset amass` makes it"
        )
    return store
