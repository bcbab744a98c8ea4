"""A rival is its module (here: this file) and one entry of the catalogue; every room then knows it."""

from typing import Any, Literal

import pytest

pytest.importorskip("lightning", reason="needs the train extra")

from torch import Tensor, nn

from made_motion import write_moving
from uplift3d.cli import main
from uplift3d.errors import InputError
from uplift3d.evaluate.flops import costs
from uplift3d.model import catalogue, load_checkpoint
from uplift3d.model.catalogue import Method, Preset
from uplift3d.model.rivals import Rival, RivalConfig
from uplift3d.reproduce.plans import Plan
from uplift3d.reproduce.scales import SCALES
from uplift3d.reproduce.sources import OpenMocap
from uplift3d.train.config import TrainConfig
from uplift3d.train.run import train


class PlainConfig(RivalConfig):
    rival: Literal["plain"] = "plain"
    frames: int = 9
    width: int = 64

    @property
    def tokens(self) -> int:
        return self.frames

    @classmethod
    def small_fields(cls, width: int, depth: int) -> dict[str, Any]:
        return {"width": width}


class Plain(Rival[PlainConfig]):
    """One hidden layer over all poses of a window."""

    def __init__(self, config: PlainConfig) -> None:
        super().__init__(config)
        joints = config.joint_count
        self.hidden = nn.Linear(2 * joints * config.frames, config.width)
        self.out = nn.Linear(config.width, 3 * joints)

    def forward(self, keypoints: Tensor) -> tuple[None, Tensor]:
        self.check(keypoints)
        return None, self.out(self.hidden(keypoints.flatten(1)).relu()).unflatten(1, (-1, 3))


ENTRY = Method("Plain network", PlainConfig, Plain, {"plain-9": Preset(PlainConfig)})
MODEL = {"input": "person", "axes": "viewing_ray", "s_out": 5}


@pytest.fixture
def added(monkeypatch):
    monkeypatch.setattr(catalogue, "RIVALS", [*catalogue.RIVALS, ENTRY])


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    clips = [("bandai-2", "a", 150), ("cmu-bvh", "1", 200), ("bandai-1", "b", 160), ("cmu-bvh", "2", 140)]
    return write_moving(tmp_path_factory.mktemp("motion") / "store", clips)


def test_it_is_trained_saved_evaluated_and_counted(added, store, tmp_path, capsys):
    fields = {"steps": 3, "batch": 8, "validate_every": 3, "validation_windows": 64}
    path = train(TrainConfig(store=store, output=tmp_path / "run", preset="plain-9", model=MODEL, **fields))
    assert load_checkpoint(path).config == PlainConfig(**MODEL)
    options = ["--dataset", "open-mocap", "--pieces", "2", "--s-in", "5", "--data", str(store)]
    assert main(["evaluate", "--weights", str(path), *options]) == 0
    assert "all frames" in capsys.readouterr().out
    counted = costs(["plain-9"])
    assert counted[0].window == 9 * 17 * 2 * 64 + 64 * 17 * 3
    assert [cost.s_in for cost in counted] == [1, 5, 10, 20]


def test_it_is_in_the_table_of_the_rivals(added, store):
    cell = Plan(OpenMocap(store, SCALES["tiny"]), SCALES["tiny"]).rival("plain", "2d")
    assert cell.name == "plain-2d"
    network = TrainConfig(store="a", output="b", **cell.settings).network
    assert isinstance(network, PlainConfig)
    assert (network.frames, network.width, network.s_out) == (27, 48, 4)


def test_without_the_entry_nobody_knows_it():
    with pytest.raises(InputError, match="no model is called 'plain-9'"):
        costs(["plain-9"])
