"""Fixes in notebooks: cells change inside their JSON, all else stays byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from initlint import Report, check

pytestmark = pytest.mark.usefixtures("fixing_rules")

WRITTEN = """{
 "cells": [
  {"cell_type": "markdown", "metadata": {}, "source": ["# \\u00dcber\\n", "text"]},
  {
   "cell_type": "code",
   "execution_count": 7,
   "metadata": {"x": 1.50},
   "outputs": [{"text": ["old(1)"]}],
   "source": [
    "%matplotlib inline\\n",
    "import math  # \\u00e9\\n",
    "import torch.nn.functional as F"
   ]
  },
  {
   "source": [
    "s = '\\/\\u00e9\\ud83d\\ude00'\\n",
    "x = CALL"
   ],
   "cell_type": "code"
  },
  {"cell_type": "code", "source": "y = 1\\nz = root(y)\\n"}
 ],
 "metadata":   {},
 "nbformat": 4, "nbformat_minor": 5
}
"""


def fix(tmp_path: Path, written: str) -> tuple[str, Report]:
    path = tmp_path / "notes.ipynb"
    path.write_bytes(written.encode())
    report = check(path, isolated=True, select=["TSF"], fix=True)
    assert not report.errors
    after = path.read_bytes().decode()
    json.loads(after)
    return after, report


def test_a_call_is_replaced_inside_its_string(tmp_path: Path) -> None:
    after, report = fix(tmp_path, WRITTEN.replace("CALL", "old(s)  # why"))
    wanted = WRITTEN.replace("CALL", "F.log_softmax(s)  # why").replace("z = root(y)", "z = math.sqrt(y)")
    assert after == wanted
    assert len(report.fixes.fixed) == 2


def test_a_statement_becomes_a_line_of_the_cell(tmp_path: Path) -> None:
    after, _ = fix(tmp_path, WRITTEN.replace("CALL", "then()"))
    wanted = WRITTEN.replace('"x = CALL"', '"x = now()\\n",\n    "last()"').replace("z = root(y)", "z = math.sqrt(y)")
    assert after == wanted


def test_a_statement_goes_in_front_at_the_start_of_a_cell(tmp_path: Path) -> None:
    after, _ = fix(tmp_path, '{"cells": [{"cell_type": "code", "source": ["early()"]}]}')
    assert after == '{"cells": [{"cell_type": "code", "source": ["first()\\n", "late()"]}]}'


def test_the_last_statement_of_a_cell_can_go(tmp_path: Path) -> None:
    after, _ = fix(
        tmp_path,
        '{"cells": [{"cell_type": "code", "source": ["a = 1\\n", "gone()"]}, {"cell_type": "code", "source": ["b = 2"]}]}',
    )
    assert [cell["source"] for cell in json.loads(after)["cells"]] == [["a = 1"], ["b = 2"]]


def test_an_import_is_added_among_the_first_ones(tmp_path: Path) -> None:
    cells = '{"cells": [{"cell_type": "code", "source": ["import ast"]}, {"cell_type": "code", "source": ["root(1)"]}]}'
    after, _ = fix(tmp_path, cells)
    assert after == cells.replace('["import ast"]', '["import ast\\n", "import math"]').replace("root", "math.sqrt")


def test_a_line_that_is_no_python_is_not_touched(tmp_path: Path) -> None:
    cells = '{"cells": [{"cell_type": "code", "source": ["%time old(1)\\n", "x = !ls\\n", "import math; root(1)"]}]}'
    after, _ = fix(tmp_path, cells)
    assert after == cells.replace("root", "math.sqrt")


def test_characters_are_escaped_where_the_whole_file_is_ascii(tmp_path: Path) -> None:
    cells = '{"cells": [{"cell_type": "code", "source": ["wide()"]}]}'
    path = tmp_path / "notes.ipynb"
    path.write_text(cells)
    report = check(path, isolated=True, select=["TSF"], fix=True)
    assert path.read_text() == cells
    assert "would not be read" in report.fixes.left_out[0].reason
