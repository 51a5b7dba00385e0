"""Projects for the tests of rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import RECURRENT_MODEL, Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project."""
    return Project(tmp_path)


@pytest.fixture
def recurrent(project: Project) -> Project:
    """A project that holds nothing but a recurrent model, `Net` in model.py."""
    return project.add("model.py", RECURRENT_MODEL)
