"""A probe of source that is not what its file holds: how a fix is measured before it is written."""

from __future__ import annotations

from pathlib import Path

from initlint.probe.containment import run_contained
from initlint.probe.recording import Recording
from initlint.probe.request import Request

MODEL = "from torch import nn\nfrom width import WIDTH\n\n\ndef build():\n    return nn.Linear(8, WIDTH)\n"


def units(target: str, contents: dict[str, bytes]) -> int:
    found = run_contained(Request(target=target, seeds=1, passes=(), contents=contents), lambda stage: None).result
    assert isinstance(found, Recording)
    return next(each.values.elements for each in found.parameters if each.name == "bias")


def test_modules_are_imported_from_what_is_given_and_files_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "width.py").write_text("WIDTH = 3\n")
    target = f"{tmp_path / 'model.py'}:build"
    assert units(target, {}) == 3
    assert units(target, {str(tmp_path / "width.py"): b"WIDTH = 5\n"}) == 5
    assert (tmp_path / "width.py").read_text() == "WIDTH = 3\n"
    assert units(target, {}) == 3
