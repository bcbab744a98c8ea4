"""The public names and their parameters, against a checked-in inventory: a change has to be meant.

After a change that is meant: `python tests/test_api_surface.py > tests/api_surface.txt`, and a line in the
changelog.
"""

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

INVENTORY = Path(__file__).with_name("api_surface.txt")
MODULES = (
    "uplift3d",
    "uplift3d.camera",
    "uplift3d.data.importer",
    "uplift3d.detect",
    "uplift3d.evaluate.metrics",
    "uplift3d.export",
    "uplift3d.model",
    "uplift3d.post",
    "uplift3d.skeletons",
    "uplift3d.train.config",
    "uplift3d.train.run",
    "uplift3d.video",
)


def surface() -> Iterator[str]:
    for name in MODULES:
        module = import_module(name)
        for entry in sorted(module.__all__):
            yield f"{name}.{entry}{parameters(getattr(module, entry))}"


def parameters(thing: Any) -> str:
    """'(path, key_interval=0.4)' for functions and classes, without annotations; '' for the rest."""
    if not (inspect.isfunction(thing) or inspect.isclass(thing)) or getattr(thing, "_is_protocol", False):
        return ""
    try:
        signature = inspect.signature(thing)
    except ValueError:  # an exception
        return ""
    plain = [
        parameter.replace(annotation=parameter.empty, default=shown_default(parameter))
        for parameter in signature.parameters.values()
    ]
    return str(signature.replace(parameters=plain, return_annotation=signature.empty))


class Shown:
    """Stands for a default whose repr would differ from one Python or run to the next."""

    def __repr__(self) -> str:
        return "..."


def shown_default(parameter: inspect.Parameter) -> Any:
    simple = parameter.default is parameter.empty or isinstance(
        parameter.default, str | int | float | bool | None
    )
    return parameter.default if simple else Shown()


def test_public_names_and_parameters_are_those_of_the_inventory():
    known = INVENTORY.read_text().splitlines()
    assert list(surface()) == known, "see the top of this file"


@pytest.mark.parametrize("name", MODULES)
def test_public_names_have_docstrings(name):
    module = import_module(name)
    things = [getattr(module, entry) for entry in module.__all__]
    described = [thing for thing in things if inspect.isclass(thing) or inspect.isfunction(thing)]
    assert [thing for thing in described if not thing.__doc__] == []


def test_the_page_of_public_names_has_these_packages():
    api = INVENTORY.parent.parent / "docs" / "api"
    documented = re.findall(r"^::: (\S+)$", "\n".join(path.read_text() for path in api.glob("*.md")), re.M)
    assert sorted(documented) == list(MODULES)
    page = (api / "README.md").read_text()
    assert [name for name in MODULES if f"`{name}`" not in page] == []


def test_the_contract_of_the_design():
    """Calls that programs outside this repository make."""
    import uplift3d

    calls = [
        (uplift3d.Keypoints2D, "positions confidence times", "image_size joints"),
        (uplift3d.lift_keypoints, "keypoints", "model key_interval output_times runtime"),
        (uplift3d.lift_video, "path", "detector model key_interval runtime progress"),
        (uplift3d.load_motion, "path", ""),
        (uplift3d.save_motion, "path motion", ""),
        (uplift3d.Lifter, "", "model runtime"),
        (uplift3d.model.load, "name", ""),
        (uplift3d.model.load_checkpoint, "path", "config"),
    ]
    for function, positional, named in calls:
        inspect.signature(function).bind(*positional.split(), **dict.fromkeys(named.split()))
    for metric in ("mpjpe", "n_mpjpe", "p_mpjpe", "mpjve", "pck", "auc"):
        inspect.signature(getattr(uplift3d.evaluate.metrics, metric)).bind("predicted", "target")


if __name__ == "__main__":
    print(*surface(), sep="\n")
