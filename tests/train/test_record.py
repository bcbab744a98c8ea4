"""What weights say about their making, and the licence that follows from the motion's."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from uplift3d.data.store import MotionStore, write_store
from uplift3d.train.config import TrainConfig
from uplift3d.train.record import licence_of_weights, training_record


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["MIT", "CC-BY-NC-4.0", "CC-BY-SA-3.0"], "CC-BY-NC-4.0"),
        (["MIT", "Human3.6M licence (academic use)"], "CC-BY-NC-4.0"),
        (["MIT", "unknown"], "unknown"),
        (["CC-BY-NC-4.0", "unknown"], "unknown"),
        (["MIT", "CC-BY-SA-3.0"], "CC-BY-SA-3.0"),
        (["MIT", "Apache-2.0"], "Apache-2.0"),
        (["MIT", "CMU-mocap"], "Apache-2.0, acknowledge mocap.cs.cmu.edu"),
    ],
)
def test_the_strictest_licence_decides(given, expected):
    assert licence_of_weights(given) == expected


@pytest.fixture
def tiny_run_config(store_path, tmp_path):
    return TrainConfig(store=store_path, output=tmp_path / "run", steps=7)


def test_a_run_records_its_configuration_and_data(tiny_run_config):
    record = training_record(tiny_run_config)
    assert json.loads(record["training"])["steps"] == tiny_run_config.steps
    assert "store" not in json.loads(record["training"])
    data = json.loads(record["data"])
    assert sum(part["clips"] for part in data.values()) > 0
    stored = (tiny_run_config.store / "positions.npy").read_bytes()
    assert record["data_sha256"] == hashlib.sha256(stored).hexdigest()


def test_a_licence_that_is_given_counts(tiny_run_config):
    given = tiny_run_config.model_copy(update={"licence": "MIT"})
    assert training_record(given)["licence"] == "MIT"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("base", "CC-BY-NC-4.0"),
        ("base-free", "Apache-2.0, acknowledge mocap.cs.cmu.edu"),
        ("old.h5", "unknown"),
    ],
)
def test_weights_to_start_from_keep_their_licence(tiny_run_config, tmp_path, start, expected):
    assert licence_of_weights(["MIT"]) == "Apache-2.0"
    store = MotionStore.open(tiny_run_config.store)
    clips = [(replace(clip, licence="MIT"), np.array(store[n])) for n, clip in enumerate(store.clips)]
    write_store(tmp_path / "mit.store", clips)
    config = tiny_run_config.model_copy(update={"store": tmp_path / "mit.store", "start_from": Path(start)})
    assert training_record(config)["licence"] == expected
