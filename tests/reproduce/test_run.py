"""Every page for real, on next to no motion; slow ones train networks."""

import csv

import pytest
from PIL import Image

from uplift3d.errors import InputError
from uplift3d.reproduce import cells
from uplift3d.reproduce.run import TARGETS, reproduce


def test_unknown_pages_are_named(source, scale, tmp_path):
    with pytest.raises(InputError, match="'table-9' given; there are table-1, table-2"):
        reproduce(["table-9"], source, scale, tmp_path)


def test_a_seed_is_needed(source, scale, tmp_path):
    with pytest.raises(InputError, match="no seed given"):
        reproduce(["table-1"], source, scale, tmp_path, seeds=[])


def test_an_output_that_cannot_be_a_folder_is_named(source, scale, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="taken"):
        reproduce(["table-1"], source, scale, tmp_path / "taken")


def test_the_attention_figure_and_that_nothing_is_done_twice(source, scale, tmp_path, monkeypatch):
    (page,) = reproduce(["figure-1"], source, scale, tmp_path)
    text = page.read_text()
    for fact in ("- data set: motion store (", "- scale: tiny: 2 steps of 16", "- seeds: 0", "- 2D: "):
        assert fact in text
    assert Image.open(tmp_path / "figure-1.png").width > 300
    with (tmp_path / "figure-1.csv").open(newline="") as file:
        shares = {
            line["row"]: float(line["value"]) for line in csv.DictReader(file) if "share" in line["metric"]
        }
    assert shares["DUTA"] == 0
    assert 0.1 < shares["no DUTA"] < 0.9

    def again(*_):
        raise AssertionError("trained a second time")

    monkeypatch.setattr(cells, "train", again)
    said = []
    reproduce(["figure-1"], source, scale, tmp_path, say=said.append)
    assert not any("training" in text for text in said)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("data", ["source", "human36m"])
def test_every_page_at_tiny_scale(data, target, scale, tmp_path_factory, request):
    folder = tmp_path_factory.getbasetemp() / f"pages-{data}"  # pages share their runs
    folder.mkdir(exist_ok=True)
    (page,) = reproduce([target], request.getfixturevalue(data), scale, folder)
    text = page.read_text()
    assert text.startswith(f"# {target.replace('-', ' ').capitalize()}")
    assert "nan" not in text
    assert (folder / f"{target}.csv").stat().st_size > 100
    assert (folder / f"{target}.png").exists() == target.startswith("figure")
