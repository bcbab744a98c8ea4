"""Small videos for the app."""

import pytest

from seen_person import film


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A second of somebody who stands."""
    path = tmp_path_factory.mktemp("clips") / "walk.mp4"
    film(path)
    return path
