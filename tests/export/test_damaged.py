"""Motion files of every format, damaged at random: read, or refused by one short sentence."""

import json
import random

import pytest

from sentences import assert_value_or_sentence
from uplift3d.errors import InputError
from uplift3d.export import FORMATS, load_motion, save_motion
from uplift3d.skeletons import joint_set

STRANGE = [None, True, "text", [], {}, [[]], -1, 1e999, float("nan"), 10**400, "9" * 5000, [[[[[1]]]]]]


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_damaged_bytes(tmp_path, walk, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    path = save_motion(tmp_path / f"walk{suffix}", walk[:6].select([3]))
    whole, draw = path.read_bytes(), random.Random(suffix)
    for _ in range(150):
        content = bytearray(whole)
        for _ in range(draw.choice([1, 1, 3, 20])):
            content[draw.randrange(len(content))] = draw.choice([0, 255, 0x22, 0x5B, draw.randrange(256)])
        path.write_bytes(content[: draw.choice([len(content), len(content), draw.randrange(len(content))])])
        assert_value_or_sentence(lambda: load_motion(path), "walk")


def test_json_with_values_of_another_kind(tmp_path, walk):
    path = save_motion(tmp_path / "walk.json", walk[:6])
    whole, draw = json.loads(path.read_text()), random.Random(0)
    for _ in range(200):
        value = json.loads(json.dumps(whole))
        key = draw.choice(list(value))
        if isinstance(value[key], list) and draw.random() < 0.5:
            value[key][draw.randrange(len(value[key]))] = draw.choice(STRANGE)
        else:
            value[key] = draw.choice(STRANGE)
        path.write_text(json.dumps(value))
        assert_value_or_sentence(lambda: load_motion(path), "walk.json")


@pytest.mark.parametrize("count", [20_000, 1_000])
def test_a_table_of_many_people_at_many_times_is_refused_before_it_is_made(tmp_path, walk, count):
    path = save_motion(tmp_path / "walk.csv", walk[:1])
    header = path.read_text().splitlines()[0]
    rows = [f"{n},{n},pelvis,0,0,0,1,0,0,0,0" for n in range(count)]
    path.write_text(
        "\n".join(
            [header, *rows, *(f"0,0.5,{joint},0,0,0,1,0,0,0,0" for joint in joint_set("h36m17").joints[1:])]
        )
    )
    with pytest.raises(InputError, match=r"walk\.csv: as one array the table holds [\d,]+ bytes"):
        load_motion(path)


@pytest.mark.parametrize("name", ["x_m", "observed", "time_s", "joint", "person"])
def test_a_parquet_column_of_another_type(tmp_path, walk, name):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = save_motion(tmp_path / "walk.parquet", walk[:2])
    table = parquet.read_table(path)
    place = table.column_names.index(name)
    for values in (
        [{"a": 1}] * len(table),
        ["text"] * len(table),
        [None] * len(table),
        [b"\xff"] * len(table),
    ):
        parquet.write_table(table.set_column(place, name, arrow.array(values)), path)
        assert_value_or_sentence(lambda: load_motion(path), "walk.parquet")
