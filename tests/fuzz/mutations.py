"""Damage to bytes, to text, and to values of Python; all of it follows from the random numbers handed in."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any

import numpy as np

Mutation = Callable[[random.Random, bytes], bytes]

NUMBERS = [
    "nan",
    "inf",
    "-inf",
    "-1",
    "0",
    "-0.0",
    "1e308",
    "1e400",
    "1e-320",
    "2147483648",
    "-9223372036854775809",
]
NUMBERS += ["18446744073709551616", "1" * 5000, "1e7", "1000000000", "0x10", "1_000", "١٢", "1.5", "", "abc"]
WORDS = [
    "",
    "\x00",
    "\ufeff",
    "\ud7ff",
    "é",
    "a" * 3000,
    "\n",
    "}",
    "{",
    '"',
    "[" * 3000,
    "../../x",
    "null",
    "!!python/object:x",
]
STRANGE: list[Any] = [
    None,
    True,
    "text",
    "",
    [],
    {},
    [[]],
    -1,
    0,
    0.5,
    1e999,
    float("nan"),
    10**400,
    "9" * 5000,
]
STRANGE += [
    [[[[[1]]]]],
    {"a": {"b": [1]}},
    "\x00",
    "\ud800",
    2**31,
    2**63,
    -(2**63),
    10**9,
    "x" * 20_000,
    [None] * 500,
]
_SPECIAL = [0, 255, 0x22, 0x5B, 0x7B, 0x0A, 0x2D, 0x80, 0x7F]
_WIDE = [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x00FFFFFF, 2**20]


def flip(draw: random.Random, content: bytes) -> bytes:
    """Some bytes become others."""
    if not content:
        return b"\x00"
    changed = bytearray(content)
    for _ in range(draw.choice([1, 1, 2, 5, 30])):
        place = draw.randrange(len(changed))
        changed[place] = draw.choice(
            [*_SPECIAL, draw.randrange(256), changed[place] ^ (1 << draw.randrange(8))]
        )
    return bytes(changed)


def cut(draw: random.Random, content: bytes) -> bytes:
    """It ends early, or a stretch is missing."""
    first, last = sorted(draw.randrange(len(content) + 1) for _ in range(2))
    return content[:first] if draw.random() < 0.5 else content[:first] + content[last:]


def repeat(draw: random.Random, content: bytes) -> bytes:
    """A stretch comes again, once or many times."""
    first = draw.randrange(len(content) + 1)
    chunk = content[first : first + draw.choice([1, 4, 20, 200])] or b" "
    times = draw.choice([1, 2, 50, max(1, 100_000 // len(chunk))])
    return content[:first] + chunk * times + content[first:]


def wide_number(draw: random.Random, content: bytes) -> bytes:
    """Four or eight bytes become a number that may be a size."""
    width = draw.choice([2, 4, 4, 8])
    if len(content) < width:
        return content
    place = draw.randrange(min(len(content) - width + 1, draw.choice([64, 4096, len(content)])))
    value = draw.choice(_WIDE) % 256**width
    number = value.to_bytes(width, draw.choice(["little", "big"]))
    return content[:place] + number + content[place + width :]


def swap(draw: random.Random, content: bytes) -> bytes:
    """A stretch moves to another place."""
    first, last, to = (draw.randrange(len(content) + 1) for _ in range(3))
    chunk = content[first : max(first, min(last, first + 500))]
    rest = content[:first] + content[first + len(chunk) :]
    return rest[:to] + chunk + rest[to:]


BYTES: list[Mutation] = [flip, flip, cut, repeat, wide_number, swap]


def number_in_text(draw: random.Random, content: bytes) -> bytes:
    """A number of a text becomes a strange one."""
    return _replaced(draw, content, rb"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?", NUMBERS)


def word_in_text(draw: random.Random, content: bytes) -> bytes:
    """A word becomes another one of the same text, or a strange one."""
    found = [word.decode("utf-8", "replace") for word in re.findall(rb"[A-Za-z_]+", content[:20_000])]
    return _replaced(draw, content, rb"[A-Za-z_]+", [*WORDS, draw.choice(found or ["x"])])


def lines(draw: random.Random, content: bytes) -> bytes:
    """Lines go, come again, change places or change their end."""
    parts = content.split(b"\n")
    place, other = draw.randrange(len(parts)), draw.randrange(len(parts))
    how = draw.randrange(6)
    if how == 0:
        del parts[place]
    elif how == 1:
        parts[place:place] = [parts[place]] * draw.choice([1, 3, 2000])
    elif how == 2:
        parts[place], parts[other] = parts[other], parts[place]
    elif how == 3:
        parts[place] += draw.choice([b" ", b"\t", b",", b" 1", b" {", b"\r", b" " * 100_000])
    elif how == 4:
        parts[place] = b""
    else:
        return draw.choice([b"\r\n", b"\r", b" ", b""]).join(parts)
    return b"\n".join(parts)


TEXT: list[Mutation] = [
    *BYTES,
    number_in_text,
    number_in_text,
    number_in_text,
    word_in_text,
    word_in_text,
    lines,
    lines,
]


def _replaced(draw: random.Random, content: bytes, pattern: bytes, by: list[str]) -> bytes:
    found = [match.span() for match in re.finditer(pattern, content)]
    for _ in range(draw.choice([1, 1, 1, 3])):
        if not found:
            break
        first, last = found.pop(draw.randrange(len(found)))
        text = draw.choice(by).encode("utf-8", "surrogatepass")
        content = content[:first] + text + content[last:]
        found = [span for span in found if span[1] <= first]
    return content


def json_value(draw: random.Random, content: bytes) -> bytes:
    """Values of a JSON text become others, keys go or change."""
    try:
        value = json.loads(content)
    except ValueError:
        return flip(draw, content)
    for _ in range(draw.choice([1, 1, 2, 4])):
        value = mutated(draw, value, STRANGE)
    text = json.dumps(value, ensure_ascii=draw.random() < 0.7)
    if draw.random() < 0.03:
        depth = draw.choice([100, 5000, 100_000])
        text = text.replace("[", "[" * depth, 1)
        text = text + "]" * depth if draw.random() < 0.5 else text
    return text.encode("utf-8", "surrogatepass")


JSON: list[Mutation] = [json_value] * 8 + [flip, cut, number_in_text, repeat]


def mutated(draw: random.Random, value: Any, strange: list[Any] | None = None) -> Any:
    """The value with one thing in it changed: of dicts, lists, texts, numbers and arrays."""
    strange = strange or STRANGE
    goes_deeper = isinstance(value, dict | list | tuple) and len(value) and draw.random() < 0.8
    if isinstance(value, np.ndarray) and value.dtype.kind != "O":
        return array(draw, value)
    if isinstance(value, np.ndarray) and value.size and draw.random() < 0.8:
        place = draw.randrange(value.size)
        flat = value.copy().ravel()
        flat[place] = mutated(draw, flat[place], strange)
        return flat.reshape(value.shape)
    if not goes_deeper:
        return draw.choice(strange)
    if isinstance(value, dict):
        return _mutated_dict(draw, dict(value), strange)
    items = list(value)
    place = draw.randrange(len(items))
    how = draw.random()
    if how < 0.7:
        items[place] = mutated(draw, items[place], strange)
    elif how < 0.8:
        del items[place]
    elif how < 0.9:
        items.insert(place, items[draw.randrange(len(items))])
    else:
        items = items[:place]
    return type(value)(items) if type(value) in (list, tuple) else items


def _mutated_dict(draw: random.Random, value: dict[Any, Any], strange: list[Any]) -> dict[Any, Any]:
    key = draw.choice(list(value))
    how = draw.random()
    if how < 0.75:
        value[key] = mutated(draw, value[key], strange)
    elif how < 0.85:
        del value[key]
    elif how < 0.93:
        value[draw.choice(["", "x", "0", "é" * 50, "a\nb", "z" * 5000])] = value.pop(key)
    else:
        value[key] = value[draw.choice(list(value))]
    return value


def array(draw: random.Random, values: np.ndarray) -> np.ndarray:
    """The array with other elements, another shape or another type."""
    how = draw.randrange(9)
    if how == 0 and values.size:
        changed = values.copy().ravel()
        odd = draw.choice([np.nan, np.inf, -np.inf, -1, 0, 1e30, 2**31 - 1])
        with np.errstate(all="ignore"):
            changed[draw.randrange(changed.size) :: draw.choice([1, 7, 10**6])] = (
                odd
                if changed.dtype.kind in "fc"
                else "x"
                if changed.dtype.kind in "US"
                else np.array(abs(odd) < 5)
            )
        return changed.reshape(values.shape)
    if how == 1:
        return values[: draw.randrange(len(values) + 1)] if values.ndim else values[None]
    if how == 2:
        return values[..., : draw.randrange(values.shape[-1] + 1)] if values.ndim else values[None, None]
    if how == 3:
        kinds = ["<f2", "<f4", ">f8", "<i1", "<u8", "?", "<c8", "<M8[s]", "S3", "<U2", "V4"]
        kind = draw.choice(kinds)
        if values.dtype.kind not in "biufc":  # numpy 1.26 crashes at some casts of others
            return np.zeros(values.shape, kind)
        with np.errstate(all="ignore"):
            return values.astype(kind)
    if how == 4:
        return values.ravel()
    if how == 5:
        return np.repeat(values[None], draw.choice([0, 1, 2]), axis=0)
    if how == 6:
        return np.moveaxis(values, 0, -1) if values.ndim > 1 else values.reshape(-1, 1)
    if how == 7:
        return np.zeros(
            draw.choice([(), (0,), (1,), (0, 3), (10**9, 0), (3, 3), (1, 1, 1, 1, 1)]), values.dtype
        )
    return np.array(
        draw.choice(["text", 1.5, -1, b"bytes", True, "\x00", '{"a": 1}', "[" * 2000, "9" * 5000])
    )
