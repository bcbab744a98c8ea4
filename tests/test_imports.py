"""Who may import whom, and what a bare install (no torch, no detector) must be able to import."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib import metadata

import pytest
from packaging.requirements import Requirement

import uplift3d
from import_rules import ALLOWED, MODULES, NEEDS_EXTRA, PAGE, TORCH_SIDE, VOCABULARY, is_under, with_tables

HEAVY = (
    "torch",
    "mediapipe",
    "lightning",
    "pydantic",
    "h5py",
    "plotly",
    "cv2",
    "yaml",
    "onnx",
    "pyarrow",
    "matplotlib",
)

# Of the base install, but slow to import: loaded by the functions that need it.
LATE = (*HEAVY, "scipy")


def inference_modules() -> list[str]:
    return [
        module
        for module in MODULES
        if not any(is_under(module, package) for package in TORCH_SIDE)
        and not module.endswith("__main__")
        and module not in NEEDS_EXTRA
    ]


def imports_of(source: str) -> Iterator[str]:
    """Every uplift3d module that the source imports, at any depth and place, without the package's name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide who imports whom"
            names = [
                full if (full := f"{node.module}.{alias.name}") in MODULES else f"{node.module}"
                for alias in node.names
            ]
        else:
            continue
        yield from (name.removeprefix("uplift3d.") for name in names if name.startswith("uplift3d."))


def loaded_by_name(source: str) -> Iterator[str]:
    """Every uplift3d module whose full name stands in a source that loads modules by their names."""
    nodes = list(ast.walk(ast.parse(source)))
    functions = [node.func for node in nodes if isinstance(node, ast.Call)]
    if "import_module" in {getattr(node, "attr", getattr(node, "id", "")) for node in functions}:
        texts = {str(node.value) for node in nodes if isinstance(node, ast.Constant)}
        yield from (text.removeprefix("uplift3d.") for text in texts & set(MODULES) - {"uplift3d"})


def used_by(source: str) -> set[str]:
    """Modules that a source reaches in either way."""
    return {*imports_of(source), *loaded_by_name(source)}


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in a ring, the first once more at the end; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def is_allowed(module: str, imported: str) -> bool:
    """May `module` import `imported` (both without the package's name)?"""
    stage, other = module.partition(".")[0], imported.partition(".")[0]
    if stage == other:
        return True
    if stage in VOCABULARY:
        return other in VOCABULARY[: VOCABULARY.index(stage)]
    open_to_it = VOCABULARY + ALLOWED.get(stage, []) + ALLOWED.get(module, [])
    return "*" in open_to_it or any(is_under(imported, entry) for entry in open_to_it)


def run_python(code: str, *arguments: str) -> str:
    """Run code in a fresh interpreter; returns stdout, fails with its stderr."""
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("module", [module for module in MODULES if module != "uplift3d"])
def test_a_stage_imports_the_vocabulary_and_no_other_stage(module):
    name = module.removeprefix("uplift3d.")
    stage = name.partition(".")[0]
    assert stage in VOCABULARY or stage in ALLOWED, f"say in ALLOWED what the new stage {stage!r} may import"
    wrong = sorted({other for other in used_by(MODULES[module].read_text()) if not is_allowed(name, other)})
    assert not wrong, f"{module} may not import {', '.join(wrong)}"


def test_the_top_module_imports_its_version_alone():
    """The rest is for type checkers, and the same that loads on first use."""
    tree = ast.parse(MODULES["uplift3d"].read_text())
    checkers = next(node for node in tree.body if isinstance(node, ast.If))
    tree.body.remove(checkers)
    assert list(imports_of(ast.unparse(tree))) == ["version"]
    loaded = [node for node in checkers.body if isinstance(node, ast.ImportFrom)]
    typed = {alias.name: node.module for node in loaded for alias in node.names}
    packages = {name for name, home in typed.items() if home == "uplift3d"}
    assert packages == uplift3d._SUBPACKAGES
    assert {name: home for name, home in typed.items() if name not in packages} == uplift3d._HOMES
    assert set(uplift3d.__all__) == {"__version__", *uplift3d._HOMES}


def test_no_module_imports_itself_through_others():
    """At any depth and place, also for type checkers; packages that load before their modules aside."""
    graph = {name.removeprefix("uplift3d."): used_by(path.read_text()) for name, path in MODULES.items()}
    assert graph["cli"] >= {"cli.lift"}  # loaded by name
    assert graph["lift.models"] >= {"lift.onnx_runtime"}  # imported within a function
    assert not circle_in(graph)


def test_a_circle_is_found():
    assert set(circle_in({"a": {"b"}, "b": {"c", "d"}, "c": {"a"}})) == {"a", "b", "c"}
    by_name = 'from importlib import import_module\nimport_module("uplift3d.detect.cpn")'
    assert used_by(by_name) == {"detect.cpn"}
    assert used_by('key = "uplift3d.model"') == set()


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("post.smooth", "from uplift3d.video import open_video"),
        ("types", "import uplift3d.camera"),
        ("view.html", "def late():\n    from uplift3d import model"),
        ("train.module", "from uplift3d.evaluate.protocols import all_frames"),
        ("lift.offline", "from uplift3d.model.checkpoints import load"),
        ("post.smooth", "import importlib\nimportlib.import_module('uplift3d.detect.cpn')"),
    ],
)
def test_the_rule_catches_a_wrong_import(module, source):
    assert [other for other in used_by(source) if not is_allowed(module, other)]


def test_architecture_shows_these_rules():
    assert PAGE.read_text() == with_tables(PAGE.read_text()), "run python tests/import_rules.py"


def test_the_lists_name_modules_that_exist():
    for module in (*TORCH_SIDE, *NEEDS_EXTRA, *(f"uplift3d.{name}" for name in VOCABULARY)):
        assert module in MODULES


BARE = """
import json, sys
from importlib import import_module, metadata
allowed, modules = json.loads(sys.argv[1])
owners = metadata.packages_distributions()

class Bare:
    "Finds nothing that the base dependencies do not bring, as on a machine where only they are installed."
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in owners and not set(owners[top]) & set(allowed):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Bare())
failures = {}
for module in modules:
    try:
        import_module(module)
    except ImportError as error:
        failures[module] = str(error)
print(json.dumps(failures))
"""


def base_distributions() -> list[str]:
    """The base dependencies of uplift3d and theirs, under their installed names."""
    found: dict[str, str] = {}
    waiting = [Requirement("uplift3d")]
    while waiting:
        requirement = waiting.pop()
        key = canonical(requirement.name)
        if key in found:
            continue
        try:
            distribution = metadata.distribution(requirement.name)
        except metadata.PackageNotFoundError:
            continue  # for another platform or Python
        found[key] = distribution.metadata["Name"]
        wanted = [Requirement(text) for text in distribution.requires or ()]
        waiting += [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    return list(found.values())


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def bare_failures() -> dict[str, str]:
    """Module → message of its ImportError, for all modules that the base install should (not) import."""
    modules = [*inference_modules(), *NEEDS_EXTRA]
    return dict(json.loads(run_python(BARE, json.dumps([base_distributions(), modules]))))


def test_a_bare_install_imports_every_inference_module(bare_failures):
    assert {name: why for name, why in bare_failures.items() if name not in NEEDS_EXTRA} == {}


@pytest.mark.parametrize(("module", "package"), NEEDS_EXTRA.items())
def test_a_bare_install_lacks_what_the_extras_bring(module, package, bare_failures):
    assert f"No module named '{package}" in bare_failures[module]


def test_the_bare_install_is_small():
    names = {canonical(name) for name in base_distributions()}
    assert {"numpy", "onnxruntime", "av", "pillow", "rich", "scipy"} <= names
    assert not names & set(HEAVY)


@pytest.mark.parametrize("modules", [["uplift3d"], inference_modules()], ids=["uplift3d", "inference"])
def test_importing_loads_nothing_heavy_even_where_it_is_installed(modules):
    code = "import sys\nfor name in sys.argv[1:]: __import__(name)\nprint(*sys.modules)"
    loaded = set(run_python(code, *modules).split())
    assert set(modules) <= loaded
    assert not loaded & set(LATE)


def test_the_public_names_load_on_first_use_without_torch():
    code = (
        "import sys, uplift3d\n"
        "assert [name for name in sys.modules if name.startswith('uplift3d.')] == ['uplift3d.version']\n"
        "for name in uplift3d.__all__: getattr(uplift3d, name)\n"
        "print(*sys.modules)"
    )
    loaded = set(run_python(code).split())
    assert "uplift3d.pipeline" in loaded
    assert not loaded & set(LATE)
    assert "lift_video" in uplift3d.__all__


NO_NETWORK = """
import sys

def refuse(event, arguments):
    if event.startswith("socket.") and event not in ("socket.__new__", "socket.gethostname"):
        raise RuntimeError(f"{event} {arguments}")

sys.addaudithook(refuse)
for name in sys.argv[2:]: __import__(name)
from uplift3d.cli import main
from uplift3d.cli.demo import BUNDLED
sys.exit(main(["lift", str(BUNDLED), "-o", sys.argv[1], "-q"]))
"""


def test_importing_and_lifting_open_no_connection(tmp_path):
    run_python(NO_NETWORK, str(tmp_path / "out.npz"), *inference_modules())
    assert (tmp_path / "out.npz").stat().st_size > 1000
    connect = "import socket; socket.create_connection(('127.0.0.1', 9))"
    with pytest.raises(AssertionError, match=r"socket\.getaddrinfo"):  # the hook works
        run_python(NO_NETWORK.partition("for name")[0] + connect)
