"""What a probe measures of the architectures of the zoo, several builds of each, kept in a folder."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import msgspec
from packages import FOLDER
from zoo import Architecture

from initlint.probe.recording import Recording

HERE = Path(__file__).parent
RECORDINGS = FOLDER / ".recordings"
SEEDS = 3
"""Builds of each architecture: one draw of a narrow layer is off by more than what is asked of the prediction."""
BATCH = 4
"""Samples: enough for a batch norm, and little to wait for."""


def measure(architecture: Architecture, under: Path) -> list[Recording]:
    """What a probe records of each build; kept under the folder. Builds that run differently from the first are left out."""
    found = []
    for seed in range(SEEDS):
        kept = under / f"{architecture.library}-{architecture.name}.{seed}.msgpack"
        if not kept.exists():
            under.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(msgspec.msgpack.encode(_record(architecture, seed)))
        found.append(msgspec.msgpack.decode(kept.read_bytes(), type=Recording))
    return [each for each in found if [row.inputs for row in each.rows] == [row.inputs for row in found[0].rows]]


def _record(architecture: Architecture, seed: int) -> Recording:
    from initlint.probe.loading import load, prepare
    from initlint.probe.request import Request
    from initlint.probe.session import record
    from initlint.probe.settings import settings_of

    given = tuple(re.sub(r"^\d+,", f"{BATCH},", text) for text in architecture.inputs)
    request = Request(
        target=f"{HERE / 'zoo.py'}:{architecture.library}_model",
        arguments={"name": architecture.name},
        inputs=given,
        batch=None if given else BATCH,
        device="cpu",
        seeds=1,
        passes=(),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        builder = prepare(load(request.target, request.directory), request.arguments, request.directory)
        settings = settings_of(request, lambda stage: None)
        return record(builder.build, settings, seed=seed, target=request.target)
