import pytest

from uplift3d.model import create, presets


@pytest.mark.parametrize(
    ("preset", "parameters"),
    [(presets.uu_351, 10_404_902), (presets.base_351, 10_404_902), (presets.small, 1_901_574)],
)
def test_parameter_counts(preset, parameters):
    """The first is the published count."""
    assert sum(p.numel() for p in create(preset()).parameters()) == parameters


@pytest.mark.parametrize("preset", [presets.uu_351, presets.uu_81])
def test_published_presets_keep_the_published_conventions(preset):
    config = preset()
    assert (config.joints, config.input, config.axes, config.edges) == ("uu17", "screen", "camera", "repeat")


@pytest.mark.parametrize("preset", [presets.base_351, presets.small])
def test_own_presets_do_not_depend_on_the_camera(preset):
    config = preset()
    assert (config.joints, config.input, config.axes, config.edges) == (
        "h36m17",
        "person",
        "viewing_ray",
        "masked",
    )
