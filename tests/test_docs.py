"""The documents tell the truth: links lead somewhere, examples use what exists, tables match the code."""

import ast
import re
import shlex
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from import_rules import ALLOWED, MODULES, NEEDS_EXTRA, VOCABULARY
from seen_person import STANDING, Standing, film
from uplift3d.cli import COMMANDS, _create_parser
from uplift3d.detect import registry
from uplift3d.detect.files import native as keypoint_files
from uplift3d.export import npz
from uplift3d.export.table import COLUMNS
from uplift3d.skeletons import JOINT_SETS, joint_set

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("src/**/*.md")),
]
README = (ROOT / "README.md").read_text()
CONVENTIONS = (ROOT / "CONVENTIONS.md").read_text()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(text: str) -> list[list[str]]:
    """Every call of the program in a text's examples, as arguments, but those that leave something out."""
    whole = re.sub(r" *\\\n#? *", " ", text)
    lines = [line for block in blocks(whole, "sh") for line in block.splitlines()]
    lines += re.findall(r"^(?:#   |    |  )(uplift3d .*)", whole, re.MULTILINE)
    calls = [line for line in lines if line.startswith("uplift3d ") and not line.endswith("…")]
    return [shlex.split(part, comments=True)[1:] for call in calls for part in call.split(" && ")]


RECIPES = sorted((ROOT / "src/uplift3d/train/recipes").glob("*.yaml"))
EXAMPLES = sorted(
    {
        shlex.join(arguments)
        for text in (
            *(path.read_text() for path in [*DOCUMENTS, *sorted(ROOT.glob("configs/*.yaml")), *RECIPES]),
            *(getattr(import_module(module), "EPILOG", "") for module, _ in COMMANDS.values()),
        )
        for arguments in commands(text)
    }
)


def table_keys(text: str) -> list[str]:
    return re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document):
    targets = re.findall(r"\]\(([^)#\s]+)", document.read_text())
    missing = [
        target for target in targets if "://" not in target and not (document.parent / target).exists()
    ]
    assert missing == []


def is_there(word: str) -> bool:
    """Whether a path from the project's root, or a name in the package, leads somewhere."""
    if "/" in word:
        return (ROOT / word).exists() or "NAME" in word
    first, *names = word.removeprefix("uplift3d.").split(".")
    thing = import_module(f"uplift3d.{first}")
    for name in names:
        submodule = f"{thing.__name__}.{name}"
        if submodule in NEEDS_EXTRA:  # it may not be installed
            return submodule in MODULES
        thing = import_module(submodule) if submodule in MODULES else getattr(thing, name)
    return True


ROOMS = {key for key in (*VOCABULARY, *ALLOWED) if "." not in key and "_" not in key}
POINTERS = [
    (page, word)
    for page in ("ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md")
    for word in sorted(
        {
            *re.findall(r"`((?:src|tests|docs|examples|tools)/[\w./]*)`", (ROOT / page).read_text()),
            *re.findall(rf"\b(?:uplift3d\.)?(?:{'|'.join(ROOMS)})\.[\w.]*\w", (ROOT / page).read_text()),
        }
    )
    if not word.endswith((".py", ".md")) or "/" in word
]


@pytest.mark.parametrize(("page", "word"), POINTERS)
def test_the_developers_pages_name_what_exists(page, word):
    assert is_there(word)


@pytest.fixture
def at_work(tmp_path, monkeypatch):
    """A folder with what the pages' blocks of Python read, and a detector that always sees somebody."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(registry._FACTORIES, "blazepose", Standing)
    film("walk.mp4")
    positions = np.repeat(STANDING[None, None], 5, axis=1)
    np.savez("joints.npz", positions=positions, confidence=np.ones((1, 5, 17)), times=np.arange(5) * 0.2)
    (tmp_path / "recordings").mkdir()


RUN_PAGES = [ROOT / "docs" / name for name in ("mapping.md", "quickstart.md", "recipes.md")]


@pytest.mark.parametrize(
    "block",
    [
        block
        for text in (README, *(page.read_text() for page in RUN_PAGES))
        for block in blocks(text, "python")
    ],
)
def test_blocks_of_python_run(block, at_work):
    pytest.importorskip("plotly", reason="needs the view extra")
    before = set(Path().iterdir())
    exec(compile(block, "block", "exec"), {})
    assert ("save" in block) == bool(set(Path("recordings").iterdir()) | set(Path().iterdir()) - before)


@pytest.mark.parametrize(
    "block", [block for page in DOCUMENTS for block in blocks(page.read_text(), "python")]
)
def test_python_examples_import_what_exists(block):
    imports = [node for node in ast.walk(ast.parse(block)) if isinstance(node, ast.ImportFrom)]
    assert imports
    for node in imports:
        for alias in node.names:
            assert hasattr(import_module(str(node.module)), alias.name)


def test_the_readme_shows_the_program():
    assert len(commands(README)) >= 5
    assert len(EXAMPLES) > 40


@pytest.mark.parametrize("example", EXAMPLES)
def test_command_examples_are_accepted(example):
    arguments = shlex.split(example)
    for word in arguments:
        assert not word.startswith("configs/") or (ROOT / word).is_file()
    if arguments[0] == "train" and "/" not in arguments[1] and "--validate" not in arguments:
        assert arguments[1] in {path.stem for path in RECIPES}
    if "--help" in arguments:
        with pytest.raises(SystemExit, match="0"):
            _create_parser(arguments).parse_args(arguments)
    else:
        assert _create_parser(arguments).parse_args(arguments).command == arguments[0]


@pytest.mark.parametrize("name", sorted(JOINT_SETS))
def test_conventions_list_the_joints_in_order(name):
    section = CONVENTIONS.split(f"### `{name}`\n")[1].split("\n### ")[0]
    listed = re.findall(r"(\d+) (\w+)", " ".join(section.split("\n\n")[1].split()))
    assert listed == [(str(j), joint) for j, joint in enumerate(joint_set(name).joints)]


def test_conventions_list_the_files_keys():
    motion, keypoints = CONVENTIONS.split("**2D key-frames, `.npz`**")
    assert table_keys(motion.split("**3D motion, `.npz`**")[1].split("\n**")[0]) == list(npz.KEYS)
    listed = table_keys(keypoints.split("**Motion store**")[0])
    assert listed[: len(keypoint_files.REQUIRED)] == list(keypoint_files.REQUIRED)
    assert ", ".join(COLUMNS) in " ".join(CONVENTIONS.split())
