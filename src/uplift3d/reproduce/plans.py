"""Which runs every table needs: the published layouts, one switch turned at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uplift3d.evaluate.baselines import Interpolated
from uplift3d.model import presets
from uplift3d.model.catalogue import OURS, Stage, rivals
from uplift3d.reproduce.cells import Cell
from uplift3d.reproduce.scales import Scale
from uplift3d.reproduce.sources import Corpus, Source
from uplift3d.train.recipe import recipe_settings

STRIDES_81 = presets.uu_81().strides_in
STRIDES_351 = presets.uu_351().strides_in
COMPONENTS: dict[str, dict[str, Any]] = {
    "full": {},
    "no-spatial": {"spatial_depth": 0},
    "no-temporal": {"temporal_depth": 0},
    "no-strided": {"strided": (), "paddings": ()},
}
"""Component that is left out → fields that do so."""
FINETUNING_RATE = 0.5
"""Learning rate and weight decay of fine-tuning over those of a run from scratch, as in the recipes."""
RIVAL_STRIDE = 20
RIVAL_WINDOWS: dict[Interpolated, tuple[int, int]] = {"3d": (9, RIVAL_STRIDE), "2d": (27, 4)}
"""2D poses of a rival's window and frames between them: about the time ours see, nine key-frames 0.4 s apart
or 27 poses 0.08 s apart."""


class Plan:
    """Cells of every table for one source and scale."""

    def __init__(self, source: Source, scale: Scale) -> None:
        self.source, self.scale = source, scale

    def table_1(self, strides: tuple[int, ...], deferred: bool) -> Cell:
        """Trained on these strides (one: single-stride), with or without deferred attention."""
        kind = "ms" if len(strides) > 1 else f"ss{strides[0]}"
        model = {"strides_in": strides, "deferred_depth": int(deferred)}
        return self._cell("uu-81", f"{kind}{'' if deferred else '-no-duta'}", model, strides=strides)

    def table_2(self, within_batch: bool, pretrained: bool) -> Cell:
        """With or without within-batch augmentation and pre-training."""
        name, mirror = ("wba", "within_batch") if within_batch else ("no-wba", "random")
        if pretrained:
            return self._pretrained("uu-351", name, mirror, STRIDES_351)
        return self._cell(
            "uu-351",
            name,
            {},
            corpus=self.source.finetuning,
            mirror=mirror,
            strides=STRIDES_351,
            datasets=self.source.target_datasets,
        )

    def long_finetuning(self) -> Cell | None:
        """Pre-trained, then trained for as long as from scratch; None where the published recipe is followed.

        Of a short run's steps fine-tuning gets too few to show what pre-training is worth.
        """
        if self.as_published or self.source.pretraining is None:
            return None
        return self._pretrained("uu-351", "wba", "within_batch", STRIDES_351, long=True)

    def table_3(self, component: str) -> Cell:
        """One component left out; nothing left out is the multi-stride network of table 1."""
        if component == "full":
            return self.table_1(STRIDES_81, True)
        return self._cell("uu-81", component, COMPONENTS[component], strides=STRIDES_81)

    def best_81(self) -> Cell:
        """The short network, pre-trained where the paper's is."""
        if self.best_is_pretrained:
            return self._pretrained("uu-81", "ms", None, STRIDES_81)
        return self.table_1(STRIDES_81, True)

    def best_351(self) -> Cell:
        """The long network, pre-trained where the paper's is, else on everything."""
        if self.best_is_pretrained:
            return self.table_2(True, True)
        if self.source.finetuning == self.source.training:
            return self.table_2(True, False)
        return self._cell("uu-351", "base", {}, strides=STRIDES_351)

    @property
    def best_is_pretrained(self) -> bool:
        """Whether pre-training is on other data than what is measured on, and there."""
        return self.source.published and self.source.pretraining is not None

    @property
    def best_words(self) -> str:
        """What the best networks learned from first, for the pages."""
        first = self.source.pretraining
        if first is None or not self.best_is_pretrained:
            return "none"
        return f"{self.scale.pretraining_steps} steps on {first.words}, then {self.finetuning_steps} more"

    def rival(self, name: str, interpolated: Interpolated) -> Cell:
        """A rival at 0.4 s key-frames, with what lies between interpolated after or before lifting."""
        method, (poses, spacing) = rivals()[name], RIVAL_WINDOWS[interpolated]
        model = {**self.scale.rival_fields(method.config), **method.config.window_fields(poses)}
        model |= {"s_out": spacing} | dict(self.source.conventions)
        return self._cell(
            next(iter(method.presets)),
            f"{name}-{interpolated}",
            model,
            changes={"strides_in": (RIVAL_STRIDE,)},
            strides=(RIVAL_STRIDE,),
            interpolated=interpolated,
        )

    @property
    def as_published(self) -> bool:
        """Whether our networks are trained by the published recipes, those of `train/recipes`."""
        return self.scale.name == "full" and self.source.published

    def batch(self, preset: str) -> int:
        """Windows per step, mirror images included."""
        return int(self._recipe(preset).get("batch", self.scale.batch))

    @property
    def finetuning_steps(self) -> int:
        """Steps after pre-training; published are 3 × 6000 after 100 × 6000, in place of 120 × 6000."""
        if not self.as_published:
            return self.scale.finetuning_steps
        scratch, tuned = (self._recipe("uu-351", stage)["steps"] for stage in ("scratch", "finetuning"))
        return max(1, int(self.scale.steps * tuned // scratch))

    def _pretrained(
        self,
        preset: str,
        name: str,
        mirror: str | None,
        strides: tuple[int, ...],
        *,
        long: bool = False,
    ) -> Cell:
        """Fine-tuned at half the learning rate and weight decay, as published; for a whole run if `long`."""
        assert self.source.pretraining is not None
        before = self._cell(
            preset,
            f"{name}-pt-first",
            {},
            corpus=self.source.pretraining,
            mirror=mirror,
            steps=self.scale.pretraining_steps,
            stage="pretraining",
        )
        return self._cell(
            preset,
            f"{name}-pt{'-long' if long else ''}",
            {},
            corpus=self.source.finetuning,
            mirror=mirror,
            steps=self.scale.steps if long else self.finetuning_steps,
            stage="finetuning",
            strides=strides,
            after=before,
            datasets=self.source.target_datasets,
        )

    def _cell(
        self,
        preset: str,
        name: str,
        model: Mapping[str, Any],
        *,
        corpus: Corpus | None = None,
        changes: Mapping[str, Any] | None = None,
        mirror: str | None = None,
        steps: int | None = None,
        stage: Stage = "scratch",
        **how: Any,
    ) -> Cell:
        """One run.

        Args:
            preset: the network.
            name: of the cell; ours get the preset's name in front.
            model: fields of the network that differ.
            corpus: what it learns from; default: the source's.
            changes: fields of `TrainConfig` that differ.
            mirror: how mirror images are made; default: as the recipe says, or `TrainConfig`.
            steps: in place of the scale's.
            stage: which recipe is followed where the published ones are.
            how: other fields of the cell.
        """
        ours = preset in OURS.presets
        scale, corpus = self.scale, corpus or self.source.training
        steps = scale.steps if steps is None else steps
        if ours:
            model = {**scale.model, **self.source.conventions, **self._edges, **model}
        settings = {
            "batch": scale.batch,
            "optimiser": self._optimiser(stage),
            "validate_every": max(1, steps),
            "validation_windows": scale.validation_windows,
            **scale.settings,
            **corpus.fields,
            **self._recipe(preset, stage),
            **(changes or {}),
            "preset": preset,
            "model": model,
            "steps": steps,
            "checkpoint_every": max(1, min(steps, 1000, steps // 4)),
        }
        if mirror is not None:
            settings["views"] = {**settings.get("views", {}), "mirror": mirror}
        return Cell(f"{preset}-{name}" if ours else name, corpus, settings, **how)

    def _recipe(self, preset: str, stage: Stage = "scratch") -> dict[str, Any]:
        """The recipe of one of our networks where the published ones are followed, else nothing."""
        if not self.as_published or preset not in OURS.presets:
            return {}
        return recipe_settings(OURS.presets[preset].recipes[stage])

    def _optimiser(self, stage: Stage) -> dict[str, Any]:
        optimiser = dict(self.scale.optimiser)
        for name in ("learning_rate", "weight_decay"):
            if name in optimiser and stage == "finetuning":
                optimiser[name] *= FINETUNING_RATE
        return optimiser

    @property
    def _edges(self) -> dict[str, Any]:
        return {"edges": "masked"} if self.source.conventions.get("input") == "person" else {}
