"""What a configuration's `source` means: where training and validation windows come from."""

from __future__ import annotations

import torch

from uplift3d.data import h36m, mpi_inf_3dhp
from uplift3d.data.store import MotionStore
from uplift3d.errors import InputError
from uplift3d.train.config import TrainConfig
from uplift3d.train.filmed import FilmedWindows
from uplift3d.train.sampler import MotionWindows, SamplerConfig
from uplift3d.train.validate import split_of

Windows = MotionWindows | FilmedWindows


def check_source(config: TrainConfig) -> None:
    """Refuse, before anything is written, data that is not there."""
    if config.source == "motion":
        MotionStore.open(config.store)
    elif not config.store.is_dir():
        raise InputError(f"store: no folder {config.store}, in which the files of {config.source} should be")


def load_windows(config: TrainConfig, device: torch.device) -> tuple[Windows, Windows]:
    """Training and validation windows: the motion store's split, or a data set's own.

    Raises:
        InputError: missing or damaged files.
    """
    if config.source == "motion":
        store = MotionStore.open(config.store)
        training, validation = split_of(store, config.datasets)
        return (
            MotionWindows.from_store(store, training, config.views.sampler, device),
            MotionWindows.from_store(store, validation, SamplerConfig(), device),
        )
    axes = config.network.axes
    if config.source == "h36m":
        train, test = (
            h36m.load_tracks(config.store, config.detections, subjects)
            for subjects in (h36m.TRAIN_SUBJECTS, h36m.TEST_SUBJECTS)
        )
        return FilmedWindows.from_tracks(train, axes, device), FilmedWindows.from_tracks(test, axes, device)
    return (
        FilmedWindows.from_tracks(mpi_inf_3dhp.load_train(config.store, config.ground_truth), axes, device),
        FilmedWindows.from_tracks(mpi_inf_3dhp.load_test(config.store, config.ground_truth), axes, device),
    )
