"""Which feet rest, whatever the times of the poses."""

import numpy as np

from footsteps import steps
from uplift3d.post import find_contacts


def test_feet_rest_at_uneven_times_as_at_even_ones():
    walk = steps(count=10)
    even = find_contacts(walk).resting[0].mean(axis=0)
    numbers = np.sort(np.concatenate([np.arange(0, len(walk), 4), np.arange(1, len(walk), 4)]))
    uneven = find_contacts(walk[numbers]).resting[0].mean(axis=0)
    np.testing.assert_allclose(uneven, even, atol=0.06)
    assert even.min() > 0.2
