"""A share of `make fuzz`: a fixed number of damaged files for every reader, always the same ones."""

import random

import pytest

from fuzz.archives import STRUCTURED
from fuzz.inputs import Inputs, working_folder
from fuzz.judge import judged
from fuzz.readers import READERS
from uplift3d.errors import InputError

INPUTS = 12
NEEDS = {"parquet": "pyarrow", "clip lists": "fsspec", "h5": "h5py", "sleap": "h5py", "3dhp": "h5py"}
TORCH = ("weights", "safetensors", "onnx", "yaml", "info", "h36m", "amass")


@pytest.mark.parametrize("name", READERS)
def test_damaged_files_are_read_or_refused_by_a_sentence(name):
    for part, package in NEEDS.items():
        if part in name:
            pytest.importorskip(package)
    if any(part in name for part in TORCH):
        pytest.importorskip("torch")
    with working_folder() as place:
        inputs = Inputs(name, READERS[name], place)
        inputs.check_good()
        wrong = [verdict for number in range(INPUTS) if (verdict := inputs.verdict(number)).is_wrong]
    assert not wrong


def raising(error):
    def read(_):
        raise error

    return read


@pytest.mark.parametrize(
    ("read", "kind"),
    [
        (lambda _: None, "read"),
        (raising(InputError("a.bvh is damaged")), "refused"),
        (raising(ValueError("a")), "exception"),
        (raising(RecursionError()), "exception"),
        (lambda _: bytearray(2**29).count(1), "memory"),
    ],
)
def test_the_judge_tells_right_from_wrong(tmp_path, read, kind):
    assert judged(read, tmp_path).kind == kind


def test_an_input_is_the_same_each_time(tmp_path):
    copies = []
    for place in ("a", "b"):
        inputs = Inputs("bvh", READERS["bvh"], tmp_path / place)
        name = inputs.copy(7, tmp_path / f"{place}-copy")
        (file,) = (tmp_path / f"{place}-copy").iterdir()
        copies.append((name, file.read_bytes()))
    assert copies[0] == copies[1]


def test_a_bomb_is_one(tmp_path):
    """It says that it holds 2.5 GB, and does."""
    import io
    import zipfile

    from fuzz.archives import BOMB_BYTES, _with_bomb

    content = _with_bomb("a.npy", {"a.npy": b"x", "b.npy": b"y"}, is_extra=False)
    assert len(content) < 4e6
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.getinfo("a.npy").file_size == BOMB_BYTES
        with archive.open("a.npy") as stream:
            assert stream.read(6) == b"\x93NUMPY"


@pytest.mark.parametrize("suffix", [".npz", ".pkl"])
def test_damage_inside_works(tmp_path, suffix):
    """Most of it: what a library refuses to write falls back on bytes, and would do so unseen."""
    name = {".npz": "motion .npz", ".pkl": "h36m"}[suffix]
    for make in READERS[name].makers:
        make(tmp_path)
    content = next(tmp_path.glob(f"*{suffix}")).read_bytes()
    works = 0
    for number in range(20):
        try:
            works += STRUCTURED[suffix](random.Random(number), content) != content
        except Exception:
            continue
    assert works > 15
