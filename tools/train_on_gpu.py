"""Train several networks at once on one GPU that is lent for minutes, every step a CUDA graph.

    python tools/train_on_gpu.py STORE RUNS --seconds 700 configs/base.yaml configs/base-free.yaml

Batches, losses, optimiser, moving average and schedule are those of `uplift3d train`; but the schedule
follows the clock, so that it ends when the machine goes back, and networks that learn from the same motion in
the same way get the same batches. Writes `RUNS/NAME.safetensors`, the averaged weights, every minute and in
the end, NAME being the configuration's, and prints how many steps came out. Nothing is validated here.

What makes it fast: batches of eight steps are drawn at once, on a stream of their own; every token is
embedded, so that shapes stay the same and a step can be replayed; and attention among a pose's joints, whose
heads are 4 wide, is written out for `torch.compile` to make few kernels of. TF32 is for the network alone:
1e-3 of 10 m is a centimetre, too much for drawing. On a machine without a GPU every step is a plain one.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch
from torch import Tensor

from uplift3d.data.store import MotionStore, split_of
from uplift3d.film.draws import seed_of
from uplift3d.model import save_checkpoint
from uplift3d.model.layers import Attention
from uplift3d.model.uplift_upsample import UpliftUpsample
from uplift3d.train.batches import Batch, draw_batch
from uplift3d.train.config import TrainConfig, load_config
from uplift3d.train.losses import lifting_loss
from uplift3d.train.networks import begin_with, create_network, motion_joints
from uplift3d.train.optimiser import average_decay, learning_rate_factor
from uplift3d.train.sampler import MotionWindows

FIELDS = ("keypoints", "mask", "target", "known", "counted")
PER_DRAW = 8
"""Steps whose batches are drawn at once."""
SAVE_S = 60.0
SCHEDULE_STEPS = 1_000_000
"""Of the whole run, as far as the schedule is told."""


class WrittenOut(Attention):
    """Attention as products and sums of numbers: for few joints and narrow heads."""

    def forward(self, tokens: Tensor, bias: Tensor | None = None, sources: Tensor | None = None) -> Tensor:
        """As `Attention`, of the joints of a pose: (B, J, C), without bias and other sources."""
        q, k, v = self._project(tokens, sources)  # (B, H, J, D)
        share = ((q * self.head_width**-0.5)[..., :, None, :] * k[..., None, :, :]).sum(-1).softmax(-1)
        mixed = (share[..., None] * v[..., None, :, :]).sum(-2)  # (B, H, J, D)
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out


class Draws:
    """Batches of some steps at once, on a stream of their own."""

    def __init__(self, config: TrainConfig, store: MotionStore, device: torch.device) -> None:
        self.config, self.device = config, device
        clips = split_of(store, config.datasets)[0]
        joints = motion_joints(config.network)
        self.motion = MotionWindows.from_store(store, clips, config.views.sampler, device, joints)
        self.stream = torch.cuda.Stream() if device.type == "cuda" else None
        self.drawn = 0
        self.ready: dict[str, Tensor] = {}

    def draw(self) -> None:
        """Draw the batches that come next, and do not wait for them."""
        config = self.config
        random = torch.Generator(self.device)
        random.manual_seed(seed_of(config.seed, 2, self.drawn))
        self.drawn += 1
        with on(self.stream):
            batch = draw_batch(
                self.motion, config.network, config.views, PER_DRAW * config.batch, random, config.strides
            )
            self.ready = {name: steps_of(batch, name, config.batch) for name in FIELDS}

    def take(self) -> dict[str, Tensor]:
        """The batches drawn last, (steps, B, …)."""
        if self.stream is not None:
            torch.cuda.current_stream().wait_stream(self.stream)
            for values in self.ready.values():
                values.record_stream(torch.cuda.current_stream())
        return self.ready


def on(stream: torch.cuda.Stream | None) -> AbstractContextManager[object]:
    """Work on a stream, if there is one."""
    return nullcontext() if stream is None else torch.cuda.stream(stream)


def steps_of(batch: Batch, name: str, size: int) -> Tensor:
    """A field of a batch of mirror images behind their windows as (steps, B, …), each with its own images."""
    values: Tensor = getattr(batch, name)
    halves = values.unflatten(0, (2, PER_DRAW, size // 2))  # type: ignore[no-untyped-call]
    joined: Tensor = halves.transpose(0, 1).flatten(1, 2).contiguous()
    return joined


class Run:
    """A network, its optimiser and its average; a step of all three is one graph."""

    def __init__(self, config: TrainConfig, draws: Draws, device: torch.device) -> None:
        torch.manual_seed(config.seed)
        network = create_network(config.network)
        assert isinstance(network, UpliftUpsample), "a network of ours"
        assert config.views.mirror == "within_batch", "with mirror images"
        assert config.start_from is not None, "trained on, not from nothing"
        begin_with(network, config.start_from)
        self.config, self.draws = config, draws
        self.parts, self.joints = config.loss, config.network.joints
        self.network = network.to(device).train()
        for block in self.network.spatial.joints.blocks:
            block.attention.__class__ = WrittenOut
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.rate = torch.zeros((), device=device)
        self.following = torch.zeros((), device=device)
        gpu = device.type == "cuda"
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), self.rate, weight_decay=config.optimiser.weight_decay, capturable=gpu
        )
        self.batch: dict[str, Tensor] = {}
        self.total = torch.zeros((), device=device)
        self.steps = 0
        self.replay: Callable[[], None] = self.step

    def step(self) -> None:
        """Change weights and average once."""
        self.optimiser.zero_grad(set_to_none=True)
        loss = self.compute(*(self.batch[name] for name in FIELDS))
        loss.backward()
        weights = list(self.network.parameters())
        torch.nn.utils.clip_grad_norm_(weights, self.config.optimiser.clip_norm, foreach=True)
        self.optimiser.step()
        with torch.no_grad():
            kept = list(self.average.parameters())
            change = torch._foreach_sub(weights, kept)
            torch._foreach_mul_(change, self.following)
            torch._foreach_add_(kept, change)
            self.total += loss.detach()

    def compute(
        self, keypoints: Tensor, mask: Tensor, target: Tensor, known: Tensor, counted: Tensor
    ) -> Tensor:
        """Loss of one batch; every token is embedded, for the same work at every step."""
        network = self.network
        poses = network.embed(keypoints.flatten(0, 1)).unflatten(0, mask.shape)
        tokens = torch.where(mask[..., None], poses, network.upsampling_token) + network.temporal_encoding
        bias = torch.where(mask, 0.0, -1e9)[:, None, None, :]
        sequence, centre = network.read(network.temporal(tokens, bias), bias)
        return lifting_loss(sequence, centre, target, counted, None, known, self.parts, self.joints)

    def capture(self) -> None:
        """Make a graph of a step; weights, average and moments are then as before."""
        before = [copy.deepcopy(part.state_dict()) for part in (self.network, self.average)]
        self.batch = {name: values[0].clone() for name, values in self.draws.take().items()}
        self.compute = torch.compile(self.compute, fullgraph=True, dynamic=False)  # type: ignore[method-assign]
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        self.optimiser.zero_grad(set_to_none=True)
        with torch.cuda.graph(graph):
            self.step()
        with torch.no_grad():
            for part, state in zip((self.network, self.average), before, strict=True):
                part.load_state_dict(state)
            for state in self.optimiser.state.values():
                for value in state.values():
                    value.zero_()
            self.total.zero_()
        self.replay = graph.replay

    def follow(self, progress: float, batches: dict[str, Tensor], place: int) -> None:
        """One step at a share of the whole run."""
        optimiser = self.config.optimiser
        warm_up = min(1.0, (self.steps + 1) / max(1, optimiser.warm_up_steps))
        plain = optimiser.model_copy(update={"warm_up_steps": 0})
        factor = learning_rate_factor(plain, round(progress * SCHEDULE_STEPS), SCHEDULE_STEPS)
        self.rate.fill_(optimiser.learning_rate * warm_up * factor)
        self.following.fill_(1 - average_decay(self.steps, optimiser.ema))
        for name in FIELDS:
            if name in self.batch:
                self.batch[name].copy_(batches[name][place])
            else:
                self.batch[name] = batches[name][place].clone()
        self.replay()
        self.steps += 1


def train(runs: dict[str, Run], draws: list[Draws], folder: Path, end_s: float) -> None:
    """Step all networks in turn until `end_s` of `time.monotonic`."""
    begin_s = saved_s = time.monotonic()
    done = next(iter(runs.values()))
    while (now_s := time.monotonic()) < end_s:
        progress = (now_s - begin_s) / (end_s - begin_s)
        batches = {id(source): source.take() for source in draws}
        for place in range(PER_DRAW):
            for run in runs.values():
                run.follow(progress, batches[id(run.draws)], place)
        for source in draws:
            source.draw()
        losses = {name: 1000 * float(run.total) / PER_DRAW for name, run in runs.items()}  # waits
        for name, run in runs.items():
            run.total.zero_()
            if losses[name] != losses[name]:
                raise SystemExit(f"{name}: the loss is no number after {run.steps} steps")
        if done.steps % 400 < PER_DRAW:
            said = ", ".join(f"{name} {loss:.1f}" for name, loss in losses.items())
            print(f"{now_s - begin_s:.0f} s, {done.steps} steps: loss in mm {said}", flush=True)
        if now_s - saved_s > SAVE_S:
            saved_s = now_s
            save(runs, folder)
    save(runs, folder)
    print(f"done: {done.steps} steps in {time.monotonic() - begin_s:.0f} s", flush=True)


def save(runs: dict[str, Run], folder: Path) -> None:
    """Write the averages."""
    for name, run in runs.items():
        save_checkpoint(run.average, folder / f"{name}.safetensors", {"step": str(run.steps)})


def main() -> None:
    """Read the command line and train."""
    begin_s = time.monotonic()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("store", type=Path)
    parser.add_argument("runs", type=Path)
    parser.add_argument("configs", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, required=True, help="for everything, from now on")
    given = parser.parse_args()
    given.runs.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    store = MotionStore.open(given.store)
    draws: list[Draws] = []
    runs: dict[str, Run] = {}
    for path in given.configs:
        config = load_config(path)
        source = next((d for d in draws if same_batches(d.config) == same_batches(config)), None)
        if source is None:
            source = Draws(config, store, device)
            draws.append(source)
        runs[path.stem] = Run(config, source, device)
    for source in draws:
        source.draw()
    if device.type == "cuda":
        prepare(runs)
    print(
        f"{len(runs)} networks, {len(draws)} kinds of batches, ready after {time.monotonic() - begin_s:.0f} s"
    )
    train(runs, draws, given.runs, begin_s + given.seconds)


def same_batches(config: TrainConfig) -> tuple[object, ...]:
    """What decides which batches a run gets."""
    return config.datasets, config.views, config.batch, config.strides, config.seed


def prepare(runs: dict[str, Run]) -> None:
    """Capture all graphs, with the network's products in TF32."""
    torch.backends.cuda.matmul.allow_tf32 = True
    for name, run in runs.items():
        begin_s = time.monotonic()
        run.capture()
        print(f"{name}: captured in {time.monotonic() - begin_s:.0f} s", flush=True)
    torch.backends.cuda.matmul.allow_tf32 = False


if __name__ == "__main__":
    main()
