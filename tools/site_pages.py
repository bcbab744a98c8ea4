"""Hooks of mkdocs (`mkdocs.yml`): pages that lie outside docs/, and links between pages and to files.

Links in the repository go by its paths. On the site a link to a page leads to that page, and one to any other
file becomes its path as text.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
PAGES = {
    "README.md": "index.md",
    "CONVENTIONS.md": "conventions.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "examples/README.md": "examples.md",
    "benchmarks/README.md": "benchmarks.md",
    "results/open-mocap/README.md": "results.md",
    "src/uplift3d/weights/MODEL_CARD.md": "model-card.md",
}
"""Path in the repository → place on the site."""
SOURCES = {place: path for path, place in PAGES.items()}
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#\s]*)(#[^)\s]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that lie outside docs/."""
    for path, place in PAGES.items():
        files.append(File.generated(config, place, content=(ROOT / path).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Turn a page's links."""
    return LINK.sub(lambda link: turned(link, page.file.src_uri, set(files.src_uris)), markdown)


def turned(link: re.Match[str], place: str, known: set[str]) -> str:
    """A link of the page at `place` of the site, as it should stand there."""
    mark, text, target, anchor = link.groups(default="")
    if not target or "://" in target:
        return link[0]
    path = posixpath.normpath(posixpath.join(posixpath.dirname(SOURCES.get(place, f"docs/{place}")), target))
    to = PAGES.get(path, path.removeprefix("docs/"))
    if to not in known:  # a folder of pages, or a file of the repository
        to = f"{to}/README.md" if f"{to}/README.md" in known else PAGES.get(f"{path}/README.md", "")
    if not to:
        return text if "`" in text else f"{text} (`{path}`)" if path not in text else f"`{path}`"
    return f"{mark}[{text}]({posixpath.relpath(to, posixpath.dirname(place) or '.')}{anchor})"
