"""What single edits make of a file: exactly what they say, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint import Report, check

pytestmark = pytest.mark.usefixtures("fixing_rules")


def fix(path: Path, *, unsafe: bool = False) -> Report:
    return check(path, isolated=True, select=["TSF"], fix=True, unsafe_fixes=unsafe)


def fixed(tmp_path: Path, source: str | bytes) -> str:
    """What becomes of a source; written and read without translation of line ends."""
    path = tmp_path / "model.py"
    path.write_bytes(source.encode() if isinstance(source, str) else source)
    report = fix(path)
    assert not report.errors
    return path.read_bytes().decode()


NAMES = [
    ("import torch.nn.functional as F\nold(x)\n", "import torch.nn.functional as F\nF.log_softmax(x)\n"),
    (
        "from torch.nn import functional as fun\nold(x)\n",
        "from torch.nn import functional as fun\nfun.log_softmax(x)\n",
    ),
    (
        "from torch.nn.functional import log_softmax\nold(x)\n",
        "from torch.nn.functional import log_softmax\nlog_softmax(x)\n",
    ),
    ("import torch as t\nold(x)\n", "import torch as t\nt.nn.functional.log_softmax(x)\n"),
    ("import torch.optim\nold(x)\n", "import torch.optim\ntorch.nn.functional.log_softmax(x)\n"),
    ("from torch import nn\nold(x)\n", "from torch import nn\nnn.functional.log_softmax(x)\n"),
    ("old(x)\n", "import torch.nn.functional as F\n\nF.log_softmax(x)\n"),
]


@pytest.mark.parametrize(("before", "after"), NAMES)
def test_a_name_is_written_under_the_files_own_alias(tmp_path: Path, before: str, after: str) -> None:
    assert fixed(tmp_path, before) == after


SCOPES = [
    "import torch.nn.functional as F\ndef f(x, F):\n    return old(x)\n",
    "import torch.nn.functional as F\ndef f(x):\n    F = 3\n    return old(x)\n",
    "import torch.nn.functional as F\nF = None\ny = old(x)\n",
    "y = old(x)\nimport torch.nn.functional as F\n",
    "if fast:\n    import torch.nn.functional as F\ny = old(x)\n",
    "import torch.nn.functional as F\ny = [old(x) for F in z]\n",
    "import torch.nn.functional as F\ny = lambda F: old(x)\n",
]


@pytest.mark.parametrize("before", SCOPES)
def test_an_alias_that_means_something_else_at_the_place_is_not_used(tmp_path: Path, before: str) -> None:
    after = fixed(tmp_path, before)
    assert "F.log_softmax" not in after.replace("nn.functional.log_softmax", "")
    assert "torch.nn.functional.log_softmax(x)" in after
    assert "import torch\n" in after


def test_an_import_inside_a_function_is_used_there(tmp_path: Path) -> None:
    before = "def f(x):\n    import torch.nn.functional as F\n    return old(x)\n"
    assert fixed(tmp_path, before) == before.replace("old(", "F.log_softmax(")


IMPORTS = [
    ('"""Text."""\n\nfrom __future__ import annotations\n\nx = root(2)\n',
     '"""Text."""\n\nfrom __future__ import annotations\nimport math\n\nx = math.sqrt(2)\n'),
    ("import os\nimport torch\n\nx = root(2)\n", "import math\nimport os\nimport torch\n\nx = math.sqrt(2)\n"),
    ("import ast\nimport torch\n\nx = root(2)\n", "import ast\nimport math\nimport torch\n\nx = math.sqrt(2)\n"),
    ("#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n\nx = root(2)\n",
     "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n\nimport math\n\nx = math.sqrt(2)\n"),
    ('"""Text."""\nx = root(2)\n', '"""Text."""\nimport math\n\nx = math.sqrt(2)\n'),
    ("import ast\n\nx = root(2) + root(3)\n", "import ast\nimport math\n\nx = math.sqrt(2) + math.sqrt(3)\n"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), IMPORTS)
def test_a_missing_import_is_added_once_in_its_place(tmp_path: Path, before: str, after: str) -> None:
    assert fixed(tmp_path, before) == after


BRACKETS = [
    ("y = bare(a + b)\n", "y = a + b\n"),
    ("y = bare(a + b) * 2\n", "y = (a + b) * 2\n"),
    ("y = -bare(a + b)\n", "y = -(a + b)\n"),
    ("y = bare(a + b).sum()\n", "y = (a + b).sum()\n"),
    ("y = bare(a.b(c)) * 2\n", "y = a.b(c) * 2\n"),
    ("y = bare((a + b)) * 2\n", "y = (a + b) * 2\n"),
    ("y = bare(a < b) == c\n", "y = (a < b) == c\n"),
    ("y = c == bare(a < b)\n", "y = c == (a < b)\n"),
    ("y = f(bare(a if b else c), d)\n", "y = f(a if b else c, d)\n"),
    ("y = bare(x for x in z)\n", "y = (x for x in z)\n"),
    ("y = bare(a\n    + b)\n", "y = (a\n    + b)\n"),
    ("y = (c *\n    bare(a + b))\n", "y = (c *\n    (a + b))\n"),
    ("y = (bare(a + b)\n    * c)\n", "y = ((a + b)\n    * c)\n"),
    ("bare(a\n    .b(c))\n", "(a\n    .b(c))\n"),
    ("y = f(bare(a\n    .b(c)))\n", "y = f(a\n    .b(c))\n"),
    ("y = bare(a.b(\n    c))\n", "y = a.b(\n    c)\n"),
    ("y = times(a + b)\n", "y = 2 * (a + b)\n"),
    ("y = times(a.b)\n", "y = 2 * a.b\n"),
    ("def f():\n    return bare(a + b)\n", "def f():\n    return a + b\n"),
]


@pytest.mark.parametrize(("before", "after"), BRACKETS)
def test_an_operand_that_moves_keeps_its_meaning(tmp_path: Path, before: str, after: str) -> None:
    assert fixed(tmp_path, before) == after


STATEMENTS = [
    ("early()\n", "first()\nlate()\n"),
    ("x = early(1)  # why\n", "first()\nx = late(1)  # why\n"),
    ("def f():\n\t# above\n\tearly()\n", "def f():\n\t# above\n\tfirst()\n\tlate()\n"),
    ("if a: early()\n", "if a: first(); late()\n"),
    ("a = 1; early()\n", "a = 1; first(); late()\n"),
    ("for i in early():\n    pass\n", "first()\nfor i in late():\n    pass\n"),
    ("then()\n", "now()\nlast()\n"),
    ("then()", "now()\nlast()"),
    ("then()  # why\nx = 1\n", "now()  # why\nlast()\nx = 1\n"),
    ("if a: then()\nelse: pass\n", "if a: now(); last()\nelse: pass\n"),
    ("then(); x = 1\n", "now(); last(); x = 1\n"),
    ("x = then(\n    1,\n    2,\n)\n", "x = now(\n    1,\n    2,\n)\nlast()\n"),
    ("for i in then():\n    a\n    # more\n# less\n", "for i in now():\n    a\n    # more\nlast()\n# less\n"),
    ("@dec\ndef f(x=then()): pass\n", "@dec\ndef f(x=now()): pass\nlast()\n"),
    ("guard(x)  # why\n", "if ok:\n    safe(x)  # why\n"),
    ("for p in q:\n  guard(\n    x)\n", "for p in q:\n  if ok:\n    safe(\n      x)\n"),
    ("a = 1\ngone()  # why\nb = 2\n", "a = 1\nb = 2\n"),
    ("if a:\n    gone()\n", "if a:\n    pass\n"),
    ("a = 1; gone(); b = 2\n", "a = 1; b = 2\n"),
    ("a = 1; gone()\n", "a = 1\n"),
    ("a = 1\ngone()", "a = 1"),
    ("def f():\n\tblock()\n", "def f():\n\tx()\n\tif a:\n\t\tb()\n\t\tif c:\n\t\t\td()\n"),
]


@pytest.mark.parametrize(("before", "after"), STATEMENTS)
def test_a_statement_is_put_on_a_line_of_its_own_where_there_is_one(tmp_path: Path, before: str, after: str) -> None:
    assert fixed(tmp_path, before) == after
    compile(after.replace("return", ""), "model.py", "exec")


SHARED = ["if a: guard(x)\n", "if a: block()\n", 'guard("""a\n  b""")\n']


@pytest.mark.parametrize("source", SHARED)
def test_a_block_is_not_put_where_there_is_no_room_for_it(tmp_path: Path, source: str) -> None:
    assert fixed(tmp_path, source) == source


BYTES = [
    b"\xef\xbb\xbfx = old(1)  # \xc3\xa9\n",
    b"# -*- coding: latin-1 -*-\nname = '\xe9'\nx = old(1)\n",
    b"a = 1\r\nx = old(1)\r\ny = 2",
    b"a = 1\rx = old(1)\ry = 2\r",
    b"if a:\r\n\tx = old(1)\r\n\f\r\ny = 1\n",
    b"x = old(1)   \n\n\n\n",
]


@pytest.mark.parametrize("before", BYTES)
def test_everything_else_stays_byte_for_byte(tmp_path: Path, before: bytes) -> None:
    path = tmp_path / "model.py"
    head, tail = before.split(b"old(1)")
    path.write_bytes(before)
    assert not fix(path).errors
    after = path.read_bytes()
    assert after.endswith(b"F.log_softmax(1)" + tail)
    start = after.index(b"import torch.nn.functional as F")
    line = after[start:].split(b"F", 1)[1]
    line_break = b"\r\n" if line.startswith(b"\r\n") else line[:1]
    added = b"import torch.nn.functional as F" + line_break
    rest = after.replace(added + line_break, b"", 1) if added + line_break in after else after.replace(added, b"", 1)
    assert rest == head + b"F.log_softmax(1)" + tail


def test_a_character_that_the_encoding_lacks_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_bytes(b"# coding: latin-1\nwide()\n")
    report = fix(path)
    assert path.read_bytes() == b"# coding: latin-1\nwide()\n"
    assert "lacks a character" in report.fixes.left_out[0].reason
