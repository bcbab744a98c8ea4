"""Table 4: counted, timed and measured numbers, each beside the paper's."""

import csv

import pytest

from uplift3d.evaluate.flops import PAPER_MFLOPS, costs, cpn_cost
from uplift3d.model import catalogue
from uplift3d.reproduce import paper_scores, speed
from uplift3d.reproduce.pages import write_page
from uplift3d.reproduce.plans import Plan
from uplift3d.reproduce.scales import scale_named
from uplift3d.reproduce.sources import OpenMocap
from uplift3d.reproduce.table_4 import table_4

from .test_tables import results

DETECTION_S = 0.5


@pytest.fixture(scope="module")
def page(store_path):
    scale = scale_named("tiny", 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "seconds_per_detection", lambda: DETECTION_S)
        patch.setattr(speed, "seconds_per_pose", lambda config, s_in: config.s_out / 1000)
        return table_4(Plan(OpenMocap(store_path, scale), scale), results(), {})


def test_every_layout_at_every_stride_of_the_paper(page):
    rows = [(row[0], int(row[1])) for row in page.tables[0].rows]
    assert rows == list(paper_scores.TABLE_4)
    assert rows == [(name, s_in) for name in ("uu-81", "uu-351") for s_in in PAPER_MFLOPS[name]]


def test_a_page_says_what_bench_flops_says(page, tmp_path):
    write_page(page, tmp_path)
    with (tmp_path / "table-4.csv").open(newline="") as file:
        found = {(line["row"], line["s_in"], line["metric"]): line for line in csv.DictReader(file)}
    detection = cpn_cost()
    for cost in costs(["uu-81", "uu-351"]):
        if not cost.use.startswith("shared"):
            continue
        name, s_in = cost.model, str(cost.s_in)
        assert float(found[name, s_in, "FLOPs"]["value"]) == pytest.approx(2 * cost.window, rel=1e-5)
        assert float(found[name, s_in, "FLOPs"]["published"]) == 1e6 * PAPER_MFLOPS[cost.model][cost.s_in]
        with_cpn = float(found[name, s_in, "FLOPs per frame with CPN"]["value"])
        assert with_cpn == pytest.approx(2 * cost.with_detector(detection), rel=1e-5)


def test_detection_is_paid_on_key_frames_and_poses_are_frames_of_video(page):
    fast, slow = page.tables[0].rows[2][6:8]  # uu-81 at 20: a frame of video is lifted in 1 ms
    assert fast == "1000"
    assert float(slow) == pytest.approx(1 / (0.001 + DETECTION_S / 20), abs=0.5)
    assert "a detection takes 500 ms" in page.facts["speed"]


def test_the_error_is_that_of_the_best_networks(page):
    rows = page.tables[0].rows
    assert rows[0][10] == f"{1000 * len('uu-81-ms') + 40:.1f}"
    assert rows[-1][10] == f"{1000 * len('uu-351-base') + 200:.1f}"
    assert page.facts["pre-training"] == "none"


def test_every_rival_is_counted_at_its_own_spacing(page):
    rows = {row[0]: row for row in page.tables[1].rows}
    assert list(rows) == [next(iter(method.presets)) for method in catalogue.RIVALS]
    assert rows["pstmo-243"][1:] == ("7.01", "2", "2043", "1022")
