import numpy as np
import pytest

from uplift3d.data.importer import import_file
from uplift3d.data.store import Clip, MotionStore, write_store
from uplift3d.data.summary import body_height_m, summarise


def test_height_of_a_figure_known_by_hand(figure_bvh):
    _, positions = import_file(figure_bvh())
    # cm: sole 8, shin 42, thigh 40, pelvis to neck 43; Head is 6.5 above Neck, head_top thighs on
    neck_to_top = np.hypot(6.5 + 0.47 * 40, 0.17 * 40)
    assert body_height_m(positions) == pytest.approx((8 + 82 + 43 + neck_to_top) / 100, abs=1e-4)


def test_height_does_not_depend_on_the_pose(figure_bvh):
    _, standing = import_file(figure_bvh())
    bent = standing.copy()
    bent[:, 3] = bent[:, 2] + [0, -0.42, 0]  # one shin level
    assert body_height_m(bent) == pytest.approx(body_height_m(standing), abs=1e-4)


def test_summary_per_dataset(tmp_path, figure_bvh):
    _, small = import_file(figure_bvh())
    clips = [
        (Clip("a", "two", "1", 0, 0, "free", ""), small),
        (Clip("b", "two", "2", 0, 0, "paid", ""), 1.1 * small[:20]),
        (Clip("c", "one", "", 0, 0, "free", ""), small),
    ]
    write_store(tmp_path / "store", clips)
    one, two = summarise(MotionStore.open(tmp_path / "store"))
    assert (one.dataset, one.subjects, one.clips, one.frames, one.licence) == (
        "one",
        0,
        1,
        len(small),
        "free",
    )
    assert (two.dataset, two.subjects, two.clips, two.licence) == ("two", 2, 2, "free, paid")
    assert two.minutes == pytest.approx((len(small) + 20) / 50 / 60)
    least, median, most = two.heights_m
    assert least == pytest.approx(body_height_m(small))
    assert (most - 0.08) == pytest.approx(1.1 * (least - 0.08), rel=1e-5)
    assert median == pytest.approx((least + most) / 2)
