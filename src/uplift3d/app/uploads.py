"""A video on its way in: how large it may be, what it is called, and whether it is one."""

from __future__ import annotations

import asyncio
import errno
import re
import shutil
from pathlib import Path

from aiohttp import StreamReader, web

from uplift3d.errors import InputError
from uplift3d.video import open_video

PIECE_BYTES = 1 << 20


class TooLargeError(InputError):
    """More than is accepted."""


async def receive(request: web.Request, folder: Path, max_bytes: int) -> tuple[Path, str]:
    """Write a request's body into a folder and look whether it is a video.

    Returns:
        The file, and what its sender calls it.

    Raises:
        TooLargeError: it is larger than that, which is said before it is read where its length is stated.
        InputError: it is no video, or it does not fit on the disk.
    """
    name = plain_name(request.query.get("name", ""))
    if request.content_type.startswith("multipart/"):
        raise InputError(f"{name} came as a form; accepted is the video itself as the body of the request")
    limit = f"{max_bytes / 1e6:g} MB (--max-mb sets that)"
    if (request.content_length or 0) > max_bytes:
        raise TooLargeError(
            f"{name} has {(request.content_length or 0) / 1e6:.0f} MB; accepted are up to {limit}"
        )
    path = folder / f"video{_suffix(name)}"
    try:
        if await _write(request.content, path, max_bytes) > max_bytes:
            raise TooLargeError(f"{name} is too large; accepted are up to {limit}")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise InputError(f"{name} cannot be kept: {error.strerror or error}") from error
        free = shutil.disk_usage(folder).free / 1e6
        raise InputError(
            f"{name} does not fit on the disk of {folder.parent} ({free:.0f} MB free)"
        ) from error
    try:
        await asyncio.to_thread(_check, path)
    except InputError as error:
        why = str(error).replace(str(path), name).replace(" and folders of images", "")
        raise InputError(why) from error
    return path, name


async def _write(content: StreamReader, path: Path, most: int) -> int:
    """Write what comes until it is too much; how many bytes came."""
    count = 0
    with path.open("wb") as file:
        async for piece in content.iter_chunked(PIECE_BYTES):
            count += len(piece)
            if count > most:
                break
            await asyncio.to_thread(file.write, piece)
    return count


def _check(path: Path) -> None:
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty")
    with open_video(path):
        pass


def plain_name(name: str) -> str:
    """What a file is called, for people to read: no folders, nothing that cannot be printed."""
    last = re.split(r"[\\/]", name)[-1]
    return "".join(letter if letter.isprintable() else "_" for letter in last)[:120].strip() or "video"


def _suffix(name: str) -> str:
    """Which some formats are told by."""
    found = re.search(r"\.[A-Za-z0-9]{1,5}$", name)
    return found[0].lower() if found else ""
