import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.detect.cpn.heatmaps import BLUR_REACH, BLUR_SIGMA, QUARTER, blurred, decode, mirror
from uplift3d.skeletons import joint_set

WIDTH, HEIGHT = 72, 96
SIZE = np.array([WIDTH, HEIGHT])


def gaussian(x, y, sigma=2.0, peak=255.0):
    """(1, 1, 96, 72) heat map of a joint at x, y in cells; the middle of the first cell is 0.5, 0.5."""
    columns, rows = np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5
    apart = (columns - x) ** 2 + (rows[:, None] - y) ** 2
    return (peak * np.exp(-apart / (2 * sigma**2)))[None, None].astype(np.float32)


@given(st.floats(0.5, WIDTH - 0.5), st.floats(0.5, HEIGHT - 0.5), st.floats(0.7, 4))
def test_a_gaussian_comes_back_within_a_quarter_of_a_cell(x, y, sigma):
    positions, _ = decode(gaussian(x, y, sigma), blur=False)
    np.testing.assert_allclose(positions[0, 0] * SIZE, [x, y], atol=QUARTER + 0.01)


@given(st.floats(15, WIDTH - 15), st.floats(15, HEIGHT - 15), st.floats(0.7, 4))
def test_the_blur_moves_nothing_inside(x, y, sigma):
    positions, _ = decode(gaussian(x, y, sigma), blur=True)
    np.testing.assert_allclose(positions[0, 0] * SIZE, [x, y], atol=QUARTER + 0.01)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (71.9, 95.9), (0, 50), (30, 96)])
@pytest.mark.parametrize("blur", [True, False])
def test_at_the_edges_peaks_are_drawn_inside_a_little(x, y, blur):
    positions, _ = decode(gaussian(x, y), blur=blur)
    np.testing.assert_allclose(positions[0, 0] * SIZE, [x, y], atol=1.8 if blur else 0.76)


def test_a_symmetric_peak_is_where_it_is():
    positions, _ = decode(gaussian(20.5, 30.5))
    np.testing.assert_allclose(positions[0, 0] * SIZE, [20.5, 30.5], atol=1e-4)


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_a_mirrored_image_gives_the_mirrored_person(seed, blur):
    heatmaps = np.random.default_rng(seed).normal(50, 20, (2, 17, 12, 9)).astype(np.float32)
    positions, confidence = decode(heatmaps, blur=blur)
    other, other_confidence = decode(mirror(heatmaps, "coco17"), blur=blur)
    swap = list(joint_set("coco17").mirror)
    np.testing.assert_allclose(other[:, swap] * [-1, 1] + [1, 0], positions, atol=1e-6)
    np.testing.assert_allclose(other_confidence[:, swap], confidence)


def test_mirroring_twice_changes_nothing(rng):
    heatmaps = rng.normal(size=(3, 17, 8, 6)).astype(np.float32)
    np.testing.assert_array_equal(mirror(mirror(heatmaps, "coco17"), "coco17"), heatmaps)


@pytest.mark.parametrize(("peak", "confidence"), [(255, 1), (127.5, 0.5**0.5), (400, 1)])
def test_confidence_comes_from_the_height_of_the_peak(peak, confidence):
    assert decode(gaussian(20.5, 30.5, peak=peak))[1] == pytest.approx(confidence)


@pytest.mark.parametrize("peak", [-3, 0, 25])
def test_what_is_drawn_faintly_or_not_at_all_is_not_seen(peak):
    heatmaps = np.concatenate([np.full((1, 1, HEIGHT, WIDTH), peak, np.float32), gaussian(20.5, 30.5)], 1)
    positions, confidence = decode(heatmaps)
    assert np.isnan(positions[0, 0]).all()
    assert np.isfinite(positions[0, 1]).all()
    np.testing.assert_allclose(confidence, [[0, 1]])


def test_the_blur_prefers_a_blob_to_a_bright_cell():
    heatmaps = gaussian(20.5, 30.5, sigma=3, peak=150)
    heatmaps[..., 80, 60] = 200
    np.testing.assert_allclose(decode(heatmaps)[0][0, 0] * SIZE, [20.5, 30.5], atol=0.3)
    np.testing.assert_allclose(decode(heatmaps, blur=False)[0][0, 0] * SIZE, [60.5, 80.5], atol=0.3)
    assert decode(heatmaps)[1] == pytest.approx((150 / 255) ** 0.5)


@given(st.floats(0, 4))
def test_confidence_falls_as_the_place_gets_wider(spread):
    drawn, sigma = gaussian(20.5, 30.5, (2**2 + spread**2) ** 0.5), 2
    drawn *= sigma**2 / (sigma**2 + spread**2)  # the mean of Gaussians at all places in question
    assert decode(drawn)[1] == pytest.approx(sigma / (sigma**2 + spread**2) ** 0.5, rel=1e-4)


def test_the_blur_is_a_gaussian_filter(rng):
    ndimage = pytest.importorskip("scipy.ndimage")
    heatmap = rng.normal(size=(40, 30)).astype(np.float32)
    expected = ndimage.gaussian_filter(heatmap, BLUR_SIGMA, mode="constant", radius=BLUR_REACH)
    np.testing.assert_allclose(blurred(heatmap[None])[0], expected, atol=1e-5)
