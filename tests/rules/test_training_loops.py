"""Which training loops over recurrent models are said to lack clipping (INL401), and what is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import MARK, Project

from initlint import Finding, Severity


def test_model_loop_and_optimiser_are_found_in_four_files(recurrent: Project) -> None:
    recurrent.add(
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
    assert recurrent.is_right("INL401")


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


def test_a_language_model_stepped_by_hand_is_reported_where_its_parameters_change(recurrent: Project) -> None:
    recurrent.add("word_model.py", WORD_MODEL).add("main.py", WORD_LOOP.replace("CLIP", "pass"))
    assert recurrent.is_right("INL401")


def test_a_language_model_stepped_by_hand_after_clipping_is_silent(recurrent: Project) -> None:
    clipped = WORD_LOOP.replace("CLIP", "torch.nn.utils.clip_grad_norm_(model.parameters(), 0.25)").replace(MARK, "")
    recurrent.add("word_model.py", WORD_MODEL).add("main.py", clipped)
    assert recurrent.is_right("INL401")


def test_of_two_loops_in_one_script_only_the_one_without_clipping_is_reported(recurrent: Project) -> None:
    recurrent.add(
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
    assert recurrent.is_right("INL401")


def test_a_name_that_is_bound_anew_stands_for_the_model_it_was_bound_to_last(recurrent: Project) -> None:
    recurrent.add(
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
    assert recurrent.is_right("INL401")


def test_two_optimisers_that_share_a_backward_call_are_one_finding(recurrent: Project) -> None:
    recurrent.add(
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
    assert recurrent.is_right("INL401")


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
def test_a_recurrent_model_is_seen_however_it_is_made(recurrent: Project, made: str) -> None:
    recurrent.add(
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
    assert recurrent.is_right("INL401")


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
    recurrent: Project, setup: str, backward: str, step: str
) -> None:
    recurrent.add(
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
    assert recurrent.is_right("INL401")


def test_a_closure_given_to_the_step_is_a_loop(recurrent: Project) -> None:
    recurrent.add(
        "train.py",
        """
        import torch
        from model import Net

        def fit(x):
            model = Net()
            optimizer = torch.optim.Adagrad(model.parameters())

            def closure():
                optimizer.zero_grad()
                loss = model(x).mean()
                loss.backward()
                return loss

            for _ in range(100):
                optimizer.step(closure)  # here
        """,
    )
    assert recurrent.is_right("INL401")


def test_a_wrapper_of_the_optimiser_that_does_not_clip_is_reported_where_the_loop_calls_it(recurrent: Project) -> None:
    recurrent.add(
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
    assert recurrent.is_right("INL401")


def test_lightning_with_manual_optimisation_is_judged_by_its_own_step(recurrent: Project) -> None:
    recurrent.add(
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
    assert recurrent.is_right("INL401")


def test_a_trainer_made_as_a_dataclass_is_followed(recurrent: Project) -> None:
    recurrent.add(
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
    assert recurrent.is_right("INL401")


# --------------------------------------------------------------------------------------------------------- what it says


def one_finding(recurrent: Project, body: str, head: str = "") -> Finding:
    """The only finding on a loop around `body`."""
    recurrent.add(
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
    (finding,) = recurrent.findings("INL401")
    return finding


def test_the_help_is_written_in_the_names_of_the_file(recurrent: Project) -> None:
    finding = one_finding(recurrent, "loss.backward(); opt.step()")
    assert finding.help == "torch.nn.utils.clip_grad_norm_(net.parameters(), max_norm=1.0) before opt.step()"


def test_in_mixed_precision_the_help_unscales_first(recurrent: Project) -> None:
    finding = one_finding(recurrent, "scaler.scale(loss).backward(); scaler.step(opt)")
    assert finding.help.startswith("scaler.unscale_(opt), then torch.nn.utils.clip_grad_norm_(net.parameters()")


def test_the_evidence_names_the_recurrent_layer_and_its_place(recurrent: Project) -> None:
    finding = one_finding(recurrent, "loss.backward(); opt.step()")
    assert finding.predicted is not None
    assert (finding.predicted["layer"], finding.predicted["hidden_size"]) == ("LSTM", 48)
    ((place, _),) = finding.related
    assert (Path(place.path).name, place.line) == ("model.py", 8)


def test_gates_over_a_short_known_length_are_only_worth_an_info(recurrent: Project) -> None:
    finding = one_finding(recurrent, "loss.backward(); opt.step()", head="SEQ_LEN = 20")
    assert finding.severity is Severity.INFO


def test_gates_over_an_unknown_or_long_length_are_worth_a_warning(recurrent: Project) -> None:
    assert one_finding(recurrent, "loss.backward(); opt.step()").severity is Severity.WARNING
    assert one_finding(recurrent, "loss.backward(); opt.step()", head="SEQ_LEN = 200").severity is Severity.WARNING
