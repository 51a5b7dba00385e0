"""Which training loops over recurrent models are said to lack clipping (INL401), as projects of a few short files."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from time import process_time

import pytest

from initlint import Finding, Severity, check

MODEL = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.rnn = nn.LSTM(8, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1])
"""
MARK = "# here"


class Project:
    """A directory of sources to check."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sources: dict[str, str] = {}

    def add(self, name: str, source: str) -> Project:
        self.sources[name] = dedent(source).lstrip("\n")
        (self.folder / name).write_text(self.sources[name], encoding="utf-8")
        return self

    def findings(self) -> list[Finding]:
        report = check(self.folder, isolated=True, select=["INL401"])
        assert not report.errors
        return list(report.findings)

    def is_right(self) -> bool:
        """Whether exactly the marked lines are reported."""
        wanted = {
            (name, number)
            for name, source in self.sources.items()
            for number, line in enumerate(source.splitlines(), 1)
            if line.endswith(MARK)
        }
        return {(Path(one.place.path).name, one.place.line) for one in self.findings()} == wanted


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that holds nothing but a recurrent model, `Net` in model.py."""
    return Project(tmp_path).add("model.py", MODEL)


# --------------------------------------------------------------------------------------------------------------- silent


def test_a_clipping_function_given_to_the_loop_as_an_argument_silences_it(project: Project) -> None:
    project.add(
        "train.py",
        """
        import torch
        from model import Net

        def limit(model):
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)

        def fit(model, optimizer, batches, after_backward):
            for x, y in batches:
                loss = (model(x) - y).pow(2).mean()
                loss.backward()
                after_backward(model)
                optimizer.step()

        net = Net()
        fit(net, torch.optim.SGD(net.parameters(), lr=0.1), [], limit)
        """,
    )
    assert project.is_right()


def test_a_callback_that_cannot_be_followed_between_backward_and_step_silences_the_loop(project: Project) -> None:
    project.add(
        "train.py",
        """
        import torch
        from model import Net

        def fit(batches, callbacks):
            model = Net()
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            for x, y in batches:
                loss = (model(x) - y).pow(2).mean()
                loss.backward()
                callbacks.on_after_backward(model)
                optimizer.step()
        """,
    )
    assert project.is_right()


def test_a_hook_of_a_subclass_that_clips_silences_the_loop_of_its_base(project: Project) -> None:
    project.add(
        "base.py",
        """
        class Base:
            def train_step(self, batch):
                loss = self.compute_loss(batch)
                loss.backward()
                self.limit()
                self.optimizer.step()

            def limit(self):
                pass
        """,
    ).add(
        "train.py",
        """
        import torch
        from base import Base
        from model import Net

        class Mine(Base):
            def __init__(self):
                self.model = Net()
                self.optimizer = torch.optim.Adam(self.model.parameters())

            def compute_loss(self, batch):
                return self.model(batch).mean()

            def limit(self):
                torch.nn.utils.clip_grad_value_(self.model.parameters(), 0.5)
        """,
    )
    assert project.is_right()


def test_an_optimiser_class_that_clips_in_its_step_silences_the_loop(project: Project) -> None:
    project.add(
        "train.py",
        """
        import torch
        from model import Net

        class Careful(torch.optim.SGD):
            def step(self, closure=None):
                for group in self.param_groups:
                    torch.nn.utils.clip_grad_norm_(group["params"], 1.0)
                super().step(closure)

        def fit(batches):
            model = Net()
            optimizer = Careful(model.parameters(), lr=0.1)
            for x in batches:
                model(x).mean().backward()
                optimizer.step()
        """,
    )
    assert project.is_right()


@pytest.mark.parametrize(
    "optimizer",
    ["apex.optimizers.FusedLAMB(model.parameters())", "factory.create(model)", "Lion8bit(model.parameters())"],
)
def test_an_optimiser_from_elsewhere_that_may_clip_silences_the_loop(project: Project, optimizer: str) -> None:
    project.add(
        "train.py",
        f"""
        import apex
        import factory
        from lions import Lion8bit
        from model import Net

        def fit(batches):
            model = Net()
            optimizer = {optimizer}
            for x in batches:
                model(x).mean().backward()
                optimizer.step()
        """,
    )
    assert project.is_right()


@pytest.mark.parametrize(
    "arguments",
    ["gradient_clip_val=0.5", "**options", "callbacks=[GradientClipping(1.0)]"],
)
def test_a_lightning_trainer_that_clips_or_may_clip_is_silent(project: Project, arguments: str) -> None:
    project.add(
        "train.py",
        f"""
        import lightning as L
        import torch
        from callbacks import GradientClipping
        from torch import nn

        class Module(L.LightningModule):
            def __init__(self):
                super().__init__()
                self.rnn = nn.GRU(3, 5)

        def main(loader, options):
            L.Trainer({arguments}).fit(Module(), loader)
        """,
    )
    assert project.is_right()


@pytest.mark.parametrize("hook", ["configure_gradient_clipping", "on_before_optimizer_step", "on_after_backward"])
def test_a_lightning_module_that_clips_in_a_hook_is_silent(project: Project, hook: str) -> None:
    project.add(
        "train.py",
        f"""
        import pytorch_lightning as pl
        import torch
        from torch import nn

        class Module(pl.LightningModule):
            def __init__(self):
                super().__init__()
                self.rnn = nn.GRU(3, 5)

            def {hook}(self, *args):
                torch.nn.utils.clip_grad_norm_(self.parameters(), 1.0)

        trainer = pl.Trainer(max_epochs=3)
        trainer.fit(Module())
        """,
    )
    assert project.is_right()


def test_a_recurrent_layer_behind_a_flag_that_is_off_is_not_trained(project: Project) -> None:
    project.add(
        "train.py",
        """
        import torch
        from torch import nn

        class Head(nn.Module):
            def __init__(self, use_rnn=False):
                super().__init__()
                if use_rnn:
                    self.mix = nn.LSTM(8, 8)
                else:
                    self.mix = nn.Linear(8, 8)

        class Whole(nn.Module):
            def __init__(self, kind="mlp"):
                super().__init__()
                if kind == "mlp":
                    self.head = Head()
                else:
                    self.head = Head(use_rnn=True)

        def fit(batches):
            model = Whole()
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            for x in batches:
                model(x).mean().backward()
                optimizer.step()
        """,
    )
    assert project.is_right()


def test_schedulers_and_environments_make_no_steps(project: Project) -> None:
    project.add(
        "train.py",
        """
        import gym
        import torch
        from model import Net

        def play(model: Net, loss):
            env = gym.make("CartPole-v1")
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            lr_opt = torch.optim.lr_scheduler.StepLR(optimizer, 3)
            for _ in range(3):
                loss.backward()
                lr_opt.step()
                env.step(0)
        """,
    )
    assert project.is_right()


def test_differential_privacy_that_bounds_each_gradient_silences_the_loop(project: Project) -> None:
    project.add(
        "train.py",
        """
        import torch
        from model import Net
        from opacus import PrivacyEngine

        def main(loader):
            model = Net()
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            engine = PrivacyEngine()
            model, optimizer, loader = engine.make_private(module=model, optimizer=optimizer, max_grad_norm=1.0)
            for x in loader:
                model(x).mean().backward()
                optimizer.step()
        """,
    )
    assert project.is_right()


def test_a_model_that_cannot_be_followed_is_never_guessed(project: Project) -> None:
    project.add(
        "train.py",
        """
        import importlib
        import torch
        from model import Net

        def main(loader, args):
            model = getattr(importlib.import_module(args.module), args.name)()
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            for x in loader:
                model(x).mean().backward()
                optimizer.step()
        """,
    )
    assert project.is_right()


# ---------------------------------------------------------------------------------------------------------------- fires


def test_model_loop_and_optimiser_are_found_in_four_files(project: Project) -> None:
    project.add(
        "factory.py",
        """
        import torch
        from model import Net as Model

        MODELS = {"lstm": Model, "line": torch.nn.Linear}

        def build_model(args):
            model = MODELS[args.model](args.hidden)
            if args.parallel:
                model = torch.nn.DataParallel(model)
            return model.to(args.device)

        def build_optimizer(model, args):
            groups = [{"params": [p for _, p in model.named_parameters() if p.requires_grad]}]
            return getattr(torch.optim, args.optimizer)(groups, lr=args.lr)
        """,
    ).add(
        "engine.py",
        """
        class Engine:
            def __init__(self, model, optimizer):
                self.model, self.optimizer = model, optimizer

            def run(self, batches):
                for batch in batches:
                    self.update(self.loss_of(batch))

            def loss_of(self, batch):
                return self.model(batch).mean()

            def update(self, loss):
                self.optimizer.zero_grad()
                loss.backward()
                self.advance()

            def advance(self):
                self.optimizer.step()  # here
        """,
    ).add(
        "main.py",
        """
        from engine import Engine
        from factory import build_model, build_optimizer

        def main(args, batches):
            model = build_model(args)
            Engine(model, build_optimizer(model, args)).run(batches)
        """,
    )
    assert project.is_right()


WORD_MODEL = """
import torch
from torch import nn


class RNNModel(nn.Module):
    def __init__(self, rnn_type, ntoken, ninp, nhid, nlayers):
        super().__init__()
        self.encoder = nn.Embedding(ntoken, ninp)
        if rnn_type in ["LSTM", "GRU"]:
            self.rnn = getattr(nn, rnn_type)(ninp, nhid, nlayers)
        else:
            self.rnn = nn.RNN(ninp, nhid, nlayers, nonlinearity="tanh")
        self.decoder = nn.Linear(nhid, ntoken)

    def forward(self, ids, hidden):
        output, hidden = self.rnn(self.encoder(ids), hidden)
        return self.decoder(output), hidden
"""
WORD_LOOP = """
import argparse
import torch
import word_model as model

parser = argparse.ArgumentParser()
parser.add_argument("--model", default="LSTM")
args = parser.parse_args()
if args.model == "Transformer":
    model = model.TransformerModel(1000, 200).to("cpu")
else:
    model = model.RNNModel(args.model, 1000, 200, 200, 2).to("cpu")
criterion = torch.nn.NLLLoss()


def train(batches, lr):
    model.train()
    for data, targets in batches:
        model.zero_grad()
        output, hidden = model(data, None)
        loss = criterion(output, targets)
        loss.backward()
        CLIP
        for p in model.parameters():
            p.data.add_(p.grad, alpha=-lr)  # here


train([], 20)
"""


def test_a_language_model_stepped_by_hand_is_reported_where_its_parameters_change(project: Project) -> None:
    project.add("word_model.py", WORD_MODEL).add("main.py", WORD_LOOP.replace("CLIP", "pass"))
    assert project.is_right()


def test_a_language_model_stepped_by_hand_after_clipping_is_silent(project: Project) -> None:
    clipped = WORD_LOOP.replace("CLIP", "torch.nn.utils.clip_grad_norm_(model.parameters(), 0.25)").replace(MARK, "")
    project.add("word_model.py", WORD_MODEL).add("main.py", clipped)
    assert project.is_right()


def test_of_two_loops_in_one_script_only_the_one_without_clipping_is_reported(project: Project) -> None:
    project.add(
        "train.py",
        """
        import torch
        from model import Net

        first = Net()
        optimizer = torch.optim.SGD(first.parameters(), lr=0.1)
        for x in []:
            first(x).mean().backward()
            torch.nn.utils.clip_grad_norm_(first.parameters(), 1.0)
            optimizer.step()

        second = Net()
        optimizer = torch.optim.SGD(second.parameters(), lr=0.1)
        for x in []:
            second(x).mean().backward()
            optimizer.step()  # here
        """,
    )
    assert project.is_right()


def test_a_name_that_is_bound_anew_stands_for_the_model_it_was_bound_to_last(project: Project) -> None:
    project.add(
        "train.py",
        """
        import torch
        from model import Net

        model = Net()
        print(sum(p.numel() for p in model.parameters()))
        model = torch.nn.Linear(8, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for x in []:
            model(x).mean().backward()
            optimizer.step()
        """,
    )
    assert project.is_right()


def test_two_optimisers_that_share_a_backward_call_are_one_finding(project: Project) -> None:
    project.add(
        "train.py",
        """
        import torch
        from model import Net

        def train(batches):
            encoder, decoder = Net(), Net()
            encoder_optimizer = torch.optim.SGD(encoder.parameters(), lr=0.1)
            decoder_optimizer = torch.optim.SGD(decoder.parameters(), lr=0.1)
            for x in batches:
                decoder(encoder(x)).mean().backward()
                encoder_optimizer.step()  # here
                decoder_optimizer.step()
        """,
    )
    assert project.is_right()


@pytest.mark.parametrize(
    "made",
    [
        "nn.LSTM(8, 8)",
        "nn.Sequential(nn.Linear(8, 8), nn.GRU(8, 8))",
        "torch.compile(Net()).cuda()",
        "nn.parallel.DistributedDataParallel(Net().to(0), device_ids=[0])",
        "copy.deepcopy(Net())",
        "Net() if flag else nn.Linear(8, 1)",
        "[Net() for _ in range(2)][0]",
    ],
)
def test_a_recurrent_model_is_seen_however_it_is_made(project: Project, made: str) -> None:
    project.add(
        "train.py",
        f"""
        import copy
        import torch
        from model import Net
        from torch import nn

        def fit(batches, flag):
            model = {made}
            optimizer = torch.optim.AdamW(model.parameters())
            for x in batches:
                model(x).mean().backward()
                optimizer.step()  # here
        """,
    )
    assert project.is_right()


@pytest.mark.parametrize(
    ("setup", "backward", "step"),
    [
        ("model, opt = Accelerator().prepare(model, opt)", "accelerator.backward(loss)", "opt.step()"),
        ("model, opt = Fabric().setup(model, opt)", "fabric.backward(loss)", "opt.step()"),
        ("scaler = torch.cuda.amp.GradScaler()", "scaler.scale(loss).backward()", "scaler.step(opt)"),
        ("model, opt, *_ = deepspeed.initialize(model=model, config=CONFIG)", "model.backward(loss)", "model.step()"),
        ("model = model", "torch.autograd.backward(loss)", "opt.step()"),
    ],
)
def test_every_way_to_send_the_gradient_back_makes_a_loop(
    project: Project, setup: str, backward: str, step: str
) -> None:
    project.add(
        "train.py",
        f"""
        import deepspeed
        import torch
        from accelerate import Accelerator
        from lightning.fabric import Fabric
        from model import Net

        CONFIG = {{"train_batch_size": 8}}

        def fit(batches, accelerator, fabric):
            model = Net()
            opt = torch.optim.Adam(model.parameters())
            {setup}
            for x in batches:
                loss = model(x).mean()
                {backward}
                {step}  # here
        """,
    )
    assert project.is_right()


def test_a_closure_given_to_the_step_is_a_loop(project: Project) -> None:
    project.add(
        "train.py",
        """
        import torch
        from model import Net

        def fit(x):
            model = Net()
            optimizer = torch.optim.LBFGS(model.parameters())

            def closure():
                optimizer.zero_grad()
                loss = model(x).mean()
                loss.backward()
                return loss

            for _ in range(100):
                optimizer.step(closure)  # here
        """,
    )
    assert project.is_right()


def test_a_wrapper_of_the_optimiser_that_does_not_clip_is_reported_where_the_loop_calls_it(project: Project) -> None:
    project.add(
        "train.py",
        """
        import torch
        from model import Net

        class Warmup:
            def __init__(self, optimizer):
                self.optimizer = optimizer

            def step(self):
                for group in self.optimizer.param_groups:
                    group["lr"] *= 1.01
                self.optimizer.step()

        def fit(batches):
            model = Net()
            wrapped = Warmup(torch.optim.Adam(model.parameters()))
            for x in batches:
                model(x).mean().backward()
                wrapped.step()  # here
        """,
    )
    assert project.is_right()


def test_lightning_with_manual_optimisation_is_judged_by_its_own_step(project: Project) -> None:
    project.add(
        "train.py",
        """
        import pytorch_lightning as pl
        import torch
        from torch import nn

        class Module(pl.LightningModule):
            def __init__(self):
                super().__init__()
                self.automatic_optimization = False
                self.rnn = nn.GRU(3, 5)

            def training_step(self, batch, index):
                optimizer = self.optimizers()
                loss = self.rnn(batch)[0].mean()
                self.manual_backward(loss)
                optimizer.step()  # here

        pl.Trainer().fit(Module())
        """,
    )
    assert project.is_right()


def test_a_trainer_made_as_a_dataclass_is_followed(project: Project) -> None:
    project.add(
        "train.py",
        """
        from dataclasses import dataclass
        import torch
        from model import Net

        @dataclass
        class Trainer:
            model: torch.nn.Module
            optimizer: torch.optim.Optimizer

            def step(self, x):
                self.model(x).mean().backward()
                self.optimizer.step()  # here

        def main(batches):
            net = Net()
            trainer = Trainer(net, optimizer=torch.optim.SGD(net.parameters(), lr=0.1))
            for x in batches:
                trainer.step(x)
        """,
    )
    assert project.is_right()


@pytest.mark.parametrize(
    "long",
    [
        "total = " + " + ".join(["1"] * 900),
        "if 0:\n    pass\n" + "".join(f"elif {n}:\n    pass\n" for n in range(90)),
        "x" + ".relu()" * 150,
    ],
    ids=["terms of a sum", "branches", "chained calls"],
)
def test_source_with_hundreds_of_like_parts_is_walked(project: Project, long: str) -> None:
    project.add("long.py", f"import torch\n{long}\ndef step(optimizer):\n    optimizer.step()\n").add(
        "train.py",
        """
        import long
        import torch
        from model import Net

        model = Net()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for x in []:
            model(x).mean().backward()
            optimizer.step()  # here
        """,
    )
    assert project.is_right()


MANY_WAYS = 12
"""Layers of the next class in each class: five levels down there are a quarter of a million paths."""
SECONDS_FOR_MANY_WAYS = 5
"""Processor time. A search that walks each path takes minutes, one that looks into each class once well below one."""


def test_parts_that_many_paths_lead_to_are_looked_into_once(project: Project) -> None:
    """The layer at the bottom is no recurrent one, so that nothing ends the search before all of it was seen."""
    project.add("model.py", "\n\n".join(["from torch import nn", *map(_level, range(7))]))
    project.add("train.py", LOOP_OVER_LEVELS)
    began = process_time()
    assert not project.findings()
    assert process_time() - began < SECONDS_FOR_MANY_WAYS


def _level(depth: int) -> str:
    made = f"Level{depth - 1}()" if depth else "nn.Linear(8, 8)"
    parts = "\n".join(f"        self.part{number} = {made}" for number in range(MANY_WAYS))
    return f"class Level{depth}(nn.Module):\n    def __init__(self):\n        super().__init__()\n{parts}\n"


LOOP_OVER_LEVELS = """
import torch
from model import Level6

model = Level6()
optimizer = torch.optim.Adam(model.parameters())
for x, y in batches:
    optimizer.zero_grad()
    torch.nn.functional.mse_loss(model(x), y).backward()
    optimizer.step()
"""


# --------------------------------------------------------------------------------------------------------- what it says


def one_finding(project: Project, body: str, head: str = "") -> Finding:
    """The only finding on a loop around `body`."""
    project.add(
        "train.py",
        f"""
        import torch
        from model import Net
        {head}

        def fit(batches):
            net = Net(hidden=48)
            opt = torch.optim.Adam(net.parameters())
            scaler = torch.amp.GradScaler("cuda")
            for x in batches:
                loss = net(x).mean()
                {body}
        """,
    )
    (finding,) = project.findings()
    return finding


def test_the_help_is_written_in_the_names_of_the_file(project: Project) -> None:
    finding = one_finding(project, "loss.backward(); opt.step()")
    assert finding.help == "torch.nn.utils.clip_grad_norm_(net.parameters(), max_norm=1.0) before opt.step()"


def test_in_mixed_precision_the_help_unscales_first(project: Project) -> None:
    finding = one_finding(project, "scaler.scale(loss).backward(); scaler.step(opt)")
    assert finding.help.startswith("scaler.unscale_(opt), then torch.nn.utils.clip_grad_norm_(net.parameters()")


def test_the_evidence_names_the_recurrent_layer_and_its_place(project: Project) -> None:
    finding = one_finding(project, "loss.backward(); opt.step()")
    assert finding.predicted is not None
    assert (finding.predicted["layer"], finding.predicted["hidden_size"]) == ("LSTM", 48)
    ((place, _),) = finding.related
    assert (Path(place.path).name, place.line) == ("model.py", 8)


def test_gates_over_a_short_known_length_are_only_worth_an_info(project: Project) -> None:
    finding = one_finding(project, "loss.backward(); opt.step()", head="SEQ_LEN = 20")
    assert finding.severity is Severity.INFO


def test_gates_over_an_unknown_or_long_length_are_worth_a_warning(project: Project) -> None:
    assert one_finding(project, "loss.backward(); opt.step()").severity is Severity.WARNING
    assert one_finding(project, "loss.backward(); opt.step()", head="SEQ_LEN = 200").severity is Severity.WARNING
