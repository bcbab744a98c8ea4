"""The .parquet file as other tools see it."""

import pytest

from uplift3d.errors import InputError
from uplift3d.export import load_motion, save_motion

pytest.importorskip("pyarrow", reason="pyarrow is an optional package")
import pyarrow as arrow
from pyarrow import parquet


def test_absent_people_are_null_and_units_are_inside(tmp_path, walk):
    path = save_motion(tmp_path / "walk.parquet", walk)
    table = parquet.read_table(path)
    assert table.num_rows == 2 * 50 * 17
    assert table["x_m"].null_count == 13 * 17
    assert table["root_x_m"].null_count == table.num_rows
    assert b"y down" in table.schema.metadata[b"meta"]


def test_other_files_and_other_tables_are_refused(tmp_path, walk):
    path = tmp_path / "a.parquet"
    path.write_bytes(b"not parquet")
    with pytest.raises(InputError, match=r"a\.parquet: not a parquet file"):
        load_motion(path)
    table = parquet.read_table(save_motion(path, walk)).drop_columns(["time_s", "observed"])
    parquet.write_table(table, path)
    with pytest.raises(InputError, match=r"a\.parquet: .*columns time_s, observed missing"):
        load_motion(path)


def test_a_table_from_elsewhere_needs_no_metadata(tmp_path, walk):
    path = save_motion(tmp_path / "a.parquet", walk)
    parquet.write_table(parquet.read_table(path).replace_schema_metadata({}), path)
    again = load_motion(path)
    assert again.joints == "h36m17"
    assert again.meta == {}


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("joint", arrow.array([[1, 2]] * 1700), r"column joint holds 'list<.*int64>', texts needed"),
        ("x_m", arrow.array([{"a": 1}] * 1700), r"column x_m holds 'struct<a: int64>', numbers needed"),
        ("y_m", arrow.array(["x"] * 1700), "column y_m holds 'string', numbers needed"),
    ],
)
def test_columns_of_objects_are_refused_before_they_take_memory(tmp_path, walk, name, values, message):
    path = save_motion(tmp_path / "a.parquet", walk)
    table = parquet.read_table(path)
    parquet.write_table(table.set_column(table.column_names.index(name), name, values), path)
    with pytest.raises(InputError, match=message):
        load_motion(path)
