import math

import pytest
import torch
from pydantic import BaseModel, ValidationError

from uplift3d.film.draws import LogRange, Range, ShareRange, SizeRange, gaussian, log_uniform, uniform

LIKE = torch.zeros(1, dtype=torch.float64)


class Ranges(BaseModel):
    plain: Range = (0, 0)
    log: LogRange = (1, 1)
    size: SizeRange = (0, 0)
    share: ShareRange = (0, 0)


def test_uniform_fills_its_range(random):
    drawn = uniform((20000,), -2, 6, LIKE, random)
    assert drawn.dtype == torch.float64
    assert -2 <= drawn.min() < -1.99
    assert 5.99 < drawn.max() < 6
    assert drawn.mean().item() == pytest.approx(2, abs=0.05)


def test_the_logarithm_of_log_uniform_is_uniform(random):
    drawn = log_uniform((20000,), 1, 100, LIKE, random).log10()
    assert drawn.min() >= 0
    assert drawn.max() <= 2
    assert drawn.mean().item() == pytest.approx(1, abs=0.02)
    assert drawn.std().item() == pytest.approx(2 / math.sqrt(12), abs=0.01)


def test_zero_switches_a_size_off(random):
    assert log_uniform((3,), 0, 0, LIKE, random).tolist() == [0, 0, 0]


def test_gaussian_is_standard(random):
    drawn = gaussian((20000,), LIKE, random)
    assert drawn.mean().item() == pytest.approx(0, abs=0.03)
    assert drawn.std().item() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("plain", (2, 1), r"\[2, 1\] given, the lower end must come first"),
        ("plain", (float("nan"), float("nan")), "both ends must be numbers up to 1e"),
        ("plain", (0, float("inf")), "both ends must be numbers up to 1e"),
        ("log", (1e308, 1e308), "both ends must be numbers up to 1e"),
        ("log", (0, 1), r"\[0, 1\] given, both ends must be above 0"),
        ("log", (0, 0), "both ends must be above 0"),
        ("size", (0, 1), "both ends must be above 0"),
        ("share", (0.5, 1.5), "both ends must lie between 0 and 1"),
    ],
)
def test_impossible_ranges_are_refused(field, value, message):
    with pytest.raises(ValidationError, match=message):
        Ranges(**{field: value})
