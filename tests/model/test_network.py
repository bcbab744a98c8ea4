"""Records of networks come from files: no number in one decides how long it takes or what breaks."""

import time

import pytest
import torch

from uplift3d.errors import InputError
from uplift3d.model.catalogue import _networks, create
from uplift3d.model.network import LARGEST

CASES = [
    (config, name, value)
    for config in _networks()
    for name, field in config.model_fields.items()
    if isinstance(value := field.default, int | float | tuple) and not isinstance(value, bool)
]


def larger(value, number):
    if not isinstance(value, tuple):
        return number
    return tuple(larger(one, number) for one in value)


@pytest.mark.parametrize(
    ("config", "name", "value"), CASES, ids=lambda case: getattr(case, "__name__", str(case))
)
@pytest.mark.parametrize("number", [LARGEST, LARGEST + 1, 2**31, 1e300])
def test_huge_numbers_are_refused_or_cost_nothing(config, name, value, number):
    started = time.process_time()
    try:
        record = config(**{name: larger(value, number)})
    except InputError:
        record = None
    if record is not None:
        with torch.device("meta"):
            create(record)
    assert time.process_time() - started < 5


def test_a_number_is_named_with_what_is_accepted():
    config = next(iter(_networks()))
    with pytest.raises(InputError, match=r"spatial_width is 2147483648; accepted are numbers up to 100,000"):
        config(spatial_width=2**31)
    with pytest.raises(InputError, match=r"temporal_depth: Input should be less than or equal to 256"):
        config(temporal_depth=2**31)
