"""Evaluations of networks on Human3.6M and MPI-INF-3DHP, from files to a report (needs torch)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from uplift3d.data import h36m, mpi_inf_3dhp
from uplift3d.data.mpi_inf_3dhp import GroundTruth
from uplift3d.data.videos import LabelledVideo
from uplift3d.evaluate.published import evaluate_lifter
from uplift3d.evaluate.report import ProtocolResult, Report, both_protocols
from uplift3d.evaluate.video_lifter import VideoLifter

__all__ = ["evaluate_h36m", "evaluate_mpi_inf_3dhp", "results_at"]

PROTOCOLS = "all frames: every frame scored, 3D poses interpolated; key frames: only frames with a 2D pose"
Progress = Callable[[Iterable[LabelledVideo], str], Iterable[LabelledVideo]]
"""Wraps the videos of a stride, to show how far it is; the text says which stride."""


def silent(videos: Iterable[LabelledVideo], what: str) -> Iterable[LabelledVideo]:
    """A `Progress` that shows nothing."""
    return videos


def results_at(
    s_in: Sequence[int],
    lifter: VideoLifter[Any],
    videos: Iterable[LabelledVideo],
    progress: Progress,
    **how: Any,
) -> tuple[ProtocolResult, ...]:
    """Both protocols at every stride; `how` are further arguments of `evaluate_lifter`."""
    return tuple(
        result
        for stride in s_in
        for result in both_protocols(
            evaluate_lifter(lifter, progress(videos, f"s_in {stride}"), stride, **how)
        )
    )


def evaluate_h36m(
    lifter: VideoLifter[Any],
    folder: str | Path,
    s_in: Sequence[int],
    *,
    detections: str = "cpn_ft_h36m_dbb",
    subjects: Sequence[str] = h36m.TEST_SUBJECTS,
    learned_upsampling: bool = True,
    progress: Progress = silent,
) -> Report:
    """Both published protocols on Human3.6M.

    Args:
        lifter: of the network, from `rivals.lifter_of`.
        folder: with the files that docs/datasets/human36m.md names.
        s_in: frames between 2D poses, one or several.
        detections: which 2D file, as for `h36m.load_videos`.
        subjects: to evaluate on.
        learned_upsampling: False interpolates between key-frames whatever the network could do (baseline).
        progress: wraps the videos of a stride, to show how far it is.

    Raises:
        InputError: missing or damaged files, or a stride that the network cannot use.
    """
    videos = h36m.load_videos(folder, detections, subjects)
    results = results_at(
        s_in, lifter, videos, progress, learned_upsampling=learned_upsampling, actions=h36m.ACTIONS
    )
    facts = {
        "data set": "Human3.6M",
        "subjects": ", ".join(subjects),
        "ground truth": "3D positions in camera axes, relative to the pelvis",
        "2D": f"{detections}, {'without' if videos[0].confidence is None else 'with'} confidence",
        "protocols": PROTOCOLS,
        **lifter.facts(learned_upsampling),
    }
    return Report("Human3.6M", facts, results)


def evaluate_mpi_inf_3dhp(
    lifter: VideoLifter[Any],
    folder: str | Path,
    s_in: Sequence[int],
    ground_truth: GroundTruth,
    *,
    rate_hz: float = mpi_inf_3dhp.TEST_RATE_HZ,
    learned_upsampling: bool = True,
    progress: Progress = silent,
) -> Report:
    """Both protocols on the test set of MPI-INF-3DHP, with PCK and AUC over the 14 joints that it scores.

    Args:
        lifter, folder, s_in, learned_upsampling, progress: as for `evaluate_h36m`; `s_in` counts frames of
            the network's time base, not of the video.
        ground_truth: "annot3" or "univ_annot3".
        rate_hz: frame rate to take the videos at; no file states it.

    Raises:
        InputError: as for `evaluate_h36m`.
    """
    videos = mpi_inf_3dhp.load_test(folder, ground_truth, rate_hz)
    results = results_at(
        s_in,
        lifter,
        videos,
        progress,
        learned_upsampling=learned_upsampling,
        actions=mpi_inf_3dhp.TEST_SEQUENCES,
        pck_joints=mpi_inf_3dhp.SCORED_JOINTS,
    )
    facts = {
        "data set": "MPI-INF-3DHP",
        "split": "test set TS1–TS6, valid frames",
        "ground truth": f"{ground_truth}, relative to the pelvis",
        "2D": "true 2D joints (annot2)",
        "frame rate": f"videos taken at {rate_hz:g} Hz",
        "joints": "MPJPE over 17; PCK and AUC over 14 (without pelvis, spine and head)",
        "protocols": PROTOCOLS,
        **lifter.facts(learned_upsampling),
    }
    return Report("MPI-INF-3DHP", facts, results, group="sequence")
