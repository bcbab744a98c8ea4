"""How a `Lifter` uses its network: every option is declared here and nowhere else.

The API, the record in a result's `meta` and the command line read the declarations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Annotated, Any, TypedDict, cast, get_args, get_type_hints

import numpy as np

from uplift3d.errors import InputError
from uplift3d.files.guards import quoted
from uplift3d.post import Interpolation, SmoothFilter

LIFTING = "3D poses"
AFTERWARDS = "what is done to the 3D poses afterwards"
"""Headings of options on the command line."""


@dataclass(frozen=True)
class Option:
    """What is declared of an option besides its name and type."""

    default: Any
    """Its value when nobody gives one."""
    help: str
    """For the command line, in one sentence."""
    metavar: str | None = None
    """What the command line calls its value."""
    flag: str | None = None
    """Its name on the command line, where that is not the option's own."""
    off: str | None = None
    """For one that is True unless it is switched off: what switches it off on the command line; `help` is
    said of that."""
    group: str = LIFTING
    """Heading that the command line puts it under."""
    streams: bool = True
    """Whether a stream can have it, which must not wait for a whole motion."""
    matters: bool = True
    """Whether a result depends on it, and records it."""


class LifterOptions(TypedDict, total=False):
    """The options of `Lifter`, `lift_video` and `lift_keypoints`."""

    flip: Annotated[
        bool,
        Option(
            True,
            "do not lift the mirror image too (default: lifted, and the mean taken: a little more exact; the "
            "network takes twice as long, which is little beside 2D detection)",
            off="--no-flip",
        ),
    ]
    """Average with the result for the mirror image, for twice the network's time."""

    hop: Annotated[
        int | None,
        Option(
            None,
            "how far apart the stretches of time are that the network sees at once, in poses of its own, "
            "usually 0.1 s: 1 is the published way and the slowest (default: a third of its window, 23; 1 "
            "for published networks)",
            metavar="POSES",
            streams=False,
        ),
    ]
    """1 gives every token the refined centre pose of its own window, as the published evaluation does; k > 1
    takes k times fewer windows and mixes their sequences, see `lift.lift_track`. None takes 1 for networks
    with the published input and a third of the window for ours."""

    interpolation: Annotated[
        Interpolation | None,
        Option(
            None,
            "how to fill in poses between the network's own, which are usually 0.1 s apart (default: smooth; "
            "linear with --raw and for published networks)",
            group=AFTERWARDS,
        ),
    ]
    """Between the network's poses: "linear" (published) or "smooth" (continuous velocity and acceleration).
    None takes "linear" for raw poses and for networks with the published input, and "smooth" for ours."""

    constant_bones: Annotated[
        bool,
        Option(
            True,
            "let bone lengths change from pose to pose (default: one length per bone and person)",
            off="--free-bones",
            group=AFTERWARDS,
        ),
    ]
    """Give every bone of a person one length (`post.fix_bones`); never done to networks with the published
    input."""

    smooth_hz: Annotated[
        float | None,
        Option(
            None,
            "low-pass filter: take out movement faster than so many Hz, without delay; 6 is usual for "
            "walking. In a stream: faster than so many Hz where a joint rests, more where it moves (one-euro "
            "filter, a little late); 1 is much (default: off)",
            metavar="HZ",
            flag="--smooth",
            group=AFTERWARDS,
        ),
    ]
    """Cut-off of a filter without delay (`post.smooth`), or in a stream of finite latency the lowest cut-off
    of a one-euro filter (`streaming.OneEuro`); None smooths nothing."""

    smooth_with: Annotated[
        SmoothFilter,
        Option(
            "butterworth",
            "the filter of --smooth: butterworth, usual in biomechanics, or savitzky-golay, which fits "
            "cubics to short windows, so that nothing farther away counts",
            group=AFTERWARDS,
            streams=False,
        ),
    ]
    """Which filter takes out what is faster than `smooth_hz`, see `post.smooth`."""

    height_m: Annotated[
        float | None,
        Option(
            None,
            "how tall the people really are, which sets the scale (default: as tall as the network thinks, "
            "about a typical person)",
            metavar="METRES",
            group=AFTERWARDS,
        ),
    ]
    """Stature of everybody, which sets the scale of poses and distances (`post.scale_to_height`); None leaves
    the size that the network gives, that of a typical person."""

    reproject: Annotated[
        bool,
        Option(
            True,
            "leave joints where the network puts them (default: pulled a little to where they were seen)",
            off="--no-reproject",
            group=AFTERWARDS,
            streams=False,
        ),
    ]
    """Pull joints towards their 2D places (`post.reproject`), where the pelvis is known. Not while streaming,
    and never done to networks with the published input."""

    lock_feet: Annotated[
        bool,
        Option(
            True,
            "let feet slide where they rest (default: put on their place, by moving the pelvis and bending "
            "legs a little)",
            off="--free-feet",
            group=AFTERWARDS,
            streams=False,
        ),
    ]
    """Put feet that rest on their place (`post.lock_feet`), where the pelvis is known; for cameras that do
    not move. Not while streaming, and never done to networks with the published input."""

    one_floor: Annotated[
        bool,
        Option(
            False,
            "everybody stands on one level floor: who is taller or farther away than they seem follows from "
            "that, within limits (default: each person's size is the network's, so people on one street may "
            "be half a metre apart in height)",
            group=AFTERWARDS,
            streams=False,
        ),
    ]
    """Put everybody on one level floor, by changing sizes and distances together (`post.one_floor`), where
    pelvises are known; for cameras that do not move. Heights given by `height_m` become those of the mean."""

    raw: Annotated[
        bool,
        Option(
            False,
            "leave the network's poses as they are, with straight lines between them: nothing else in this "
            "group is done",
            group=AFTERWARDS,
        ),
    ]
    """Do nothing to the network's poses afterwards, whatever the other options say."""

    max_gap_s: Annotated[
        float,
        Option(
            1.0,
            "fill in absences of a person up to this long; longer ones stay empty",
            metavar="SECONDS",
            flag="--max-gap",
        ),
    ]
    """Longest time without a pose of a person that is filled in; never less than 2.5 key intervals. Longer
    absences are NaN, and what comes after them knows nothing of what was before."""

    settle_sides: Annotated[
        bool,
        Option(
            True,
            "keep left and right as the 2D detector has them (default: mix-ups over time are put right)",
            off="--keep-sides",
        ),
    ]
    """Put left and right back where the 2D joints have them exchanged (`detect.settle_sides`); what was
    exchanged is in `meta["keypoints"]["sides"]` of the result."""

    use_hint: Annotated[
        bool,
        Option(
            True,
            "do not use the 2D detector's own guess of depth (default: used where the detector makes one)",
            off="--no-hint",
        ),
    ]
    """Use the picture's own 3D where the 2D joints carry it: as input of networks that take it, averaged with
    the poses of others (`lift.blend_hint`). Those with the published input never see it."""

    threads: Annotated[
        int | None,
        Option(None, "CPU threads of the network (default: all there are)", metavar="N", matters=False),
    ]
    """CPU threads; None takes all."""


_HINTS = get_type_hints(LifterOptions, include_extras=True)
DECLARED: Mapping[str, Option] = {name: hint.__metadata__[0] for name, hint in _HINTS.items()}
"""Every option by its name."""
TYPES: Mapping[str, Any] = {name: hint.__origin__ for name, hint in _HINTS.items()}
"""The type of every option."""


def with_defaults(given: LifterOptions) -> LifterOptions:
    """All options: those given, and the defaults of the others.

    Raises:
        TypeError: an option that is not declared, as Python says it of arguments.
        InputError: a value of another type.
    """
    unknown = [repr(name) for name in given if name not in DECLARED]
    if unknown:
        raise TypeError(
            f"no argument is called {', '.join(unknown)}; options of every call are {', '.join(DECLARED)}, "
            "and help() of the call has its own arguments"
        )
    for name, value in given.items():
        if not _fits(value, TYPES[name]):
            raise InputError(f"{name} is {quoted(value)}; accepted is {_KINDS[plain_type(TYPES[name])]}")
    defaults = {name: option.default for name, option in DECLARED.items()}
    return cast(LifterOptions, defaults | given)


_KINDS = {bool: "True or False", int: "a whole number", float: "a number"}


def plain_type(of: Any) -> Any:
    """The type of an option's value, where that is not None."""
    parts = [part for part in get_args(of) if part is not NoneType] if NoneType in get_args(of) else [of]
    return parts[0]


def _fits(value: Any, of: Any) -> bool:
    """Whether an option may be that; words and ranges are looked at where they are used."""
    plain = plain_type(of)
    if plain not in _KINDS or (value is None and plain is not of):
        return True
    if isinstance(value, bool | np.bool_) or plain is bool:
        return isinstance(value, bool | np.bool_) and plain is bool
    return isinstance(value, int | np.integer if plain is int else int | float | np.integer | np.floating)


def recorded(options: LifterOptions) -> dict[str, Any]:
    """What a result depends on."""
    return {name: value for name, value in options.items() if DECLARED[name].matters}
