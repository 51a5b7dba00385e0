"""INL105."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.finding import Finding
from initlint.network import LateInit, Network
from initlint.rule import Rule


class InitOverwritesPretrained(Rule):
    """A model is initialised after its pretrained weights were loaded.

    Why: an init function writes over whatever it reaches. The download is thrown away, and fine-tuning starts from
    random weights without a word: only a worse result tells.
    Predicted: the writes to the weights in the order in which they run: a load, and an init behind it.
    Measured: -
    Silent on: a new head that is initialised alone, a model loaded on one branch and initialised on the other, loops
    that pick layers by name, and a second model beside the one that was loaded.
    Fix: initialise first, then load; or apply the init function to the new layers only.
    Source: the documentation of torch.nn.Module.apply: "applies fn recursively to every submodule".
    """

    code = "INL105"
    name = "init-overwrites-pretrained"
    bad = """
from torch import nn
from torchvision.models import resnet18


def init_weights(m):
    if isinstance(m, nn.Conv2d):
        nn.init.kaiming_normal_(m.weight, nonlinearity="relu")


def build():
    model = resnet18(weights="DEFAULT")
    model.apply(init_weights)  # bad
    return model
"""
    good = """
from torch import nn
from torchvision.models import resnet18


def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.normal_(m.weight, std=0.01)


def build():
    model = resnet18(weights="DEFAULT")
    model.fc = nn.Linear(512, 5)
    model.fc.apply(init_weights)
    return model
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Reports every init behind a load."""
        for seen in network.observed(LateInit):
            message = (
                f"{network.name}: the weights loaded on line {seen.loaded.line} are initialised again here: "
                f"training starts from random weights"
            )
            what = "apply it" if seen.is_applied else "run it"
            remedy = f"initialise before the weights are loaded, or {what} over the new layers only: model.head"
            related = [(seen.loaded, "the weights are loaded here")]
            yield self.finding(seen.place, message, help=remedy, related=related)
