"""Results as tables: Markdown to read, CSV and JSON to compute with.

A report says what was measured on what, and how; numbers without that cannot be compared.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from uplift3d.evaluate.protocols import UNITS, Evaluation, Scores
from uplift3d.files import atomic_write, check_writable

__all__ = [
    "SUFFIXES",
    "ProtocolResult",
    "Report",
    "Table",
    "both_protocols",
    "check_report_path",
    "save_report",
]

NAMES = {
    "mpjpe": "MPJPE",
    "n_mpjpe": "N-MPJPE",
    "p_mpjpe": "P-MPJPE",
    "mpjve": "MPJVE",
    "acceleration": "acceleration error",
    "pck": "PCK@150",
    "auc": "AUC",
}
DEFINITIONS = {
    "mpjpe": "mean distance of joints after moving both poses to the pelvis",
    "n_mpjpe": "MPJPE after the best scale of each pose",
    "p_mpjpe": "MPJPE after the best rotation, scale and translation of each pose",
    "mpjve": "error of joint velocities between neighbouring frames; divided by the frame rate it is the "
    '"mm per frame" of other papers',
    "acceleration": "error of joint accelerations over three neighbouring frames",
    "pck": "share of joints nearer than 150 mm",
    "auc": "mean PCK at 0, 5, … 150 mm",
}
DIGITS = {"mpjve": 0, "acceleration": 0}


@dataclass(frozen=True)
class ProtocolResult:
    """Scores of one protocol at one key-frame stride."""

    s_in: int
    protocol: str
    scores: Scores


@dataclass(frozen=True)
class Table:
    """Text in rows and columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """The table in Markdown."""
        head = [f"| {' | '.join(self.columns)} |", f"|{'---|' * len(self.columns)}"]
        return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in self.rows)])


@dataclass(frozen=True)
class Report:
    """Everything that an evaluation found, and what it did."""

    title: str
    facts: Mapping[str, str]
    """Data set, ground truth, split, 2D, weights, flip, … in words."""
    results: tuple[ProtocolResult, ...]
    group: str = "action"
    """What `Scores.per_action` is split by."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that some protocol has, in the order of tables."""
        present = {name for result in self.results for name in result.scores.frame_mean}
        return tuple(name for name in UNITS if name in present)

    def overall(self) -> Table:
        """A row per stride and protocol; every cell is "mean over frames / mean over actions"."""
        columns = ("s_in", "protocol", "frames", *(f"{NAMES[m]} {UNITS[m]}" for m in self.metrics))
        rows = tuple(
            (str(r.s_in), r.protocol, str(r.scores.frames), *(self._cell(r.scores, m) for m in self.metrics))
            for r in self.results
        )
        return Table(f"mean over frames / mean over {self.group}s", columns, rows)

    def by_action(self, metric: str) -> Table:
        """A row per action, a column per stride and protocol."""
        results = [r for r in self.results if metric in r.scores.frame_mean]
        actions = dict.fromkeys(name for r in results for name in r.scores.per_action)
        rows = [
            (name, *(_number(r.scores.per_action.get(name, {}).get(metric), metric) for r in results))
            for name in actions
        ]
        for label, mean in ((f"mean over {self.group}s", "action_mean"), ("mean over frames", "frame_mean")):
            rows.append((label, *(_number(getattr(r.scores, mean)[metric], metric) for r in results)))
        columns = (self.group, *(f"s_in {r.s_in}, {r.protocol}" for r in results))
        return Table(f"{NAMES[metric]} in {UNITS[metric]}", columns, tuple(rows))

    def _cell(self, scores: Scores, metric: str) -> str:
        if metric not in scores.frame_mean:
            return "–"
        means = scores.frame_mean[metric], scores.action_mean[metric]
        return " / ".join(_number(mean, metric) for mean in means)

    def markdown(self) -> str:
        """The whole report as a Markdown document."""
        overall = self.overall()
        parts = [
            f"# {self.title}",
            "\n".join(f"- {key}: {value}" for key, value in self.facts.items()),
            f"## Results\n\nEvery cell: {overall.title}.\n\n{overall.markdown()}",
            "\n".join(f"- {NAMES[m]}: {DEFINITIONS[m]}" for m in self.metrics),
        ]
        for metric in self.metrics:
            table = self.by_action(metric)
            parts.append(f"## {table.title}\n\n{table.markdown()}")
        return "\n\n".join(parts) + "\n"

    def csv(self) -> str:
        """One number per line, each with all facts, so that reports can be put one behind the other."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([*self.facts, "s_in", "protocol", "mean", "metric", "unit", "value"])
        for result in self.results:
            scores = result.scores
            rows = {
                "frames": scores.frame_mean,
                f"{self.group}s": scores.action_mean,
                **{f"{self.group} {name}": row for name, row in scores.per_action.items()},
            }
            for mean, values in rows.items():
                for metric, value in values.items():
                    text = "" if math.isnan(value) else repr(value)
                    line = [result.s_in, result.protocol, mean, metric, UNITS[metric], text]
                    writer.writerow([*self.facts.values(), *line])
        return out.getvalue()

    def json(self) -> str:
        """The report as JSON; a number that there is not is null."""
        results = [
            {"s_in": r.s_in, "protocol": r.protocol, **_without_nan(asdict(r.scores))} for r in self.results
        ]
        content = {
            "title": self.title,
            "facts": dict(self.facts),
            "units": {metric: UNITS[metric] for metric in self.metrics},
            "per_action_is_per": self.group,
            "results": results,
        }
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def both_protocols(evaluation: Evaluation) -> tuple[ProtocolResult, ProtocolResult]:
    """Both protocols of one stride."""
    return (
        ProtocolResult(evaluation.s_in, "all frames", evaluation.all_frames),
        ProtocolResult(evaluation.s_in, "key frames", evaluation.key_frames),
    )


SUFFIXES = (".md", ".csv", ".json")


def check_report_path(path: str | Path) -> Path:
    """Refuse, before anything is computed, a file that cannot be written; InputError says why."""
    return check_writable(path, SUFFIXES)


def save_report(path: str | Path, report: Report) -> Path:
    """Write a report; its suffix says how.

    Raises:
        InputError: another suffix, or a file that cannot be written.
    """
    target = check_report_path(path)
    text = {".md": report.markdown, ".csv": report.csv, ".json": report.json}[target.suffix.lower()]()
    with atomic_write(target) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return target


def _number(value: float | None, metric: str) -> str:
    if value is None or math.isnan(value):
        return "–"
    return f"{value:.{DIGITS.get(metric, 1)}f}"


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
