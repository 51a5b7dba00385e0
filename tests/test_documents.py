"""README, CONTRIBUTING and CHANGELOG say what is so: commands are run, code is tried, tables are compared."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from refresh_readme import printed, refreshed, without_numbers

import initlint
from initlint.configuration import load_configuration
from initlint.probe.request import requests_from_tables
from initlint.rule import load_rules

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
DOCUMENTS = {"README.md": README, "CONTRIBUTING.md": CONTRIBUTING, "CHANGELOG.md": CHANGELOG}
TEST_COMMAND = "pip install -c constraints.txt -e '.[dev]' && python -m pytest"
COMMANDS = ("check", "probe", "rule")
HEADINGS = ["New rules", "False positives fixed", "False negatives fixed", "Changed", "Fixed"]
Completed = subprocess.CompletedProcess[str]


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of one language in a document."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


# --------------------------------------------------------------------------------------------------------------- README


def test_the_readme_shows_the_rules_that_are_there_and_what_the_commands_print() -> None:
    shown, printed_now = without_numbers(README), without_numbers(refreshed(README))
    assert shown == printed_now, "run: python tests/refresh_readme.py"


def test_refreshing_mends_what_is_wrong() -> None:
    wrong = README.replace("INL101", "INL999").replace("1 error", "7 errors")
    assert refreshed(wrong) != wrong


def test_every_option_in_a_document_exists() -> None:
    known = set(re.findall(r"--[\w-]+", " ".join(printed(f"initlint {name} --help") for name in COMMANDS)))
    shown = [
        line for text in DOCUMENTS.values() for block in blocks(text, "(?:sh|yaml)") for line in block.splitlines()
    ]
    used = {
        option
        for line in shown
        if re.search(r"initlint (check|probe)", line)
        for option in re.findall(r" (--[\w-]+)", line)
    }
    assert used
    assert used <= known


def test_the_readme_s_configuration_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("".join(blocks(README, "toml")), encoding="utf-8")
    found = load_configuration([tmp_path])
    assert found.selection.extend_select == ("INL2",)
    (request,) = requests_from_tables(found.probe, found.root)
    assert (request.target, request.arguments) == ("src/model.py:Net", {"depth": 50})


def test_the_readme_s_python_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    for example in blocks(README, "python"):
        if example.startswith("import initlint"):
            exec(compile(example, "README.md", "exec"), {})
    out = capsys.readouterr().out
    assert "INL101 fixtures/projects/bad_speech_rnn/model.py:15 {" in out
    assert "healthy True []" in out


def test_the_readme_s_suppressions_silence(tmp_path: Path) -> None:
    sick = (ROOT / "fixtures" / "INL101" / "bad_zeros_before_relu.py").read_text(encoding="utf-8")
    (lines,) = [block for block in blocks(README, "python") if "# initlint: ignore" in block]
    comments = [line[line.index("#") :] for line in lines.splitlines() if "ignore-file" not in line]
    assert len(comments) == 3
    for comment in comments:
        report = initlint.check_text(re.sub(r"# bad: INL101$", comment, sick, flags=re.MULTILINE))
        assert (report.findings, report.suppressed > 0) == ((), True)


def test_healthy_twins_of_the_shown_projects_are_silent() -> None:
    for name in re.findall(r"`(good_\w+)`", README):
        assert not initlint.check(ROOT / "fixtures" / "projects" / name, isolated=True).findings


# ------------------------------------------------------------------------------------------------------------- commands


def test_the_test_command_is_the_one_that_ci_runs() -> None:
    for text in (README, CONTRIBUTING):
        assert f"python3 -m venv .venv && . .venv/bin/activate && {TEST_COMMAND}\n" in blocks(text, "sh")
    assert f"\n{TEST_COMMAND}\n" in CI


def test_files_that_documents_speak_of_are_there() -> None:
    for text in DOCUMENTS.values():
        links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
        scripts = re.findall(r"python ((?:tests|benchmarks)/\w+\.py)", text)
        for name in (*links, *scripts, *re.findall(r"`(\.ci/run|initlint/[\w/]+\.py)`", text)):
            assert (ROOT / name).exists(), name


def test_the_architecture_names_every_room() -> None:
    rooms = {path.parent.name for path in (ROOT / "initlint").glob("*/__init__.py")} | {"rules"}
    assert set(re.findall(r"^\| `(\w+)/` \|", CONTRIBUTING, re.MULTILINE)) == rooms


# ------------------------------------------------------------------------------------------------------------- tutorial


@pytest.fixture
def tutorial() -> dict[str, str]:
    """The code blocks of CONTRIBUTING.md that a comment names."""
    return dict(re.findall(r"<!-- tutorial: (\S+) -->\n```\w+\n(.*?)^```$", CONTRIBUTING, re.MULTILINE | re.DOTALL))


@pytest.fixture
def tutorial_pack(write_pack: Callable[..., Path], tutorial: dict[str, str], tmp_path: Path) -> Path:
    """The tutorial's rule, installed in a rule pack of its own."""
    return write_pack(tmp_path / "installed", "my_rules", {"heavy_dropout": tutorial["heavy_dropout.py"]})


def test_the_tutorial_s_rule_prints_what_the_tutorial_shows(
    initlint: Callable[..., Completed], tutorial: dict[str, str], tutorial_pack: Path, tmp_path: Path
) -> None:
    (tmp_path / "model.py").write_text(tutorial["model.py"], encoding="utf-8")
    command, _, output = tutorial["output"].partition("\n")
    done = initlint(*command.removeprefix("$ initlint ").split(), packs=(tutorial_pack,))
    assert (done.stdout, done.stderr, done.returncode) == (output, "", 1)


def test_the_tutorial_s_examples_hold(
    initlint: Callable[..., Completed], tutorial: dict[str, str], tutorial_pack: Path, tmp_path: Path
) -> None:
    names: dict[str, object] = {}
    exec(compile(tutorial["heavy_dropout.py"], "heavy_dropout.py", "exec"), names)
    for kind, code in (("bad", 1), ("good", 0)):
        (tmp_path / f"{kind}.py").write_text(getattr(names["HeavyDropout"], kind), encoding="utf-8")
        assert initlint("check", f"{kind}.py", packs=(tutorial_pack,)).returncode == code


# ------------------------------------------------------------------------------------------------------------ changelog


def test_the_changelog_s_newest_version_is_this_one() -> None:
    assert re.findall(r"^## (\S+)", CHANGELOG, re.MULTILINE)[0] == initlint.__version__


def test_the_changelog_uses_its_own_headings_in_their_order() -> None:
    for version in CHANGELOG.split("\n## ")[1:]:
        used = re.findall(r"^### (.+)$", version, re.MULTILINE)
        assert used == [heading for heading in HEADINGS if heading in used]


def test_the_changelog_names_every_rule() -> None:
    assert set(load_rules()) <= set(re.findall(r"\bINL\d{3}\b", CHANGELOG))


# ---------------------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize("name", [*DOCUMENTS, ".ci/run", "MANIFEST.in"])
def test_nothing_is_left_to_fill_in_and_no_machine_is_named(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.findall(r"TODO|FIXME|TBD|XXX|MEASURED|lorem|\.\.\. lines|/home/|/root/|/work/|/opt/|/Users/", text)
    assert not re.findall(r"https?://(?!pre-commit\.com)|localhost|index-url|find-links", text)
