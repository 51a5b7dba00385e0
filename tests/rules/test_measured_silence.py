"""A false alarm on a network that trains costs more than a miss: the measured rules are silent on all of these."""

from __future__ import annotations

import pytest
import torch
from healthy_networks import HEALTHY
from probed import measured_rules

from initlint.probe.linking import link
from initlint.probe.session import Settings, record


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_reported_on_a_network_that_people_train(name: str) -> None:
    build, specs = HEALTHY[name]
    settings = Settings(device=torch.device("cpu"), specs=specs, passes=frozenset({"unwritten", "time"}))
    network = link(record(build, settings))
    rules = [rule for rule in measured_rules().values() if rule.default]
    said = [
        f"{each.severity.value} {each.code} {each.message}" for rule in rules for each in rule.check_measured(network)
    ]
    assert said == []
