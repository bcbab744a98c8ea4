"""CPN from a file of weights in the layout of the public PyTorch version."""

from __future__ import annotations

from pathlib import Path

from uplift3d.errors import InputError
from uplift3d.model.cpn import CPN
from uplift3d.model.rivals.foreign import cpn, recognise, translate
from uplift3d.model.torch_files import NUMPY_STATE, named_weights, read_torch


def load_cpn(path: str | Path) -> CPN:
    """Load a CPN; its sizes follow from its weights.

    Args:
        path: torch file with the weights under 'state_dict' (or at the top), whatever else is in it.

    Returns:
        The network in evaluation mode, on the CPU.

    Raises:
        InputError: a file that is missing, damaged, of another network, or that would run code when read;
            missing, unexpected and misshapen weights are named.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"there is no file of CPN weights {path}")
    state = named_weights(read_torch(path, put_aside=NUMPY_STATE), path)
    source = recognise(state)
    if source is not cpn.SOURCE:
        found = f"looks like {source.title}" if source else "holds weights of no network known here"
        raise InputError(f"{path} {found}; accepted are weights of CPN (CPN50_384x288.pth.tar)")
    try:
        network = CPN(cpn.infer(state))
    except InputError as error:
        raise InputError(f"{path} looks like {cpn.SOURCE.title}; {error}") from None
    network.load_state_dict(translate(state, cpn.SOURCE, network.state_dict(), path))
    return network.eval()
