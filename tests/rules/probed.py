"""Builds the models of a source file, probes each in this process, and asks the rules about what was measured."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import torch
from msgspec.structs import replace
from torch import nn

from initlint import Finding, Rule
from initlint.finding import Place
from initlint.network import Network
from initlint.probe.linking import link
from initlint.probe.session import record
from initlint.probe.settings import Settings
from initlint.rule import load_rules

STEPS = {"INL614": 1}
"""Codes of the rules that judge optimiser steps, and how many."""


@cache
def measured_rules() -> dict[str, Rule]:
    """The rules with a measured witness, by code."""
    return {code: rule for code, rule in load_rules().items() if rule.is_measured()}


def findings(source: Path, *, also: str = "") -> list[Finding]:
    """What the measured rules that are on by default, and `also`, report on the models of a file."""
    rules = [rule for code, rule in measured_rules().items() if rule.default or code == also]
    return [found for network in networks(source, also) for rule in rules for found in rule.check_measured(network)]


def lines(source: Path, code: str) -> list[int]:
    """The lines that one rule reports."""
    return sorted({found.place.line for found in findings(source, also=code) if found.code == code})


def networks(source: Path, code: str = "") -> Iterator[Network]:
    """Every model of a file that is built without arguments, probed."""
    passes = frozenset({"unwritten", "jacobian"} if code == "INL611" else {"unwritten"})
    settings = Settings(device=torch.device("cpu"), passes=passes, steps=STEPS.get(code, 0))
    names = [name for name, value in vars(_load(source)).items() if _builds(value, source)]
    for name in names:
        target = getattr(_load(source), name)
        recording = record(lambda name=name: _model(source, name), settings)
        place = _definition(target, source) if inspect.isclass(target) else None
        yield link(replace(recording, place=place))


def _load(source: Path) -> ModuleType:
    """A new run of the file: a model at module level is built anew each time."""
    name = f"probed_{source.stem}"
    spec = spec_from_file_location(name, source)
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _model(source: Path, name: str) -> nn.Module:
    found = getattr(_load(source), name)
    made = found if isinstance(found, nn.Module) else found()
    assert isinstance(made, nn.Module)
    return made


def _builds(value: object, source: Path) -> bool:
    """Whether it is a model, a model's class, or a function without arguments that builds one."""
    if isinstance(value, nn.Module):
        return True
    if getattr(value, "__module__", "") != f"probed_{source.stem}" or not callable(value):
        return False
    is_class = inspect.isclass(value) and issubclass(value, nn.Module)
    return not _required(value) and (is_class or (inspect.isfunction(value) and isinstance(value(), nn.Module)))


def _required(value: Callable[..., object]) -> list[inspect.Parameter]:
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    given = inspect.signature(value).parameters.values()
    return [each for each in given if each.default is each.empty and each.kind not in variadic]


def _definition(target: type, source: Path) -> Place:
    line = inspect.getsourcelines(target)[1]
    return Place(str(source), line, 1, line, 1)
