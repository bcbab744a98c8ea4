"""Where motion comes from in a reproduction, and what the pages say about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Protocol

from uplift3d.data.store import MotionStore, split_of
from uplift3d.data.videos import LabelledVideo
from uplift3d.film.held_out import noise_in_words, virtual_videos
from uplift3d.reproduce.scales import Scale


@dataclass(frozen=True)
class Corpus:
    """What a network learns from."""

    identity: str
    """Tells runs on other data, or measured on other data, apart."""
    words: str
    """For the pages."""
    files: Mapping[str, Any]
    """Fields of `TrainConfig` that say where it is; it may be moved while runs go on."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Other fields of `TrainConfig` that it asks for."""


class Source(Protocol):
    """Data to train and measure on."""

    @property
    def name(self) -> str:
        """As on the command line."""

    @property
    def published(self) -> bool:
        """The paper's data and conventions, so that at full size its recipes apply, too."""

    @property
    def flip(self) -> bool:
        """Whether predictions are averaged with those for the mirror image."""

    @property
    def actions(self) -> tuple[str, ...]:
        """What results are also averaged over; empty: nothing."""

    @property
    def conventions(self) -> Mapping[str, Any]:
        """Fields of a network's configuration that say what goes in and comes out; default: the preset's."""

    @property
    def training(self) -> Corpus:
        """What networks learn from."""

    @property
    def pretraining(self) -> Corpus | None:
        """What comes first where there is pre-training; None: there is nothing for it."""

    @property
    def finetuning(self) -> Corpus:
        """What pre-training is compared on."""

    @property
    def target_datasets(self) -> tuple[str, ...]:
        """What pre-training is measured on; empty: everything."""

    @property
    def facts(self) -> Mapping[str, str]:
        """Data set, split and 2D in words."""

    def videos(self, datasets: Sequence[str] = ()) -> Sequence[LabelledVideo]:
        """What to measure on."""
        ...


class OpenMocap:
    """A motion store with virtual cameras; needs no licensed data.

    Pre-training is on Bandai-Namco and fine-tuning on CMU.
    """

    name = "open-mocap"
    published = False
    flip = False
    actions = ()
    conventions: ClassVar = {"joints": "h36m17", "input": "person", "axes": "viewing_ray"}
    target_datasets = ("cmu-bvh", "cmu-amc")

    def __init__(self, store: Path, scale: Scale) -> None:
        self.store, self.scale = MotionStore.open(store), scale
        self._videos = lru_cache(maxsize=2)(self._film)

    @property
    def identity(self) -> str:
        """Clips and frames of the store, and what is measured on."""
        frames, pieces = len(self.store.positions), self.scale.videos or "all"
        return (
            f"{self.name}, {len(self.store)} clips, {frames} frames, scale {self.scale.name}, {pieces} pieces"
        )

    @property
    def training(self) -> Corpus:
        """The whole store."""
        return self._corpus()

    @property
    def pretraining(self) -> Corpus:
        """The larger data set."""
        return self._corpus("bandai-2", "bandai-1")

    @property
    def finetuning(self) -> Corpus:
        """The smaller, more varied one."""
        return self._corpus(*self.target_datasets)

    @property
    def facts(self) -> Mapping[str, str]:
        """What was measured on."""
        training, held_out = split_of(self.store)
        all_names = sorted({clip.dataset for clip in self.store.clips})
        names = sorted({self.store.clips[i].dataset for i in held_out})
        return {
            "data set": f"motion store ({', '.join(all_names)}) seen by virtual cameras",
            "training": f"{len(training)} clips, random cameras, bodies and 2D noise",
            "measured on": f"{len(self.videos())} pieces of at most 10 s of held-out clips "
            f"({', '.join(names)}), one virtual camera each, always the same",
            "2D": noise_in_words(),
            "ground truth": "motion capture in camera axes, relative to the pelvis",
            "input": "person-centred; the paper's is screen coordinates",
            "flip": "none; the paper averages with the mirror image",
        }

    def videos(self, datasets: Sequence[str] = ()) -> Sequence[LabelledVideo]:
        """Held-out motion before virtual cameras."""
        return self._videos(tuple(datasets))

    def _film(self, datasets: tuple[str, ...]) -> Sequence[LabelledVideo]:
        return virtual_videos(self.store, datasets, most=self.scale.videos)

    def _corpus(self, *datasets: str) -> Corpus:
        fields = {"datasets": datasets} if datasets else {}
        return Corpus(self.identity, ", ".join(datasets), {"store": self.store.path}, fields)
