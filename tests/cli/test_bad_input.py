"""Input that cannot be read or checked: named with its cause and a remedy, exit code 2, and the rest is done."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

SICK = "import torch\nsick()\n"


@pytest.fixture
def check(initlint, tmp_path: Path):
    """Checks a file `bad` beside a sick one; gives the message about it, after seeing that the sick one was checked."""

    def run(*paths: str) -> dict[str, object]:
        (tmp_path / "sick.py").write_text(SICK)
        done = initlint("check", "--select", "TST", "--format", "json", *paths)
        assert done.returncode == 2, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        document = json.loads(done.stdout)
        assert [(one["path"], one["line"]) for one in document["findings"]] == [("sick.py", 2)]
        (error,) = document["errors"]
        shown = initlint("check", "--select", "TST", *paths).stdout
        assert error["path"] in shown and str(error["message"]).split()[0] in shown
        return error

    return run


def test_broken_syntax_names_line_and_column(check, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("import torch\n\nclass Net(:\n    pass\n")
    error = check()
    assert (error["path"], error["line"]) == ("bad.py", 3)
    assert error["column"]
    assert error["message"]


def test_a_binary_file_called_py(check, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_bytes(b"\x7fELF\x00\x01\x02import torch\x00\xff\xfe" * 20)
    assert check()["path"] == "bad.py"


def test_bytes_that_are_not_in_the_encoding(check, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_bytes(b"import torch\nname = '\xff\xfe'\n")
    assert check()["path"] == "bad.py"


def test_an_unknown_encoding(check, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_bytes(b"# coding: klingon\nimport torch\n")
    assert check()["path"] == "bad.py"


def test_an_invalid_notebook(check, tmp_path: Path) -> None:
    (tmp_path / "bad.ipynb").write_text('{"cells": [torch')
    assert check()["path"] == "bad.ipynb"


def test_json_that_is_no_notebook(check, tmp_path: Path) -> None:
    (tmp_path / "bad.ipynb").write_text('["torch"]')
    assert check()["path"] == "bad.ipynb"


def test_a_syntax_error_in_a_notebook_names_the_cell(check, tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# torch"]},
        {
            "cell_type": "code",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": ["import torch\n", "x ="],
        },
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "bad.ipynb").write_text(json.dumps(notebook))
    error = check()
    assert error["path"] == "bad.ipynb"
    assert "cell 2" in str(error["message"])


def test_a_missing_path(check) -> None:
    assert check("sick.py", "no_such.py")["path"] == "no_such.py"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_file(check, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(SICK)
    (tmp_path / "bad.py").chmod(0)
    assert check()["path"] == "bad.py"


def test_a_link_that_leads_nowhere_is_a_problem_when_it_is_asked_for(check, tmp_path: Path) -> None:
    (tmp_path / "bad.py").symlink_to("gone.py")
    assert check("sick.py", "bad.py")["path"] == "bad.py"


@pytest.mark.parametrize("source", ["", "\n", "# nothing\n", "\ufeff"])
def test_an_empty_file_is_fine(initlint, tmp_path: Path, source: str) -> None:
    (tmp_path / "empty.py").write_text(source, encoding="utf-8")
    assert initlint("check", "empty.py").returncode == 0


def test_a_file_of_5_megabytes_is_checked(initlint, tmp_path: Path) -> None:
    table = "".join(f"    {number}.25, '{'text' * 600}',\n" for number in range(2200))
    (tmp_path / "big.py").write_text(f"import torch\nTABLE = [\n{table}]\nsick()\n")
    assert (tmp_path / "big.py").stat().st_size > 5_000_000
    done = initlint("check", "--select", "TST", "--format", "json")
    assert [one["line"] for one in json.loads(done.stdout)["findings"]] == [2204]


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 5000 + "1" + ")" * 5000,
        " + ".join(["1"] * 20_000),
        "-" * 3000 + "1",
        "f" + "(1)" * 500,
        "a" + ".b" * 5000,
    ],
    ids=["parentheses", "sum", "minus", "calls", "attributes"],
)
def test_a_deeply_nested_expression_is_checked_or_said_to_be_too_deep(initlint, tmp_path: Path, expression) -> None:
    (tmp_path / "deep.py").write_text(f"import torch\nx = {expression}\n")
    (tmp_path / "sick.py").write_text(SICK)
    done = initlint("check", "--select", "TST", "--format", "json")
    assert done.returncode in (1, 2)
    document = json.loads(done.stdout)
    assert [one["path"] for one in document["findings"]] == ["sick.py"]
    assert [one["path"] for one in document["errors"]] == ["deep.py"] * (done.returncode == 2)
    assert "internal error" not in done.stderr


def test_every_problem_of_a_run_is_named(initlint, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import torch\nclass\n")
    (tmp_path / "b.py").write_text("import torch\ndef\n")
    done = initlint("check", "a.py", "b.py", "c.py")
    assert done.returncode == 2
    assert all(name in done.stdout for name in ("a.py:2", "b.py:2", "c.py"))
    assert "3 problems" in done.stdout
