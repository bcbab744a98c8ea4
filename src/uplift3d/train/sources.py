"""What a configuration's `source` means: where training and validation windows come from."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from uplift3d.data import h36m, mpi_inf_3dhp
from uplift3d.data.store import MotionStore, split_of
from uplift3d.data.videos import LabelledVideo
from uplift3d.errors import InputError
from uplift3d.film.windows import FilmedWindows
from uplift3d.train.config import TrainConfig
from uplift3d.train.networks import motion_joints
from uplift3d.train.sampler import MotionWindows, SamplerConfig

Windows = MotionWindows | FilmedWindows


def check_source(config: TrainConfig) -> None:
    """Refuse, before anything is written, data that is not there."""
    if config.source == "motion":
        parts = split_of(MotionStore.open(config.store), config.datasets)
        for clips, use in zip(parts, ("train", "validate"), strict=True):
            if not clips:
                raise InputError(
                    f"{config.store}: no clip to {use} on; the split is decided when motion is imported "
                    "('uplift3d data info' shows it, 'data import --validation PATTERN' sets it)"
                )
    elif config.source == "h36m":
        h36m.find_files(config.store, config.detections)
    else:
        assert config.ground_truth is not None  # the configuration has seen to it
        mpi_inf_3dhp.check_files(config.store, config.ground_truth)


def load_windows(
    config: TrainConfig, device: torch.device, *, with_camera: bool = False
) -> tuple[Windows, Windows]:
    """Training and validation windows: the motion store's split, or a data set's own.

    Args:
        config: of the run.
        device: to keep everything on.
        with_camera: cameras and depths are needed; virtual cameras always tell theirs.

    Raises:
        InputError: missing or damaged files, or a video without the camera that is needed.
    """
    if config.source == "motion":
        store = MotionStore.open(config.store)
        training, validation = split_of(store, config.datasets)
        joints = motion_joints(config.network)
        return (
            MotionWindows.from_store(store, training, config.views.sampler, device, joints),
            MotionWindows.from_store(store, validation, SamplerConfig(), device, joints),
        )
    splits: tuple[Iterable[LabelledVideo], Iterable[LabelledVideo]]
    if config.source == "h36m":
        splits = (
            h36m.load_videos(config.store, config.detections, h36m.TRAIN_SUBJECTS),
            h36m.load_videos(config.store, config.detections, h36m.TEST_SUBJECTS),
        )
    else:
        assert config.ground_truth is not None  # the configuration has seen to it
        splits = (
            mpi_inf_3dhp.load_train(config.store, config.ground_truth),
            mpi_inf_3dhp.load_test(config.store, config.ground_truth),
        )
    axes = config.network.axes
    train, test = (
        FilmedWindows.from_videos(videos, axes, device, with_camera=with_camera) for videos in splits
    )
    return train, test
