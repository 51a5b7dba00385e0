"""What a probe says of real architectures with random weights, all of which are known to train.

Each is built and probed in a process of its own, as the command does it, on inputs that are worked out unless the zoo gives
them. Every verdict that is not "healthy" and every finding is judged in architectures.json, with a reason. Exits with 1
while one has no judgement, and where a network that trains is called broken.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from zoo import ZOO, Architecture

from initlint import probing
from initlint.configuration import Configuration
from initlint.probe.request import ALL_PASSES, Request

HERE = Path(__file__).parent
JUDGED = HERE / "architectures.json"


@dataclass(frozen=True)
class Result:
    """What became of one architecture."""

    architecture: Architecture
    seconds: float
    verdict: str = "failed"
    score: float = 0.0
    parameters: int = 0
    inputs: str = ""
    findings: tuple[tuple[str, str, str], ...] = ()
    """Code, severity and message."""
    problem: str = ""

    @property
    def claims(self) -> list[str]:
        """What has to be judged: codes, and the verdict if it is a bad one."""
        return [*sorted({code for code, _, _ in self.findings}), *([self.verdict] if self.verdict != "healthy" else [])]


@dataclass(frozen=True)
class Judgement:
    """Whether a claim about some models is right."""

    claim: str
    models: frozenset[str]
    verdict: str
    """``"right"`` or ``"wrong"``."""
    reason: str


def main() -> int:
    """Probe all, print the table; return the exit code."""
    options = _options()
    judgements = read(JUDGED)
    results = []
    for architecture in ZOO:
        if re.search(options.only, f"{architecture.library}/{architecture.name}"):
            results.append(examine(architecture, options.batch, tuple(options.passes)))
            print(line(results[-1], judgements), flush=True)
            for _, severity, message in results[-1].findings if options.verbose else ():
                print(f"    {severity}: {message}")
    print("\n".join(summary(results, judgements)))
    return int(any(is_open(result, judgements) for result in results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="regular expression for library/name")
    parser.add_argument("--batch", type=int, default=8, help="samples [8]")
    parser.add_argument(
        "--passes", nargs="*", default=ALL_PASSES, choices=ALL_PASSES, metavar="PASS", help="extra ones [all]"
    )
    parser.add_argument("--verbose", action="store_true", help="show each finding's message")
    return parser.parse_args()


def examine(architecture: Architecture, batch: int, passes: tuple[str, ...]) -> Result:
    """Build and probe one."""
    request = Request(
        target=f"{HERE / 'zoo.py'}:{architecture.library}_model",
        arguments={"name": architecture.name},
        inputs=architecture.inputs,
        batch=None if architecture.inputs else batch,
        device="cpu",
        seeds=1,
        passes=passes,
        time_limit=600.0,
    )
    began = time.perf_counter()
    with warnings.catch_warnings(record=True):
        report = probing.run([request], Configuration())
    seconds = time.perf_counter() - began
    (probed,) = report.targets
    recording = probed.network.measured if probed.network is not None else None
    if recording is None:
        return Result(architecture, seconds, problem=probed.problem.message if probed.problem else "not measured")
    return Result(
        architecture,
        seconds,
        verdict=str(probed.verdict),
        score=probed.score or 0.0,
        parameters=sum(
            row.values.elements for row in recording.parameters if row.is_registered and not row.is_computed
        ),
        inputs=recording.inputs,
        findings=tuple((each.code, each.severity.value, each.message) for each in report.findings),
    )


# ------------------------------------------------------------------------------------------------------------ judging


def read(path: Path) -> list[Judgement]:
    """The judgements that were written down."""
    entries = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return [Judgement(each["claim"], frozenset(each["models"]), each["verdict"], each["reason"]) for each in entries]


def judged(result: Result, claim: str, judgements: Iterable[Judgement]) -> str:
    """``"right"``, ``"wrong"`` or ``"unjudged"``."""
    found = (each.verdict for each in judgements if each.claim == claim and result.architecture.name in each.models)
    return next(found, "unjudged")


def is_open(result: Result, judgements: list[Judgement]) -> bool:
    """Whether it failed, is called broken, or has a claim that nobody judged."""
    is_unjudged = any(judged(result, claim, judgements) == "unjudged" for claim in result.claims)
    return is_unjudged or result.verdict in ("broken", "failed")


# ----------------------------------------------------------------------------------------------------------- reporting


def line(result: Result, judgements: list[Judgement]) -> str:
    """One row of the table."""
    name = f"{result.architecture.library}/{result.architecture.name}"
    if result.problem:
        return f"{name:<50} failed after {result.seconds:.0f} s: {result.problem[:200]}"
    claims = ", ".join(f"{claim} ({judged(result, claim, judgements)})" for claim in result.claims)
    size = f"{result.parameters / 1e6:.1f} M"
    return f"{name:<50} {size:>8} {result.verdict:<8} {result.score:>5.2f} {result.seconds:>4.0f} s  {result.inputs:<28} {claims}"


def summary(results: list[Result], judgements: list[Judgement]) -> Iterator[str]:
    """Counts over all."""
    yield ", ".join(f"{verdict}: {count}" for verdict, count in Counter(each.verdict for each in results).items())
    counts = Counter((claim, judged(each, claim, judgements)) for each in results for claim in each.claims)
    for (claim, verdict), count in sorted(counts.items()):
        yield f"  {claim:<10} {verdict:<9} {count}"


if __name__ == "__main__":
    sys.exit(main())
