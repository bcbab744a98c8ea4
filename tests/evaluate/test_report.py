"""Reports: what they say, and that numbers survive all three formats."""

from __future__ import annotations

import csv
import json
import math

import pytest

from uplift3d.errors import InputError
from uplift3d.evaluate.protocols import Evaluation, Scores
from uplift3d.evaluate.report import ProtocolResult, Report, both_protocols, save_report

NAN = math.nan


def scores(scale, *, moving):
    def row(value):
        found = {"mpjpe": value, "p_mpjpe": value / 2}
        return found | ({"mpjve": 10 * value} if moving else {})

    empty = dict.fromkeys(row(1.0), NAN)
    return Scores(7, row(1.0 * scale), row(2.0 * scale), {"Walking": row(3.0 * scale), "Eating": empty})


@pytest.fixture
def report():
    both = both_protocols(
        Evaluation(5, all_frames=scores(1, moving=True), key_frames=scores(10, moving=False))
    )
    facts = {"data set": "made up, twice", "flip": "none"}
    return Report("Made up", facts, (*both, ProtocolResult(20, "all frames", scores(100, moving=True))))


def test_both_means_stand_side_by_side(report):
    table = report.overall()
    assert table.title == "mean over frames / mean over actions"
    assert table.columns == ("s_in", "protocol", "frames", "MPJPE mm", "P-MPJPE mm", "MPJVE mm/s")
    assert table.rows == (
        ("5", "all frames", "7", "1.0 / 2.0", "0.5 / 1.0", "10 / 20"),
        ("5", "key frames", "7", "10.0 / 20.0", "5.0 / 10.0", "–"),
        ("20", "all frames", "7", "100.0 / 200.0", "50.0 / 100.0", "1000 / 2000"),
    )


def test_actions_and_their_means(report):
    table = report.by_action("mpjpe")
    assert table.columns == ("action", "s_in 5, all frames", "s_in 5, key frames", "s_in 20, all frames")
    assert table.rows == (
        ("Walking", "3.0", "30.0", "300.0"),
        ("Eating", "–", "–", "–"),
        ("mean over actions", "2.0", "20.0", "200.0"),
        ("mean over frames", "1.0", "10.0", "100.0"),
    )
    assert len(report.by_action("mpjve").columns) == 3  # key-frames have no velocity


def test_markdown_states_what_was_done(report, tmp_path):
    text = save_report(tmp_path / "r.md", report).read_text()
    assert text.startswith("# Made up\n\n- data set: made up, twice\n- flip: none\n")
    assert "| 5 | all frames | 7 | 1.0 / 2.0 | 0.5 / 1.0 | 10 / 20 |" in text
    assert "- MPJVE: error of joint velocities" in text
    for title in ("## MPJPE in mm", "## P-MPJPE in mm", "## MPJVE in mm/s"):
        assert title in text


def test_csv_has_every_number_with_all_facts(report, tmp_path):
    with save_report(tmp_path / "r.csv", report).open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == (3 + 2 + 3) * 4
    assert {row["data set"] for row in rows} == {"made up, twice"}
    one = [r for r in rows if (r["s_in"], r["mean"], r["metric"]) == ("20", "action Walking", "mpjve")]
    assert [(r["protocol"], r["unit"], float(r["value"])) for r in one] == [("all frames", "mm/s", 3000.0)]
    assert {r["value"] for r in rows if r["mean"] == "action Eating"} == {""}


def test_json_has_everything_and_no_nan(report, tmp_path):
    content = json.loads(
        save_report(tmp_path / "r.json", report).read_text(), parse_constant=lambda text: pytest.fail(text)
    )
    assert content["facts"]["flip"] == "none"
    assert content["units"] == {"mpjpe": "mm", "p_mpjpe": "mm", "mpjve": "mm/s"}
    assert content["results"][1]["action_mean"] == {"mpjpe": 20.0, "p_mpjpe": 10.0}
    assert content["results"][0]["per_action"]["Eating"]["mpjpe"] is None


def test_other_suffixes_are_refused(report, tmp_path):
    with pytest.raises(InputError, match=r"must end in \.md, \.csv or \.json"):
        save_report(tmp_path / "r.txt", report)
