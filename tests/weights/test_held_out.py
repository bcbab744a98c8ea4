"""The gate: a shipped model must not get worse on motion that it was not trained on."""

import json

import pytest

from scripts import ROOT, script

pytest.importorskip("torch")

DATA = ROOT.parent / "shared" / "data"
TOLERANCE_MM = 1.0


measure_weights = script("tools/measure_weights.py")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    missing = [name for name in measure_weights.SAMPLE if not (DATA / name).is_file()]
    if missing:
        pytest.skip(f"{', '.join(missing)} not at hand")
    return measure_weights.sample_store(DATA, tmp_path_factory.mktemp("held_out"))


RECORDED = json.loads(measure_weights.RECORD.read_text())


def test_every_shipped_model_has_a_record():
    shipped = {path.stem for path in measure_weights.weights.FOLDER.glob("*.safetensors")}
    assert set(RECORDED) == shipped <= set(measure_weights.weights.NAMES)


@pytest.mark.parametrize("name", RECORDED)
def test_no_worse_than_its_record_on_held_out_motion(name, store):
    recorded = RECORDED[name]
    measured = measure_weights.measure([name], store)[name]
    assert measured.keys() == recorded.keys()
    for kind, errors in recorded.items():
        for label, mm in errors.items():
            assert measured[kind][label] <= mm + TOLERANCE_MM, f"{kind}, {label}"
