"""Reading many files: which are parsed, in what order they come back, from the cache, in several processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from initlint.finding import Problem
from initlint.reading import cache, facts
from initlint.reading.reader import Reader
from initlint.reading.source import SourceFile

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a file into the current directory."""
    monkeypatch.chdir(tmp_path)

    def write_file(name: str, text: str | bytes = "import torch\n") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return Path(name)

    return write_file


def outcomes(read: tuple[list[SourceFile], list[Problem]]) -> tuple[list[str], list[str]]:
    return [source.display for source in read[0]], [problem.path for problem in read[1]]


# ------------------------------------------------------------------------------------------------------- relevance


@pytest.mark.parametrize(
    "text",
    [
        "import torch\n",
        "from torchvision.models import x\n",
        "from mine import nn\nnn.Linear(1, 2)\n",
        "import tensorflow as tf\n",
        "from keras import layers\n",
        "import lightning as L\n",
        "import flax.linen\n",
        "loss.backward()\n",
        "x = 'torch'\n",
        "# coding: latin-1\n# gr\xf6\xdfe\nimport torch\n",
    ],
)
def test_a_file_that_mentions_a_framework_is_read(write: Write, text: str) -> None:
    path = write("a.py", text.encode("latin-1"))
    assert outcomes(Reader().read_all([path])) == (["a.py"], [])


@pytest.mark.parametrize("text", ["", "import os\n", "torchlight = 1\n", "ann = dnn = tff = 1\n", "def broken(:\n"])
def test_a_file_that_cannot_matter_is_not_parsed(write: Write, text: str) -> None:
    path = write("a.py", text)
    assert outcomes(Reader().read_all([path])) == ([], [])


def test_a_file_asked_for_is_parsed_whether_or_not_it_matters(write: Write) -> None:
    plain, broken = write("plain.py", "x = 1\n"), write("broken.py", "def broken(:\n")
    assert isinstance(Reader().read(plain), SourceFile)
    assert outcomes(Reader().read_all([plain, broken], always={plain, broken})) == (["plain.py"], ["broken.py"])


@pytest.mark.parametrize("data", [b"\0\0", b"x = '\xe9'\n", "x = 1".encode("utf-16"), b"# coding: nonsense\n\xe9"])
def test_a_file_that_is_no_text_is_a_problem_whether_or_not_it_matters(write: Write, data: bytes) -> None:
    assert outcomes(Reader().read_all([write("a.py", data)])) == ([], ["a.py"])


# --------------------------------------------------------------------------------------------------------- results


def test_a_file_is_shown_relative_to_the_current_directory(write: Write, tmp_path: Path) -> None:
    write("sub/a.py")
    outside = tmp_path.parent / "outside.py"
    outside.write_text("import torch\n")
    sources, _ = Reader().read_all([tmp_path / "sub" / "a.py", Path("sub/../sub/a.py"), outside])
    assert sources[0].display == "sub/a.py" and sources[0].path == tmp_path / "sub" / "a.py"
    assert sources[2].display == outside.as_posix()


def test_a_text_is_read_again_when_it_is_asked_for(write: Write) -> None:
    source = Reader().read(write("a.py", b"# coding: latin-1\nx = '\xe9'\n"))
    assert isinstance(source, SourceFile) and source.text() == "# coding: latin-1\nx = 'é'\n"


def mixed(write: Write) -> list[Path]:
    """Enough files for several processes, of every kind."""
    filler = "x = [1, 2, 3]  # filler\n" * 400
    files = [write(f"m{index:02}.py", f"import torch\nn = {index}\n{filler}") for index in range(20)]
    files.insert(3, write("broken.py", f"import torch\n{filler}def broken(:\n"))
    files.insert(5, write("plain.py", filler))
    files.insert(8, write("binary.py", b"import torch\0"))
    files.insert(9, Path("gone.py"))
    return files


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_results_come_in_the_order_of_the_files_whatever_the_number_of_jobs(write: Write, jobs: int) -> None:
    files = mixed(write)
    done: list[Path] = []
    sources, problems = Reader(jobs=jobs).read_all(files, on_file=done.append)
    assert [source.display for source in sources] == [f"m{index:02}.py" for index in range(20)]
    assert [problem.path for problem in problems] == ["broken.py", "binary.py", "gone.py"]
    assert sorted(done) == sorted(files)
    for index, source in enumerate(sources):
        statement = source.facts.body[1]
        assert isinstance(statement, facts.Assign) and isinstance(statement.value, facts.Literal)
        assert statement.value.value == index and len(source.facts.body) == 402


def test_a_file_given_twice_is_read_once(write: Write) -> None:
    path = write("a.py")
    done: list[Path] = []
    assert outcomes(Reader().read_all([path, path], on_file=done.append)) == (["a.py"], [])
    assert done == [path]


@pytest.mark.skipif(sys.platform != "linux", reason="the deadly parser reaches workers by forking")
def test_a_process_that_dies_costs_only_the_file_that_kills_it(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    import libcst

    parse = libcst.parse_module

    def deadly(text: str) -> libcst.Module:
        if "n = 7\n" in text:
            os._exit(1)
        return parse(text)

    monkeypatch.setattr(libcst, "parse_module", deadly)
    files = mixed(write)
    sources, problems = Reader(jobs=2).read_all(files)
    assert [source.display for source in sources] == [f"m{index:02}.py" for index in range(20) if index != 7]
    assert [problem.path for problem in problems] == ["broken.py", "binary.py", "gone.py", "m07.py"]
    assert "died" in problems[-1].message
    large = [write(f"l{index}.py", f"import torch\nn = {index}\n" + "# x\n" * 40_000) for index in range(12)]
    sources, problems = Reader(jobs=2).read_all(large)  # more than a pipe holds: its writer waits for the dead
    assert (len(sources), [problem.path for problem in problems]) == (11, ["l7.py"])


PROGRAM = """
import threading, sys
from pathlib import Path
from initlint.reading.reader import Reader
{before}
if __name__ == "__main__":
    sources, problems = Reader(jobs=2{more}).read_all(sorted(Path().glob("m*.py")))
    print(len(sources), len(problems), "libcst" in sys.modules)
"""


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.strip()


def test_processes_are_spawned_where_forking_is_not_safe(write: Write) -> None:
    mixed(write)
    program = PROGRAM.format(before="threading.Thread(target=threading.Event().wait, daemon=True).start()", more="")
    path = write("main.py", program)
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split()[:2] == ["20", "0"] and done.stderr == ""


# ----------------------------------------------------------------------------------------------------------- cache


@pytest.fixture
def entries(tmp_path: Path) -> Callable[[], list[Path]]:
    return lambda: [path for path in sorted((tmp_path / "cache").rglob("*")) if path.is_file() and path.name[0] != "."]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_second_run_says_the_same_from_the_cache(write: Write, jobs: int, entries: Callable[[], list[Path]]) -> None:
    files = mixed(write)
    first = Reader(jobs=jobs, cache=Path("cache")).read_all(files)
    assert len(entries()) == 22  # the plain file is not read, the one that has gone cannot be
    written = {path: path.stat().st_mtime_ns for path in entries()}
    assert Reader(jobs=jobs, cache=Path("cache")).read_all(files) == first
    assert {path: path.stat().st_mtime_ns for path in entries()} == written


def test_a_second_run_does_not_import_libcst(write: Write) -> None:
    for index in range(3):
        write(f"m{index}.py", f"import torch\nn = {index}\n" + ("def broken(:" if index == 1 else ""))
    program = PROGRAM.format(before="", more=", cache=Path('cache')")
    assert [run(program), run(program)] == ["2 1 True", "2 1 False"]


def test_a_changed_file_is_read_anew(write: Write) -> None:
    reader = Reader(cache=Path("cache"))
    reader.read(write("a.py", "import torch\n"))
    source = reader.read(write("a.py", "import torch\nx = 1\n"))
    assert isinstance(source, SourceFile) and len(source.facts.body) == 2


def test_the_same_content_under_another_name_comes_from_the_cache(
    write: Write, entries: Callable[[], list[Path]]
) -> None:
    reader = Reader(cache=Path("cache"))
    reader.read(write("a.py"))
    source = reader.read(write("b.py"))
    assert isinstance(source, SourceFile) and source.display == "b.py" and len(entries()) == 1


def test_the_same_content_as_a_notebook_is_another_entry(write: Write) -> None:
    reader, content = Reader(cache=Path("cache")), '{"cells": [{"cell_type": "code", "source": "x = 1"}]}'
    module, notebook = reader.read(write("a.py", content)), reader.read(write("a.ipynb", content))
    assert isinstance(module, SourceFile) and isinstance(notebook, SourceFile) and module.facts != notebook.facts


@pytest.mark.parametrize(
    "change", [lambda data: b"", lambda data: data[:-5], lambda data: b"\1\xff" + data, lambda data: b"\1\x90"]
)
def test_a_corrupt_entry_is_replaced(
    write: Write, entries: Callable[[], list[Path]], change: Callable[[bytes], bytes]
) -> None:
    path = write("a.py", "import torch\nx = torch.zeros(3)\n")
    reader = Reader(cache=Path("cache"))
    source = reader.read(path)
    (entry,) = entries()
    good = entry.read_bytes()
    entry.write_bytes(change(good))
    assert reader.read(path) == source
    assert entry.read_bytes() == good


def test_another_format_of_facts_is_another_entry(
    write: Write, entries: Callable[[], list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("a.py")
    Reader(cache=Path("cache")).read(path)
    monkeypatch.setattr(cache, "FORMAT", cache.FORMAT + 1)
    Reader(cache=Path("cache")).read(path)
    assert len(entries()) == 2


def test_a_cache_that_cannot_be_written_is_done_without(write: Write) -> None:
    write("cache", "a file, where a directory should be")
    assert isinstance(Reader(cache=Path("cache")).read(write("a.py")), SourceFile)


def test_a_cache_keeps_itself_out_of_git(write: Write) -> None:
    Reader(cache=Path("cache")).read(write("a.py"))
    assert Path("cache/.gitignore").read_text() == "*\n"


def test_reading_leaves_the_garbage_collector_as_it_was(write: Write) -> None:
    import gc

    path = write("a.py", "import torch\ndef broken(:\n")
    assert gc.isenabled()
    Reader().read(path)
    assert gc.isenabled()
    gc.disable()
    try:
        Reader().read(path)
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupt_ends_a_run_without_a_mess(write: Write, jobs: int) -> None:
    mixed(write)
    program = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom initlint.reading.reader import Reader\n"
        "def interrupt(path): os.kill(os.getpid(), signal.SIGINT)\n"
        "try:\n"
        f"    Reader(jobs={jobs}).read_all(sorted(Path().glob('m*.py')), on_file=interrupt)\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted\n", "")
