"""Weights on disk: the project's own safetensors, and translators of foreign files.

Own files carry their configuration, so a path is all it takes to rebuild a network. Loading is strict: every
missing and unexpected key is named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from uplift3d import weights
from uplift3d.errors import InputError
from uplift3d.files import atomic_write, check_writable
from uplift3d.files.guards import as_path, listed, readable
from uplift3d.files.json_text import parse_object, read_json
from uplift3d.model.catalogue import config_of, create
from uplift3d.model.config import ModelConfig
from uplift3d.model.foreign import UPLIFT_UPSAMPLE, load_foreign, recognise
from uplift3d.model.network import Network, NetworkConfig
from uplift3d.model.torch_files import NUMPY_STATE, named_weights, read_torch
from uplift3d.model.uplift_upsample import UpliftUpsample

ConfigSource = NetworkConfig | Mapping[str, Any] | str | Path
State = dict[str, Tensor]

LATER_FIELDS = ("confidence", "hint")
CONFIG_KEY = "uplift3d.config"
"""Key of the configuration (JSON) in the metadata of own files."""


def load(name_or_path: str | Path = "base") -> UpliftUpsample:
    """Load a network by the name of shipped weights or from a file that carries its configuration.

    Returns:
        The network in evaluation mode.

    Raises:
        InputError: neither a shipped name nor a readable file, or the file of a rival.
    """
    shipped = ", ".join(weights.NAMES)
    source = as_path(name_or_path, f"a checkpoint, or the name of shipped weights ({shipped})")
    if str(name_or_path) in weights.NAMES:
        path = weights.stem(str(name_or_path)).with_suffix(".safetensors")
        return _uplift_upsample(load_checkpoint(path), path)
    if not source.exists():
        raise InputError(
            f"no shipped model and no file is called {str(name_or_path)!r}; shipped: "
            f"{shipped}; files: {', '.join(READERS)}"
        )
    return _uplift_upsample(load_checkpoint(name_or_path), name_or_path)


def load_checkpoint(path: str | Path, config: ConfigSource | None = None) -> Network[NetworkConfig]:
    """Load a network from a checkpoint, this project's or a foreign one.

    Args:
        path: `.safetensors` (own), `.h5` (published Keras weights) or `.pt`, `.pth`, `.bin`, `.ckpt` (own, or
            of a rival's authors).
        config: for files that carry none: a ModelConfig, its fields, or the path of a JSON file with them or
            with the published configuration dump. Sizes of rivals follow from their weights; here go fields
            that do not (`causal` of VideoPose3D, `strides` that nobody published), or a RivalConfig.

    Returns:
        The network in evaluation mode, with the joint order of the checkpoint in `config.joints`; for files
        of rivals a network or part of `uplift3d.model.rivals`.

    Raises:
        InputError: a file that is missing, damaged, of another model, or that would run code when read.
    """
    path = as_path(path, "a checkpoint")
    if not path.is_file():
        raise InputError(f"there is no checkpoint file {path}")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"checkpoint {path} has suffix {path.suffix!r}; accepted are {', '.join(READERS)}")
    with readable(f"checkpoint {path}", "a file of weights"):
        return reader(path, config).eval()


def save_checkpoint(
    model: Network[NetworkConfig],
    path: str | Path,
    metadata: Mapping[str, str] | None = None,
    *,
    half: bool = False,
) -> None:
    """Write weights and configuration as safetensors; other metadata (step, scores, licence) goes along.

    Args:
        model: the network.
        path: a name that ends in .safetensors.
        metadata: strings to store beside the configuration.
        half: round weights to float16, for half the size; loading gives float32 again.

    Raises:
        InputError: the path does not end in .safetensors or cannot be written, or what is given is no
            network.
    """
    path = check_writable(path, [".safetensors"])
    if not isinstance(model, Network):
        raise InputError(
            f"{path}: what is to be written is of type {type(model).__name__}; accepted is a network of "
            "uplift3d.model"
        )
    state = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    if half:
        state = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
    notes = {**(metadata or {}), CONFIG_KEY: model.config.model_dump_json()}
    with atomic_write(path) as temporary:
        temporary.write_bytes(save(state, metadata=notes))  # `save_file` would make it private to the user


def read_metadata(path: str | Path) -> dict[str, str]:
    """Return the metadata of a safetensors file without reading its weights."""
    with _open_safetensors(Path(path)) as file:
        return dict(file.metadata() or {})


def fingerprint(model: Network[NetworkConfig]) -> str:
    """Return a short hash of configuration and weights, to tell in a result which model made it."""
    # Fields that came later are left out where they change nothing, so that a model keeps its hash.
    unused = {name for name in LATER_FIELDS if not getattr(model.config, name, None)}
    digest = hashlib.sha256(model.config.model_dump_json(exclude=unused).encode())
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def read_config(source: ConfigSource) -> ModelConfig:
    """Make a ModelConfig of its fields, of the published configuration dump, or of a JSON file with either.

    Raises:
        InputError: unreadable file, unknown fields, an impossible network.
    """
    config = _config(source)
    if not isinstance(config, ModelConfig):
        raise InputError(
            f"the configuration is for {config.network_name()}, but one of Uplift and Upsample is needed"
        )
    return config


def _config(source: ConfigSource) -> NetworkConfig:
    """Make the configuration of whichever network the source describes."""
    fields = _fields(source)
    if not isinstance(fields, Mapping):
        return fields
    if tensors := [name for name, value in fields.items() if isinstance(value, Tensor)]:
        raise InputError(f"model configuration: {listed(tensors)} should be plain values and no tensors")
    return config_of(fields) if "rival" in fields else _config_from_fields(fields)


def _fields(source: ConfigSource) -> NetworkConfig | Mapping[str, Any]:
    """Read a JSON file if the source is the path of one."""
    if isinstance(source, NetworkConfig | Mapping):
        return source
    fields = read_json(source, "a configuration as .json")
    if not isinstance(fields, dict):
        raise InputError(f"configuration {source} holds no fields: it must be a JSON object")
    return fields


def _config_from_fields(fields: Mapping[str, Any]) -> ModelConfig:
    from uplift3d.model.keras_h5 import config_from_published  # h5py is slow to import

    return config_from_published(fields) if _is_published(fields) else ModelConfig(**fields)


def _is_published(fields: Mapping[str, Any]) -> bool:
    """Tell the published configuration dump: its class names fields like constants."""
    return any(name.isupper() for name in fields)


def _assemble(state: State, config: ConfigSource | None, path: Path) -> Network[NetworkConfig]:
    """Build the network of a file without configuration, whoever wrote it."""
    source = recognise(state)
    if source is None and config is None:
        names = ", ".join(list(state)[:3])
        raise InputError(f"checkpoint {path} holds weights of no network known here ({names}, …)")
    if source is None or source is UPLIFT_UPSAMPLE:
        return _build(state, _needed(config, path), path)
    given = {} if config is None else _fields(config)
    if isinstance(given, Mapping) and _is_published(given):
        given = _config_from_fields(given)
    return load_foreign(state, source, given, path)


def _build(state: State, config: NetworkConfig, path: Path) -> Network[NetworkConfig]:
    """Put weights into a fresh network, complaining about everything that does not fit."""
    with torch.device("meta"):  # the file's size, and not a number in it, says how much memory is taken
        expected = create(config).state_dict()
    problems = {
        "missing": [name for name in expected if name not in state],
        "unexpected": [name for name in state if name not in expected],
        "of another shape": [
            f"{name} {tuple(state[name].shape)} in place of {tuple(value.shape)}"
            for name, value in expected.items()
            if name in state and state[name].shape != value.shape
        ],
        "with NaN or infinite numbers": [
            name for name, value in state.items() if not bool(torch.isfinite(value).all())
        ],
    }
    found = [f"{kind}: {', '.join(names)}" for kind, names in problems.items() if names]
    if found:
        raise InputError(f"checkpoint {path} does not fit its configuration; {'; '.join(found)}")
    model = create(config)
    model.load_state_dict(state)
    return model


def _uplift_upsample(model: Network[NetworkConfig], path: str | Path) -> UpliftUpsample:
    if not isinstance(model, UpliftUpsample):
        raise InputError(
            f"checkpoint {path} holds {model.config.network_name()}, which needs a 2D pose at every frame; "
            "accepted is a network of Uplift and Upsample (rivals are for load_checkpoint and "
            "`uplift3d evaluate`)"
        )
    return model


def _needed(config: ConfigSource | None, path: Path) -> NetworkConfig:
    if config is None:
        raise InputError(
            f"checkpoint {path} carries no configuration; pass config= (a JSON file or ModelConfig; on the "
            "command line --config FILE.json)"
        )
    return _config(config)


def _read_safetensors(path: Path, config: ConfigSource | None) -> Network[NetworkConfig]:
    with _open_safetensors(path) as file:
        metadata = file.metadata() or {}
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    if CONFIG_KEY in metadata and config is None:
        return _build(state, _stored_config(metadata[CONFIG_KEY], path), path)
    return _assemble(state, config, path)


def _stored_config(text: str, path: Path) -> NetworkConfig:
    try:
        return _config(parse_object(text, "it"))
    except InputError as error:
        raise InputError(f"checkpoint {path} carries a configuration that cannot be used: {error}") from None


def _open_safetensors(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt")
    except (SafetensorError, OSError) as error:
        raise InputError(f"checkpoint {path} is not a readable safetensors file: {error}") from None


def _read_keras(path: Path, config: ConfigSource | None) -> Network[NetworkConfig]:
    from uplift3d.model.keras_h5 import read_h5, translate  # h5py is slow to import

    layers = read_h5(path)
    known = read_config(_needed(config, path))
    try:
        state = translate(layers, known)
    except InputError as error:
        raise InputError(f"checkpoint {path}: {error}") from None
    return _build(state, known, path)


def _read_torch(path: Path, config: ConfigSource | None) -> Network[NetworkConfig]:
    """Read `{"config": fields, "state_dict": weights}`, bare weights, or what VideoPose3D wraps them in."""
    content = read_torch(path, put_aside=NUMPY_STATE)
    weights = content.get("model_pos")  # VideoPose3D and those who took over its scripts
    state = named_weights(weights if isinstance(weights, dict) else content, path)
    if config is None and isinstance(content.get("config"), dict):
        return _build(state, _config(content["config"]), path)
    return _assemble(state, config, path)


READERS: dict[str, Callable[[Path, ConfigSource | None], Network[NetworkConfig]]] = {
    ".safetensors": _read_safetensors,
    ".h5": _read_keras,
    ".pt": _read_torch,
    ".pth": _read_torch,
    ".bin": _read_torch,
    ".ckpt": _read_torch,
}
"""Reader per suffix, in the order that messages list them."""
