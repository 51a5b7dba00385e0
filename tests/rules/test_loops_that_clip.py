"""Which training loops over recurrent models are not said to lack clipping (INL401): those that clip, or may."""

from __future__ import annotations

import pytest
from projects import Project


def test_a_clipping_function_given_to_the_loop_as_an_argument_silences_it(recurrent: Project) -> None:
    recurrent.add(
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
    assert recurrent.is_right("INL401")


def test_a_callback_that_cannot_be_followed_between_backward_and_step_silences_the_loop(recurrent: Project) -> None:
    recurrent.add(
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
    assert recurrent.is_right("INL401")


def test_a_hook_of_a_subclass_that_clips_silences_the_loop_of_its_base(recurrent: Project) -> None:
    recurrent.add(
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
    assert recurrent.is_right("INL401")


def test_an_optimiser_class_that_clips_in_its_step_silences_the_loop(recurrent: Project) -> None:
    recurrent.add(
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
    assert recurrent.is_right("INL401")


@pytest.mark.parametrize(
    "optimizer",
    ["apex.optimizers.FusedLAMB(model.parameters())", "factory.create(model)", "Lion8bit(model.parameters())"],
)
def test_an_optimiser_from_elsewhere_that_may_clip_silences_the_loop(recurrent: Project, optimizer: str) -> None:
    recurrent.add(
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
    assert recurrent.is_right("INL401")


@pytest.mark.parametrize(
    "arguments",
    ["gradient_clip_val=0.5", "**options", "callbacks=[GradientClipping(1.0)]"],
)
def test_a_lightning_trainer_that_clips_or_may_clip_is_silent(recurrent: Project, arguments: str) -> None:
    recurrent.add(
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
    assert recurrent.is_right("INL401")


@pytest.mark.parametrize("hook", ["configure_gradient_clipping", "on_before_optimizer_step", "on_after_backward"])
def test_a_lightning_module_that_clips_in_a_hook_is_silent(recurrent: Project, hook: str) -> None:
    recurrent.add(
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
    assert recurrent.is_right("INL401")


def test_a_recurrent_layer_behind_a_flag_that_is_off_is_not_trained(recurrent: Project) -> None:
    recurrent.add(
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
    assert recurrent.is_right("INL401")


def test_schedulers_and_environments_make_no_steps(recurrent: Project) -> None:
    recurrent.add(
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
    assert recurrent.is_right("INL401")


def test_differential_privacy_that_bounds_each_gradient_silences_the_loop(recurrent: Project) -> None:
    recurrent.add(
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
    assert recurrent.is_right("INL401")


def test_a_model_that_cannot_be_followed_is_never_guessed(recurrent: Project) -> None:
    recurrent.add(
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
    assert recurrent.is_right("INL401")
