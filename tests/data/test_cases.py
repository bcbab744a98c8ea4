"""Files that people reported (../shared/cases), made for this project: the right value is asserted."""

import numpy as np
import pytest

from uplift3d.data.importer import import_folder
from uplift3d.data.provenance import Declared
from uplift3d.data.store import MotionStore


@pytest.fixture
def imported(shared_dir, tmp_path):
    """Import a folder of a case; returns the store and the report."""

    def run(case, **declared):
        folder = shared_dir / "cases" / case
        if not folder.is_dir():
            pytest.skip(f"needs cases/{case} in the shared data folder")
        report = import_folder(
            folder, tmp_path / "store", jobs=1, declared=Declared(**declared), overwrite=True
        )
        return MotionStore.open(tmp_path / "store"), report

    return run


def test_amc_at_60_hz(imported):
    store, report = imported("01-cmu-60hz/mocap", rate_hz=60)
    assert len(store[0]) == 101
    assert np.linalg.norm(np.diff(store[0][:, 0], axis=0), axis=-1).sum() * 50 / 100 == pytest.approx(
        1.0, abs=0.01
    )
    assert report.notes == {}
    _, unsaid = imported("01-cmu-60hz/mocap")
    assert list(unsaid.notes) == [
        "the file states no frame rate, 120 Hz is taken; say --rate if it was another"
    ]


@pytest.mark.parametrize(("folder", "people"), [("one", ["bd"]), ("two", ["bd", "bk"])])
def test_hdm05_is_not_cmus(imported, folder, people):
    store, report = imported(f"02-hdm05-names/{folder}")
    assert [clip.subject for clip in store.clips] == people
    assert {(c.dataset, c.licence, c.split) for c in store.clips} == {("hdm05", "CC-BY-SA-3.0", "training")}
    assert report.notes == {}


def test_names_of_other_programs_give_the_same_motion(imported):
    store, report = imported("08-bvh-skeletons/mocap")
    assert (report.imported, report.skipped) == (3, [])
    limbs = [*range(7), *range(11, 17)]
    for motion in store:
        np.testing.assert_allclose(motion[:, limbs], store[0][:, limbs], atol=0.005)
        assert (motion[:, 10, 2] > motion[:, 8, 2]).all()  # the head is up
