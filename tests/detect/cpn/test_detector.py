"""CPN as a detector: real preparation and decoding around networks with tiny or no weights."""

import sys

import numpy as np
import pytest
import torch

from public_cpn import Reference, random_state, write
from uplift3d.detect import create_detector, run
from uplift3d.detect.cpn import CPNDetector
from uplift3d.detect.cpn.crops import Crop
from uplift3d.detect.cpn.detector import MEAN_RGB
from uplift3d.errors import InputError

from ..conftest import LAYOUT


def bright_state():
    """Random weights that draw about as high as trained ones."""
    state = random_state()
    state["refine_net.final_predict.2.weight"] *= 100
    return state


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write(tmp_path_factory.mktemp("cpn") / "CPN50_384x288.pth.tar", bright_state())


def red(images):
    """The red channel of what a network is shown, (B, H, W) 0 … 255."""
    return images[:, 0] * 255 + MEAN_RGB[0]


class Echo(torch.nn.Module):
    """Draws what is red as the heat map of every joint."""

    def forward(self, images):
        drawn = torch.nn.functional.avg_pool2d(red(images)[:, None], 4)
        return drawn.expand(-1, 17, -1, -1)


class Layout(torch.nn.Module):
    """Draws the joints of one of the painted people: their place in the box around what is red."""

    def forward(self, images):
        heatmaps = torch.zeros(len(images), 17, images.shape[2] // 4, images.shape[3] // 4)
        for image, drawn in zip(red(images), heatmaps, strict=True):
            rows, columns = (torch.nonzero((image > 190).any(axis)).float() / 4 for axis in (1, 0))
            if len(rows):
                low = torch.stack([columns.min(), rows.min()])
                size = torch.stack([columns.max(), rows.max()]) - low
                cells = (low + size * torch.from_numpy(LAYOUT)).long()
                cells = cells.clamp(max=torch.tensor(drawn.shape[:0:-1]) - 1)
                drawn[torch.arange(17), cells[:, 1], cells[:, 0]] = 230.0
        return heatmaps


def with_network(detector, network):
    detector._network = network
    return detector


def glow(width, height, x, y, sigma):
    """(height, width, 3) image, black but for a red Gaussian."""
    columns, rows = np.arange(width) + 0.5, np.arange(height) + 0.5
    light = np.exp(-((columns - x) ** 2 + (rows[:, None] - y) ** 2) / (2 * sigma**2))
    return np.stack([np.round(255 * light), 0 * light, 0 * light], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize(("x", "y"), [(160.2, 120.7), (141.0, 93.5), (175.4, 150.1)])
def test_a_light_comes_back_within_half_a_pixel(weights, flip, x, y):
    # The crop is about 72 × 96 pixels, so that a cell of the heat map is one.
    detector = with_network(CPNDetector(weights, None, flip=flip), Echo())
    box = [160 - 30, 120 - 36.9, 160 + 30, 120 + 36.9]
    positions, confidence, _ = detector.detect_in(glow(320, 240, x, y, 2), [box])
    np.testing.assert_allclose(positions[0], np.tile([x, y], (17, 1)), atol=0.5)
    np.testing.assert_allclose(confidence, 1, atol=0.1)


@pytest.mark.parametrize("scale", [1, 5])
def test_accuracy_goes_with_the_size_of_the_crop(weights, scale):
    detector = with_network(CPNDetector(weights, None), Echo())
    box = np.array([130, 83, 190, 157]) * scale
    rgb = glow(320 * scale, 240 * scale, 150 * scale, 130 * scale, 2 * scale)
    np.testing.assert_allclose(
        detector.detect_in(rgb, [box])[0][0, 0], [150 * scale, 130 * scale], atol=scale / 2
    )


def test_the_network_sees_what_the_public_version_prepares(weights):
    cv2 = pytest.importorskip("cv2")
    shown = []

    class Spy(Echo):
        def forward(self, images):
            shown.append(images)
            return super().forward(images)

    # Smooth, since OpenCV rounds to whole numbers between the steps.
    rgb = cv2.resize(np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype=np.uint8), (320, 240))
    box = np.array([200, 40, 310, 230])
    with_network(CPNDetector(weights, None), Spy()).detect_in(rgb, [box])
    margin = 320
    padded = cv2.copyMakeBorder(rgb, *[margin] * 4, cv2.BORDER_CONSTANT, value=MEAN_RGB)
    height = (box[3] - box[1]) * 1.3  # the taller side decides
    middle = (box[:2] + box[2:]) / 2 + margin
    low = (middle - np.array([height * 0.75, height]) / 2).astype(int)
    high = (middle + np.array([height * 0.75, height]) / 2).astype(int)
    expected = (
        cv2.resize(padded[low[1] : high[1], low[0] : high[0]], (288, 384)) / 255 - np.array(MEAN_RGB) / 255
    )
    np.testing.assert_allclose(shown[0][0].permute(1, 2, 0), expected, atol=1.5 / 255)


def test_public_weights_are_at_work(weights):
    rgb = np.random.default_rng(0).integers(0, 256, (120, 90, 3), dtype=np.uint8)
    detector = CPNDetector(weights, None, flip=True, input_size=(96, 64), device="cpu")
    positions, confidence, _ = detector.detect(rgb)
    assert positions.shape == (1, 17, 2)
    assert np.isfinite(positions[confidence > 0]).all()
    assert (confidence > 0).mean() > 0.5
    crop = Crop.around([0, 0, 90, 120], 2 / 3)
    shown = detector._shrunk(crop.cut(rgb, MEAN_RGB))
    reference = Reference(bright_state())
    swap = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]
    turned = reference.refined(shown.flip(-1)).flip(-1)[:, swap]
    drawn = detector._heatmaps(rgb, [crop])
    np.testing.assert_allclose(drawn, (reference.refined(shown) + turned) / 2, atol=0.05)


def test_several_people_at_once_are_as_one_by_one(weights):
    rgb = np.random.default_rng(0).integers(0, 256, (120, 200, 3), dtype=np.uint8)
    boxes = [[0, 10, 80, 110], [90, 5, 150, 119], [120, 60, 199, 90]]
    detector = CPNDetector(weights, None, input_size=(64, 64))
    together = detector.detect_in(rgb, boxes)
    assert np.isfinite(together[0]).mean() > 0.5
    apart = [detector.detect_in(rgb, [box]) for box in boxes]
    np.testing.assert_allclose(together[0], np.concatenate([one[0] for one in apart]), atol=1e-3)
    np.testing.assert_allclose(together[1], np.concatenate([one[1] for one in apart]), atol=1e-5)


def test_boxes_come_from_the_other_detector(weights, colour_detector, painted, standing):
    detector = with_network(CPNDetector(weights, colour_detector()), Layout())
    people = [standing(x=150, height=200), standing(x=480, y=160, height=120)]
    rgb = painted(people, 0.0)
    positions, confidence, _ = detector.detect(rgb)
    expected = np.stack([[150, 180] + (LAYOUT - 0.5) * [100, 200], [480, 160] + (LAYOUT - 0.5) * [60, 120]])
    np.testing.assert_allclose(positions, expected, atol=5)
    np.testing.assert_allclose(confidence, (230 / 255) ** 0.5, rtol=1e-5)
    nobody = detector.detect(np.zeros_like(rgb))
    assert (nobody.positions.shape, nobody.confidence.shape) == ((0, 17, 2), (0, 17))


def test_a_video_of_two_people(weights, colour_detector, painted_video, standing):
    video = painted_video([standing(x=160, height=170, vx=20), standing(x=480, height=190)], seconds=2)
    detector = with_network(CPNDetector(weights, colour_detector()), Layout())
    keys = run(video, video.every(0.4), detector)
    assert keys.joints == "coco17"
    assert keys.observed.shape == (2, 6)
    assert keys.observed.all()
    assert keys.meta["detector"] == "cpn (CPN50_384x288.pth.tar, boxes: colours)"
    left = min(range(2), key=lambda person: keys.positions[person, 0, 0, 0])
    np.testing.assert_allclose(keys.positions[left, :, 0, 0], 160 + 8 * np.arange(6), atol=6)


@pytest.mark.parametrize(("name", "size"), [("CPN50_256x192.pth.tar", (256, 192)), ("mine.pth", (384, 288))])
def test_the_files_name_tells_the_input_size(tmp_path, name, size):
    detector = CPNDetector(write(tmp_path / name, random_state()), None)
    assert detector._size == size
    assert detector.name == f"cpn ({name}, boxes: the image)"


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([1, 2, 3, 4], r"boxes have shape \(4,\); accepted is \(people, 4\)"),
        ([[1, 2, 1, 4]], "a box has no area"),
        ([[1, 2, np.nan, 4]], "a box has no area"),
    ],
)
def test_boxes_that_are_none(weights, boxes, message):
    with pytest.raises(InputError, match=message):
        CPNDetector(weights, None).detect_in(np.zeros((9, 9, 3), np.uint8), boxes)


@pytest.mark.parametrize("size", [(100, 64), (0, 32)])
def test_input_sizes_that_do_not_halve_five_times(weights, size):
    with pytest.raises(InputError, match="multiples of 32"):
        CPNDetector(weights, None, input_size=size)


def test_devices_that_are_not_there(weights):
    with pytest.raises(InputError, match="device 'cuda:99' cannot be used"):
        CPNDetector(weights, None, device="cuda:99")


def test_without_torch_there_is_a_sentence(monkeypatch, weights):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r"needs torch.*pip install 'uplift3d\[train\]'"):
        create_detector("cpn", weights)
