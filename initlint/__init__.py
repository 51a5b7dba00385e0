"""Tells before the first GPU hour whether a neural network can learn.

`check` reads source and predicts; nothing of what it reads is imported or run. `probe` runs a model once and measures.
Importing this package is light: each
public name is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from initlint.checking import check as check
    from initlint.checking import check_text as check_text
    from initlint.finding import Finding as Finding
    from initlint.finding import Place as Place
    from initlint.finding import Problem as Problem
    from initlint.finding import Severity as Severity
    from initlint.probing import ProbeResult as ProbeResult
    from initlint.probing import probe as probe
    from initlint.report.report import Report as Report
    from initlint.rule import Rule as Rule

    __version__: str

__all__ = [
    "Finding",
    "Place",
    "ProbeResult",
    "Problem",
    "Report",
    "Rule",
    "Severity",
    "__version__",
    "check",
    "check_text",
    "probe",
]

_HOMES = {
    "Finding": "initlint.finding",
    "Place": "initlint.finding",
    "ProbeResult": "initlint.probing",
    "Problem": "initlint.finding",
    "Report": "initlint.report.report",
    "Rule": "initlint.rule",
    "Severity": "initlint.finding",
    "check": "initlint.checking",
    "check_text": "initlint.checking",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("initlint")
    if name == "probe":  # a package that can be called: importing anything in it would take the name from a function
        return import_module("initlint.probe")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
