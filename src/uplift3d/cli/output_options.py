"""Options of what is written: where to, in which skeleton, axes and parts; checked before work begins."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from uplift3d.cli.inputs import Job, real
from uplift3d.cli.options import Holder
from uplift3d.errors import InputError

if TYPE_CHECKING:
    from uplift3d.export.world import Axes
    from uplift3d.types import Motion3D


def add_outputs(
    parser: argparse.ArgumentParser, help: str, *, metavar: str = "FILE", required: bool = False
) -> None:
    """-o, which may be repeated: `args.outputs`, a list of paths."""
    parser.add_argument(
        "-o",
        "--output",
        dest="outputs",
        action="append",
        default=[],
        type=Path,
        required=required,
        metavar=metavar,
        help=help,
    )


def add_skeleton(parser: Holder) -> None:
    """--skeleton, for files of bones: `args.skeleton`."""
    parser.add_argument(
        "--skeleton",
        metavar="NAME",
        help="names and rest pose of the bones in .bvh, .glb and .usd files: uplift3d, lafan1 (for robot "
        "retargeting) or mixamo (for Blender and Unity) (default: uplift3d)",
    )


def add_split(parser: Holder) -> None:
    """--split, for formats that hold no absences: `args.split`."""
    parser.add_argument(
        "--split",
        action="store_true",
        help="for .bvh, which cannot say that somebody is absent: a file of each stretch in which they "
        "are there, such as walk_3_12.400-15.000s.bvh (default: the pose before an absence is held)",
    )


def add_axes(parser: Holder) -> None:
    """--axes, for formats that have none of their own: `args.axes`."""
    parser.add_argument(
        "--axes",
        choices=("camera", "world"),
        default="camera",
        help="of .npz, .json, .csv and .parquet files: camera, or world: z up, the origin on the "
        "ground where the first person starts; all commands read both (default: %(default)s)",
    )


def check_axes_option(outputs: Sequence[Path], axes: str) -> None:
    """InputError for --axes world where no output can be in them."""
    from uplift3d.export.world import WORLD_FORMATS

    if axes == "world" and all(axes_of(output, axes) == "camera" for output in outputs):
        raise InputError(f"--axes is for {', '.join(WORLD_FORMATS)} files, and none is asked for")


def axes_of(output: Path, axes: str) -> Axes:
    """Those of that output, whose format may have axes of its own."""
    from uplift3d.export.world import WORLD_FORMATS

    return "world" if axes == "world" and output.suffix.lower() in WORLD_FORMATS else "camera"


def check_split(outputs: Sequence[Path], split: bool) -> None:
    """InputError for --split where no output is split."""
    from uplift3d.export import SPLIT_FORMATS

    if split and not any(output.suffix.lower() in SPLIT_FORMATS for output in outputs):
        raise InputError(f"--split is for {', '.join(SPLIT_FORMATS)} files, and none is asked for")


def is_split(output: Path, split: bool) -> bool:
    """Whether that output is."""
    from uplift3d.export import SPLIT_FORMATS

    return split and output.suffix.lower() in SPLIT_FORMATS


def add_tables(parser: Holder) -> None:
    """--angles and --steps: `args.angles` and `args.steps`, paths or None."""
    parser.add_argument(
        "--angles",
        type=Path,
        metavar="CSV",
        help="write joint angles too, a table in degrees (docs/angles.md has what each means)",
    )
    parser.add_argument(
        "--steps",
        type=Path,
        metavar="CSV",
        help="write the steps of walking people too: heel strikes, toe-offs, lengths, times, speeds",
    )


def check_tables(args: argparse.Namespace, jobs: Sequence[Job]) -> None:
    """InputError, before anything is computed, where the tables that are asked for cannot be written."""
    from uplift3d.export import check_angles_output, check_steps_output

    if args.angles is None and args.steps is None:
        return
    sources = {real(job.source) for job in jobs}
    taken = {real(output) for job in jobs for output in job.outputs}
    for option, check in (("angles", check_angles_output), ("steps", check_steps_output)):
        path: Path | None = getattr(args, option)
        if path is None:
            continue
        if len(jobs) > 1:
            raise InputError(f"--{option} is one file, but there are {len(jobs)} inputs; take one at a time")
        if real(path) in sources:
            raise InputError(f"{path} is the input; give --{option} another name")
        if real(path) in taken:
            raise InputError(f"{path} would be written twice; give --{option} another name")
        taken.add(real(path))
        check(path)
        check_free(path, args.overwrite)


def check_free(path: Path, overwrite: bool) -> None:
    """InputError where a file is there that nobody said may be replaced."""
    if path.exists() and not overwrite:
        raise InputError(f"{path} is there already; --overwrite replaces it")


def write_tables(args: argparse.Namespace, motion: Motion3D) -> None:
    """Angles and steps of a motion, if they are asked for; nothing where one of them cannot be told."""
    from uplift3d.export import save_angles, save_steps
    from uplift3d.post import find_steps, joint_angles

    steps = None if args.steps is None else find_steps(motion)
    if args.angles is not None:
        save_angles(args.angles, joint_angles(motion))
    if steps is not None:
        save_steps(args.steps, steps)


def check_outputs(outputs: Sequence[Path], skeleton: str | None) -> None:
    """`check_output` on all; InputError too if none of them is a file of bones that has a skeleton."""
    from uplift3d.export import SKELETON_FORMATS, check_output

    for output in outputs:
        check_output(output, skeleton_of(output, skeleton))
    if skeleton is not None and all(skeleton_of(output, skeleton) is None for output in outputs):
        raise InputError(f"--skeleton is for {', '.join(SKELETON_FORMATS)} files, and none is asked for")


def add_video(parser: Holder) -> None:
    """--video, for `.mp4` and `.html` files: `args.video`."""
    parser.add_argument(
        "--video",
        type=Path,
        metavar="VIDEO",
        help="for .mp4 and .html: the video that the input was made from, where it is none itself",
    )


def check_video(outputs: Sequence[Path], source: Path, video: Path | None) -> None:
    """InputError for a video that is missing, or given for nothing, before anything is computed."""
    from uplift3d.detect.files import is_keypoint_file
    from uplift3d.export import PICTURE_FORMATS, VIDEO_FORMATS

    shown = [output for output in outputs if output.suffix.lower() in VIDEO_FORMATS]
    if video is not None:
        if not any(output.suffix.lower() in (*VIDEO_FORMATS, *PICTURE_FORMATS) for output in outputs):
            raise InputError("--video is for an .mp4 or .html to write, and none is asked for")
        if not video.exists():
            raise InputError(f"{video}: no such video or folder of images")
        if any(real(output) == real(video) for output in shown):
            raise InputError(f"{video} is the video itself; give the result another name")
    elif shown and is_keypoint_file(source):
        raise InputError(f"{shown[0]} needs the video that {source} was made from; give it with --video")


def skeleton_of(output: Path, skeleton: str | None) -> str | None:
    """The skeleton asked for, if the file has one to choose."""
    from uplift3d.export import SKELETON_FORMATS

    return skeleton if output.suffix.lower() in SKELETON_FORMATS else None
