"""Every reader there is, with the files it is given."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keypoint_files
from fuzz import seeds, seeds_data, seeds_networks
from fuzz.archives import STRUCTURED
from fuzz.mutations import BYTES, JSON, TEXT, Mutation
from uplift3d.export import FORMATS

WAYS: dict[str, list[list[Mutation]]] = {
    **{suffix: [[structured]] * 6 + [BYTES] for suffix, structured in STRUCTURED.items()},
    **{
        suffix: [TEXT] for suffix in (".bvh", ".asf", ".amc", ".csv", ".trc", ".yaml", ".txt", ".calibration")
    },
    ".json": [JSON],
}
"""By suffix; an input is damaged in one way, once or several times, for bytes hide what is done inside."""


@dataclass(frozen=True)
class Reader:
    """What is damaged, and what then reads it."""

    read: Callable[[Path], Any]
    """Takes the folder with the damaged file."""
    makers: tuple[Callable[[Path], None], ...]
    """Each fills a folder with good files."""
    damage: str = "*"
    """Which files of a folder are damaged."""

    def targets(self, folder: Path) -> list[Path]:
        """The files to damage."""
        return sorted(path for path in folder.rglob(self.damage) if path.is_file())


def ways_of(path: Path) -> list[list[Mutation]]:
    """How a file of this name is damaged."""
    return WAYS.get(path.suffix, [BYTES])


def _only(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def _first(folder: Path, pattern: str) -> Path:
    return next(folder.rglob(pattern))


def _capture(folder: Path) -> None:
    from uplift3d.data.importer import import_capture, read_captures

    for path in sorted(folder.iterdir()):
        if path.suffix != ".asf":
            for capture in read_captures(path):
                if path.suffix != ".amc":  # of two bones only
                    import_capture(capture, folder)


def _motion(folder: Path) -> Any:
    from uplift3d.export import load_motion

    return load_motion(_only(folder))


def _keypoints(folder: Path, lacks: tuple[str, ...] = (), joints: str | None = None) -> Any:
    from uplift3d.detect.files import is_keypoint_file, load_keypoints

    path = _only(folder)
    is_keypoint_file(path)
    given: dict[str, Any] = {"frame_rate_hz": 25.0, "image_size": (640, 360), "joints": joints}
    return load_keypoints(path, **{name: given[name] for name in lacks})


def _store(folder: Path) -> None:
    from uplift3d.data.store import MotionStore, split_of
    from uplift3d.data.summary import summarise

    store = MotionStore.open(folder / "store")
    list(itertools.islice(store, 5))
    split_of(store)
    summarise(store)


def _recipe(folder: Path) -> Any:
    from uplift3d.train.config import load_config

    return load_config(folder / "run.yaml")


def _checkpoint(folder: Path, suffix: str) -> Any:
    from uplift3d.model.checkpoints import load_checkpoint

    config = folder / "tiny.json"
    return load_checkpoint(_first(folder, f"*{suffix}"), config if config.exists() else None)


def _cpn(folder: Path) -> Any:
    from uplift3d.detect.cpn.weights import load_cpn

    return load_cpn(folder / "cpn.pth")


def _graphs(folder: Path) -> None:
    from uplift3d.lift.models import open_runtime

    open_runtime(folder / "tiny", threads=1)


def _h36m(folder: Path) -> None:
    from uplift3d.data import h36m

    detections = "sh.pkl" if (folder / "sh.pkl").exists() else "cpn_ft_h36m_dbb"
    for video in h36m.load_videos(folder, detections, ["S9"]):
        len(video)
    list(h36m.load_motions(folder, ["S9"]))


def _mpi_train(folder: Path) -> None:
    from uplift3d.data.mpi_inf_3dhp_files import original_train

    list(original_train(_first(folder, "annot.mat"), "annot3", (0, 1)))


def _mpi_test(folder: Path) -> None:
    from uplift3d.data.mpi_inf_3dhp import load_test

    load_test(folder, "annot3")


def _mpi_packed(folder: Path) -> None:
    from uplift3d.data.mpi_inf_3dhp import load_test, load_train

    load_test(folder, "univ_annot3")
    list(load_train(folder, "univ_annot3", ["S1"], [0]))


def _amass(folder: Path) -> None:
    from uplift3d.data.amass import read_converted

    list(read_converted(_only(folder)))


def _calibration(folder: Path) -> Any:
    from uplift3d.data.skeletool import read_calibration

    return read_calibration(_only(folder))


def _mapping(folder: Path) -> Any:
    from uplift3d.data.mapping_files import read_mapping

    return read_mapping(_only(folder))


def _tables(folder: Path) -> None:
    from uplift3d.export import load_angles, load_steps

    load_steps(folder / "steps.csv")
    load_angles(folder / "angles.csv")


def _clip_lists(folder: Path) -> None:
    from uplift3d.scale.clips import clips_in_manifest
    from uplift3d.scale.manifest import Manifest, check_settings
    from uplift3d.scale.storage import Storage

    for name in ("clips.txt", "clips.parquet"):
        clips_in_manifest(folder / name)
    storage = Storage(str(folder / "out"))
    check_settings(storage, {"model": "base", "options": {"hop": 3}})
    Manifest(storage).table()


def _video(folder: Path) -> None:
    from uplift3d.video import open_video

    path = folder if len(list(folder.iterdir())) > 1 else _only(folder)
    with open_video(path, image_rate_hz=25.0 if path.is_dir() else None) as video:
        for _ in itertools.islice(video.frames_at(), 5):
            pass


def _info(folder: Path) -> None:
    from uplift3d.cli.info import describe

    for path in sorted(folder.iterdir()):
        describe(path)


def _motions() -> Iterable[tuple[str, Reader]]:
    for suffix in FORMATS:
        yield f"motion {suffix}", Reader(_motion, (partial(seeds.motion, suffix=suffix),))


def _all_keypoints() -> Iterable[tuple[str, Reader]]:
    for name, known in keypoint_files.FORMATS.items():
        read = partial(_keypoints, lacks=known.lacks, joints=known.joints)
        yield f"2d {name}", Reader(read, (partial(seeds.keypoints, name=name),))


def _keep(*suffixes: str) -> Callable[[Path], None]:
    return partial(_own, suffixes=suffixes)


def _own(folder: Path, suffixes: tuple[str, ...]) -> None:
    seeds_networks.own(folder, *suffixes)


_PEERS = (
    "videopose3d/epoch_10.bin",
    "poseformer/best_epoch_f9_e8_lowvar.bin",
    "pstmo_9/no_refine_1_4306.pth",
)
_VIDEOS = (
    ("a.mp4", "libx264"),
    ("a.mkv", "libx264"),
    ("a.avi", "mpeg4"),
    ("a.webm", "libvpx-vp9"),
    ("a.mov", "mpeg4"),
    ("a.ts", "mpeg2video"),
)

READERS: dict[str, Reader] = {
    "bvh": Reader(_capture, (seeds.bvh,)),
    "amc": Reader(_capture, (seeds.amc,)),
    "joints npz": Reader(_capture, (seeds.joints_npz,)),
    "mapping": Reader(_mapping, (seeds.mapping,)),
    **dict(_motions()),
    "2d own": Reader(_keypoints, (seeds.own_keypoints,)),
    **dict(_all_keypoints()),
    "tables": Reader(_tables, (seeds.tables,)),
    "store": Reader(_store, (seeds.store,)),
    "yaml": Reader(_recipe, (seeds.recipe,)),
    "h5 weights": Reader(partial(_checkpoint, suffix=".h5"), (seeds_networks.keras,)),
    "bin weights": Reader(partial(_checkpoint, suffix=".bin"), (_keep(".bin"),)),
    "rival weights": Reader(
        partial(_checkpoint, suffix=".[bp]*"),
        tuple(partial(seeds_networks.rivals, name=name) for name in _PEERS),
    ),
    "cpn weights": Reader(_cpn, (seeds_networks.cpn,)),
    "safetensors": Reader(partial(_checkpoint, suffix=".safetensors"), (_keep(".safetensors"),)),
    "onnx": Reader(_graphs, (_keep(".embed.onnx", ".uplift.onnx"),)),
    "h36m": Reader(_h36m, (seeds_data.h36m_npz, seeds_data.h36m_pkl)),
    "3dhp train": Reader(_mpi_train, (seeds_data.mpi_train,)),
    "3dhp test": Reader(_mpi_test, (seeds_data.mpi_test,)),
    "3dhp packed": Reader(_mpi_packed, (seeds_data.mpi_packed,)),
    "amass": Reader(_amass, (seeds_data.amass,)),
    "calibration": Reader(_calibration, (seeds.calibration,)),
    "clip lists": Reader(_clip_lists, (seeds.clip_lists,)),
    "video": Reader(
        _video, tuple(partial(seeds_networks.video, name=name, codec=codec) for name, codec in _VIDEOS)
    ),
    "images": Reader(_video, (seeds_networks.images,)),
    "info": Reader(
        _info,
        (
            seeds.own_keypoints,
            seeds.store,
            _keep(".safetensors"),
            _keep(".embed.onnx"),
            *(partial(seeds.motion, suffix=suffix) for suffix in FORMATS),
            *(partial(seeds.keypoints, name=name) for name in ("coco", "openpose", "sleap", "trc")),
            partial(seeds_networks.video, name="a.mp4", codec="libx264"),
        ),
    ),
}
