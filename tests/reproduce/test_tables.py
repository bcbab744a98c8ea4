"""Tables from stored scores: every number lands in its place."""

import csv

import pytest

from uplift3d.reproduce import paper_scores
from uplift3d.reproduce.cells import BASELINE, PROTOCOLS, CellResult
from uplift3d.reproduce.human36m import Human36M
from uplift3d.reproduce.pages import spread, write_page
from uplift3d.reproduce.plans import Plan
from uplift3d.reproduce.tables import MODES, rivals, table_1, table_2, table_3

PROTOCOLS_OF_OURS = (*PROTOCOLS, BASELINE)


def scores(cell, seed):
    """Numbers that say where they come from: the cell by its name's length, the stride, the protocol."""
    return {
        stride: {
            protocol: {
                "frames": 9,
                "mpjpe": 1000 * len(cell.name) + 10 * stride + PROTOCOLS_OF_OURS.index(protocol) + seed,
                "n_mpjpe": 2.0,
                "p_mpjpe": 1.0,
            }
            for protocol in (PROTOCOLS if cell.interpolated else PROTOCOLS_OF_OURS)
        }
        for stride in cell.strides
    }


def results(seeds=(0,), actions=False):
    """Means over actions, if asked for, are those over frames and half a millimetre."""

    def look(cell):
        return [CellResult(cell.name, seed, "abc", scores(cell, seed), more(cell, seed)) for seed in seeds]

    def more(cell, seed):
        if not actions:
            return {}
        return {
            stride: {protocol: {name: mm + 0.5 for name, mm in one.items()} for protocol, one in both.items()}
            for stride, both in scores(cell, seed).items()
        }

    return look


def rows(page):
    return {row[:2]: row for row in page.tables[0].rows}


def test_table_1_puts_single_stride_networks_beside_their_stride(plan):
    found = rows(table_1(plan, results(), {}))
    assert len(found) == 12
    length = {"SS": len("uu-81-ss20"), "MS": len("uu-81-ms"), "MS, no DUTA": len("uu-81-ms-no-duta")}
    for name, letters in length.items():
        assert found[name, "20"][2] == f"{1000 * letters + 201:.1f} / 2.0 / 1.0"
        assert found[name, "20"][3] == f"{1000 * letters + 200:.1f} / 2.0 / 1.0"
    assert found["MS", "20"][4:] == ("48.2 / 46.4 / 37.6", "49.9 / 48.1 / 39.2")


def test_table_2_and_the_paper_s_numbers(plan):
    page = table_2(plan, results(), {})
    found = rows(page)
    assert list(found) == [("no", "5"), ("yes", "5"), ("no", "20"), ("yes", "20")]
    assert found["yes", "5"][3] == f"{1000 * len('uu-351-wba-pt') + 50:.1f} / 2.0 / 1.0"
    assert found["yes", "20"][4:] == ("47.8 / 46.4 / 38.4", "45.0 / 44.0 / 36.3")
    assert "First data: bandai-2, bandai-1; second: cmu-bvh, cmu-amc" in " ".join(page.notes)


def test_pre_training_is_also_compared_where_as_many_steps_follow(plan):
    page = table_2(plan, results(), {})
    length = len("uu-351-wba"), len("uu-351-wba-pt-long")
    rows = page.tables[1].rows
    assert [row[0] for row in rows] == ["5", "20"]
    assert [cell.split()[0] for cell in rows[1][1:]] == [f"{1000 * letters + 200:.1f}" for letters in length]
    (number,) = (
        n for n in page.numbers if n.row == "WBA, PT, then 2 steps" and n.metric == "mpjpe" and n.s_in == 20
    )
    assert (number.value, number.published) == (1000 * length[1] + 200, None)


def test_without_data_to_pre_train_on_table_2_says_so(h36m_folder, scale):
    page = table_2(Plan(Human36M(h36m_folder, scale), scale), results(), {})
    assert page.tables[0].columns == ("WBA", "s_in", "no PT", "no PT (paper, Human3.6M)")
    assert rows(page)["yes", "20"][3] == "47.8 / 46.4 / 38.4"
    assert page.notes[1:] == ("Pre-training (PT) is left out: no motion store of AMASS was given (--amass).",)


def test_table_2_names_both_data_sets(human36m, scale):
    page = table_2(Plan(human36m, scale), results(), {})
    first = "First data: AMASS (3 clips, seen by Human3.6M's cameras without noise); second: Human3.6M."
    assert page.notes[-1] == first


@pytest.mark.parametrize(("table", "own"), [(table_1, 2), (table_2, 2)])
def test_means_over_actions_have_a_table_of_their_own(plan, table, own):
    frames, actions, *_ = table(plan, results(actions=True), {}).tables
    assert frames.title.endswith("mean over frames")
    assert actions.title.endswith("mean over actions")
    assert actions.columns == frames.columns[: 2 + own]
    for one, other in zip(frames.rows, actions.rows, strict=True):
        assert one[:2] == other[:2]
        for mean, over_actions in zip(one[2 : 2 + own], other[2:], strict=True):
            pairs = zip(mean.split(" / "), over_actions.split(" / "), strict=True)
            assert all(float(b) - float(a) == pytest.approx(0.5) for a, b in pairs)


def test_the_csv_tells_means_apart(plan):
    found = {
        (n.row, n.s_in, n.protocol, n.metric): n for n in table_1(plan, results(actions=True), {}).numbers
    }
    frames, actions = (
        found["MS", 20, protocol, "mpjpe"] for protocol in ("all frames", "all frames, mean over actions")
    )
    assert actions.value == frames.value + 0.5
    assert (frames.published, actions.published) == (49.9, None)


def test_table_3_says_what_leaving_a_component_out_costs(plan):
    found = {row[0]: row for row in table_3(plan, results(), {}).tables[0].rows}
    cost = 1000 * (len("uu-81-no-spatial") - len("uu-81-ms"))
    assert found["no-spatial"][1:4] == (f"+{cost}.0",) * 3
    assert found["full"][1] == f"{1000 * len('uu-81-ms') + 40:.1f}"
    assert found["no-temporal"][4:] == ("+4.2", "+4.7", "+5.9")


def test_every_rival_has_both_baselines(plan):
    page = rivals(plan, results(), {})
    found = [row[1] for row in page.tables[0].rows]
    assert found == ["learned", *["3D poses interpolated"] * 2, "2D poses interpolated"] + 5 * found[2:4]
    ours, baseline = page.tables[0].rows[:2]
    assert ours[2] == baseline[2]  # key-frames are the same
    assert float(baseline[3].split()[0]) - float(ours[3].split()[0]) == 2  # where its scores are


def test_several_seeds_give_mean_and_deviation(plan):
    found = rows(table_1(plan, results((0, 2)), {}))
    assert found["SS", "20"][3] == "10201.0 ± 1.4 / 2.0 ± 0.0 / 1.0 ± 0.0"


@pytest.mark.parametrize(
    ("values", "options", "text"),
    [([], {}, "–"), ([1.25], {}, "1.2"), ([1.0, 2.0], {}, "1.5 ± 0.7"), ([0.5], {"sign": True}, "+0.5")],
)
def test_spread(values, options, text):
    assert spread(values, **options) == text


def test_a_page_is_markdown_and_one_number_per_line(plan, tmp_path):
    page = table_1(plan, results((0, 1)), {"data set": "made up", "seeds": "0, 1"})
    text = write_page(page, tmp_path).read_text()
    assert "- data set: made up\n- seeds: 0, 1" in text
    assert "| MS | 20 |" in text
    with (tmp_path / "table-1.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 12 * 2 * 2 * 3  # rows, protocols, seeds, metrics
    line = next(
        one
        for one in lines
        if (one["row"], one["s_in"], one["protocol"], one["metric"], one["seed"])
        == ("MS", "20", "all frames", "mpjpe", "1")
    )
    assert (line["value"], line["published"], line["unit"]) == ("8201", "49.9", "mm")


def test_what_the_paper_reports_is_complete():
    assert {name for name, _ in paper_scores.TABLE_1} == set(MODES)
    assert len(paper_scores.TABLE_1) == 12
    assert len(paper_scores.TABLE_2) == 8
