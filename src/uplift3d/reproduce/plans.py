"""Which runs every table needs: the published layouts, one switch turned at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uplift3d.evaluate.rivals import Interpolated
from uplift3d.reproduce.cells import Cell
from uplift3d.reproduce.scales import Scale
from uplift3d.reproduce.sources import Source
from uplift3d.train.config import PresetName

STRIDES_81 = (4, 10, 20)
STRIDES_351 = (5, 10, 20)
COMPONENTS: dict[str, dict[str, Any]] = {
    "full": {},
    "no-spatial": {"spatial_depth": 0},
    "no-temporal": {"temporal_depth": 0},
    "no-strided": {"strided": (), "paddings": ()},
}
"""Component that is left out → fields that do so."""
RIVAL_STRIDE = 20
RIVALS: dict[str, PresetName] = {
    "videopose3d": "videopose3d-243",
    "poseformer": "poseformer-81",
    "strided_transformer": "strided-transformer-351",
    "pstmo": "pstmo-243",
    "ugcn": "ugcn-96",
    "motionbert": "motionbert-243",
}
RIVAL_WINDOWS: dict[Interpolated, dict[str, dict[str, Any]]] = {
    "3d": {
        "videopose3d": {"filter_widths": (3, 3)},
        "poseformer": {"frames": 9},
        "strided_transformer": {"frames": 9, "strides": (3, 3)},
        "pstmo": {"frames": 9, "strides": (3, 3)},
        "ugcn": {"frames": 9},
        "motionbert": {"frames": 9},
    },
    "2d": {
        "videopose3d": {"filter_widths": (3, 3, 3)},
        "poseformer": {"frames": 27},
        "strided_transformer": {"frames": 27, "strides": (3, 3, 3)},
        "pstmo": {"frames": 27, "strides": (3, 3, 3)},
        "ugcn": {"frames": 27},
        "motionbert": {"frames": 27},
    },
}
"""Windows of about the time ours see: nine key-frames 0.4 s apart, or 27 poses 0.08 s apart."""
RIVAL_SPACING: dict[Interpolated, int] = {"3d": RIVAL_STRIDE, "2d": 4}


class Plan:
    """Cells of every table for one source and scale."""

    def __init__(self, source: Source, scale: Scale) -> None:
        self.source, self.scale = source, scale

    def table_1(self, strides: tuple[int, ...], deferred: bool) -> Cell:
        """Trained on these strides (one: single-stride), with or without deferred attention."""
        kind = "ms" if len(strides) > 1 else f"ss{strides[0]}"
        model = {"strides_in": strides, "deferred_depth": int(deferred)}
        return self._ours("uu-81", f"{kind}{'' if deferred else '-no-duta'}", model, strides)

    def table_2(self, within_batch: bool, pretrained: bool) -> Cell:
        """With or without within-batch augmentation and pre-training."""
        name = f"{'wba' if within_batch else 'no-wba'}{'-pt' if pretrained else ''}"
        views = {"views": {"mirror": "within_batch" if within_batch else "random"}}
        target = {"strides": STRIDES_351, "datasets": self.source.target_datasets}
        if not pretrained:
            fields = views | dict(self.source.finetuning)
            return self._cell("uu-351", name, {}, fields, self.scale.steps, **target)
        before = self._cell(
            "uu-351", f"{name}-first", {}, views | dict(self.source.pretraining), self.scale.pretraining_steps
        )
        fields = views | dict(self.source.finetuning)
        rate = self.scale.optimiser["learning_rate"] / 2  # as published
        optimiser = {"optimiser": {**self.scale.optimiser, "learning_rate": rate}}
        if self.scale.optimiser.get("name") == "published":
            optimiser["optimiser"]["weight_decay"] = self.scale.optimiser["weight_decay"] / 2
        return self._cell(
            "uu-351", name, {}, fields | optimiser, self.scale.finetuning_steps, after=before, **target
        )

    def table_3(self, component: str) -> Cell:
        """One component left out; nothing left out is the multi-stride network of table 1."""
        if component == "full":
            return self.table_1(STRIDES_81, True)
        return self._ours("uu-81", component, COMPONENTS[component], STRIDES_81)

    def base_351(self) -> Cell:
        """The long network on everything, for figures and table 4."""
        return self._ours("uu-351", "base", {}, STRIDES_351)

    def rival(self, name: str, interpolated: Interpolated) -> Cell:
        """A rival at 0.4 s key-frames, with what lies between interpolated after or before lifting."""
        model = {**self.scale.rivals.get(name, {}), **RIVAL_WINDOWS[interpolated][name]}
        model |= {"s_out": RIVAL_SPACING[interpolated]} | dict(self.source.conventions)
        return self._cell(
            RIVALS[name],
            f"{name}-{interpolated}",
            model,
            {"strides_in": (RIVAL_STRIDE,)},
            self.scale.steps,
            strides=(RIVAL_STRIDE,),
            interpolated=interpolated,
        )

    def _ours(
        self, preset: PresetName, name: str, model: Mapping[str, Any], strides: tuple[int, ...]
    ) -> Cell:
        return self._cell(preset, name, model, {}, self.scale.steps, strides=strides)

    def _cell(
        self,
        preset: PresetName,
        name: str,
        model: Mapping[str, Any],
        fields: Mapping[str, Any],
        steps: int,
        **how: Any,
    ) -> Cell:
        scale = self.scale
        if preset in ("uu-81", "uu-351"):
            model = {**scale.model, **self.source.conventions, **self._edges, **model}
        settings = {
            "preset": preset,
            "model": model,
            "steps": steps,
            "batch": scale.batch,
            "optimiser": dict(scale.optimiser),
            "validate_every": max(1, steps),
            "checkpoint_every": max(1, min(steps, 1000, steps // 4)),
            "validation_windows": scale.validation_windows,
            **self._published,
            **fields,
        }
        return Cell(f"{preset}-{name}" if preset in ("uu-81", "uu-351") else name, settings, **how)

    @property
    def _edges(self) -> dict[str, Any]:
        return {"edges": "masked"} if self.source.conventions["input"] == "person" else {}

    @property
    def _published(self) -> dict[str, Any]:
        """At full size everything is as published, initial weights and loss included."""
        if self.scale.name != "full":
            return {}
        return {"initial_weights": "published", "loss_on": "all", "validate_every": 6000}
