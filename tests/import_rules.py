"""Rooms of the package and what each may import: the data of `test_imports.py` and of ARCHITECTURE.md.

After a change: `python tests/import_rules.py`, which writes the tables into ARCHITECTURE.md.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src"
PAGE = ROOT / "ARCHITECTURE.md"
MODULES = {
    ".".join(path.relative_to(SOURCES).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(SOURCES.rglob("*.py"))
}

# The words all stages share, from the bottom up; each may import what stands before it.
VOCABULARY = [
    "version",
    "arrays",
    "cpus",
    "memory",
    "errors",
    "files",
    "skeletons",
    "types",
    "rotations",
    "camera",
]
# What else a stage may import besides the vocabulary and itself. A key with a dot is one module of a stage
# that may do more than the rest of it; a value with a dot opens that module only.
ALLOWED = {
    "normalise": [],
    "tokens": ["normalise"],
    "weights": [],
    "video": [],
    "progress": [],
    "interrupts": [],
    "detect": ["progress"],
    "detect.cpn.weights": ["model.foreign", "model.torch_files"],
    "post": [],
    "options": ["post"],
    # Views by name: pages and videos are two more formats to write.
    "export": ["view.html", "view.picture", "view.overlay", "post"],
    "export.bvh": ["data.bvh", "data.capture", "data.mapping", "data.mapping_files"],
    "view": ["post"],  # which way is up
    "view.overlay": ["post", "progress", "video"],
    "view.thumbnails": ["video"],
    "view.viewer": ["video"],
    "data": ["interrupts"],
    "model": ["weights", "normalise"],
    "lift": ["normalise", "tokens", "weights"],
    "lift.torch_runtime": ["model"],
    "film": ["data"],
    "train": ["film", "model", "weights", "data", "normalise", "evaluate.metrics"],
    "evaluate": ["detect.cpn.network", "film", "model", "data", "normalise", "tokens", "lift"],
    "reproduce": ["detect.cpn.network", "train", "evaluate", "film", "model", "data", "tokens", "lift"],
    "key_frames": ["video", "lift"],
    "lifter": ["key_frames", "options", "progress", "video", "detect", "tokens", "lift", "post"],
    "pipeline": ["key_frames", "lifter", "options", "video", "detect", "lift"],
    "streaming": ["lifter", "options", "video", "tokens", "lift", "post"],
    "scale": ["options", "lifter", "video", "detect", "export"],
    "live": ["detect", "export.sinks", "streaming"],
    "app": [
        *(
            "detect",
            "export",
            "interrupts",
            "live",
            "pipeline",
            "post",
            "progress",
            "streaming",
            "video",
            "view.colours",
        ),
        *("view.live_stage", "view.stage"),
    ],
    "cli": ["*"],
    "__main__": ["cli", "interrupts"],
}
# Modules that work on torch, so only the `train` extra can import them.
TORCH_SIDE = (
    "uplift3d.detect.cpn.network",
    "uplift3d.detect.cpn.weights",
    "uplift3d.film",
    "uplift3d.model",
    "uplift3d.train",
    "uplift3d.reproduce",
    "uplift3d.evaluate.baselines",
    "uplift3d.evaluate.clips",
    "uplift3d.evaluate.datasets",
    "uplift3d.evaluate.flops",
    "uplift3d.evaluate.lifters",
    "uplift3d.evaluate.open_mocap",
    "uplift3d.evaluate.published",
    "uplift3d.evaluate.rivals",
    "uplift3d.evaluate.video_lifter",
)
# Modules that are loaded by name when somebody asks for what they do, and the package which that takes.
NEEDS_EXTRA = {
    "uplift3d.export.parquet": "pyarrow",
    "uplift3d.export.usd": "pxr",
    "uplift3d.view.html": "plotly",
    "uplift3d.app.guard": "aiohttp",
    "uplift3d.app.server": "aiohttp",
    "uplift3d.app.uploads": "aiohttp",
    "uplift3d.app.webcam": "aiohttp",
    "uplift3d.view.live_viewer": "viser",
    "uplift3d.view.viewer": "viser",
    "uplift3d.view.viser_scene": "viser",
    "uplift3d.scale.manifest": "pyarrow",
    "uplift3d.scale.engine": "pyarrow",
}


def is_under(module: str, package: str) -> bool:
    """Is it that package, or in it?"""
    return module == package or module.startswith(package + ".")


def with_tables(page: str) -> str:
    """The page, with what stands between the marks of a table made anew."""
    stages = [room for room in ALLOWED if not room.startswith("__")]
    for name, rooms in {"vocabulary": VOCABULARY, "stages": stages}.items():
        begin, end = f"<!-- {name}: made by tests/import_rules.py -->\n", f"<!-- end of {name} -->"
        head, _, rest = page.partition(begin)
        page = f"{head}{begin}{table(rooms)}{end}{rest.partition(end)[2]}"
    return page


def table(rooms: list[str]) -> str:
    """A Markdown table of rooms: what each is for, by the first sentence of its source, and its imports."""
    lines = ["| room | what it is | may import |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| `{room}` | {purpose(room)} | {imports(room)} |" for room in rooms), ""])


def purpose(room: str) -> str:
    """The first paragraph of a module's docstring, on one line."""
    docstring = ast.get_docstring(ast.parse(MODULES[f"uplift3d.{room}"].read_text())) or ""
    return " ".join(docstring.split("\n\n")[0].split())


def imports(room: str) -> str:
    """What a room may import, in words."""
    if room in VOCABULARY:
        return "what stands above" if VOCABULARY.index(room) else "–"
    listed = ", ".join(f"`{entry}`" for entry in ALLOWED[room])
    return "anything" if ALLOWED[room] == ["*"] else listed or "the vocabulary only"


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text()))
