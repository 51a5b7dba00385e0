"""Where settings come from, what they may hold, and which of them wins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from initlint.configuration import Configuration, ConfigurationError, load_configuration
from initlint.finding import Severity

SICK = "import torch\nsick()\n"


def load(folder: Path, text: str, name: str = "initlint.toml") -> Configuration:
    (folder / name).write_text(text)
    return load_configuration([folder])


# ------------------------------------------------------------------------------------------------------------- finding


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    found = load_configuration([tmp_path])
    assert (found.source, found.root) == (None, tmp_path)
    assert (found.fail_on, found.severity, found.baseline) == (Severity.WARNING, Severity.INFO, None)


def test_it_is_looked_for_upwards_from_the_common_parent_of_the_paths(tmp_path: Path) -> None:
    for folder in ("a/x", "a/y", "b"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "a" / "initlint.toml").write_text("jobs = 2")
    (tmp_path / "a" / "x" / "initlint.toml").write_text("jobs = 3")
    (tmp_path / "initlint.toml").write_text("jobs = 4")
    assert load_configuration([tmp_path / "a/x"]).jobs == 3
    assert load_configuration([tmp_path / "a/x", tmp_path / "a/y"]).jobs == 2
    assert load_configuration([tmp_path / "a/x/file.py"]).jobs == 3
    assert load_configuration([tmp_path / "a/x", tmp_path / "b"]).jobs == 4


def test_without_paths_it_is_looked_for_above_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "initlint.toml").write_text("jobs = 4")
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    assert load_configuration().jobs == 4


def test_the_search_stops_at_the_root_of_a_repository(tmp_path: Path) -> None:
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    (tmp_path / "initlint.toml").write_text("jobs = 4")
    assert load_configuration([tmp_path / "repository"]).source is None


def test_a_pyproject_without_our_table_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "pyproject.toml").write_text("[tool.initlint]\njobs = 5")
    (tmp_path / "inner" / "pyproject.toml").write_text("[tool.other]\nkey = 1")
    assert load_configuration([tmp_path / "inner"]).jobs == 5


def test_a_broken_pyproject_that_is_not_ours_is_none_of_our_business(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "pyproject.toml").write_text("not TOML at all")
    assert load_configuration([tmp_path]).source is None


def test_initlint_toml_goes_before_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.initlint]\njobs = 5")
    assert load(tmp_path, "jobs = 6").jobs == 6


def test_a_file_that_is_named_is_the_only_one_read(tmp_path: Path) -> None:
    (tmp_path / "initlint.toml").write_text("jobs = 5")
    (tmp_path / "strict.toml").write_text("jobs = 6")
    (tmp_path / "pyproject.toml").write_text("[tool.initlint]\njobs = 7")
    assert load_configuration([tmp_path], file=tmp_path / "strict.toml").jobs == 6
    assert load_configuration([tmp_path], file=tmp_path / "pyproject.toml").jobs == 7


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no\.toml: no such configuration file"):
        load_configuration([tmp_path], file=tmp_path / "no.toml")


def test_isolated_reads_nothing(tmp_path: Path) -> None:
    (tmp_path / "initlint.toml").write_text("jobs = 5")
    assert load_configuration([tmp_path], isolated=True).jobs is None


# -------------------------------------------------------------------------------------------------------------- values


def test_every_key_is_read(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        """
select = ["INL1", "he-init-missing"]
extend-select = ["INL209"]
ignore = ["INL104"]
exclude = ["vendored/*"]
include = ["*.py"]
fail-on = "error"
severity = "warning"
baseline = "accepted.json"
jobs = 3
thorough = true
cache-dir = "/cache"

[per-file-ignores]
"tests/*" = ["ALL"]

[[probe]]
target = "model.py:Net"
input = ["8,3,224,224"]
""",
    )
    assert found.selection.select == ("INL1", "he-init-missing")
    assert (found.selection.extend_select, found.selection.ignore) == (("INL209",), ("INL104",))
    assert (found.exclude, found.include) == (("vendored/*",), ("*.py",))
    assert (found.fail_on, found.severity) == (Severity.ERROR, Severity.WARNING)
    assert (found.baseline, found.cache_dir, found.jobs) == (tmp_path / "accepted.json", Path("/cache"), 3)
    assert found.thorough is True
    assert found.per_file_ignores == (("tests/*", ("ALL",)),)
    assert found.probe == ({"target": "model.py:Net", "input": ["8,3,224,224"]},)


def test_fail_on_never_is_no_severity(tmp_path: Path) -> None:
    assert load(tmp_path, 'fail-on = "never"').fail_on is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('selct = ["INL1"]', "unknown key 'selct'; did you mean 'select'?"),
        ("fail_on = 'error'", "unknown key 'fail_on'; did you mean 'fail-on'?"),
        ("zzz = 1", "unknown key 'zzz'; known keys: select, extend-select, ignore"),
        ('select = "INL1"', "select: expected a list of strings, found a string 'INL1'"),
        ("ignore = [1]", "ignore: expected a list of strings, found a list"),
        ("jobs = 0", "jobs: expected a whole number from 1, found a number 0"),
        ("jobs = true", "jobs: expected a whole number from 1, found a boolean True"),
        ("thorough = 1", "thorough: expected true or false, found a number 1"),
        ('fail-on = "fatal"', "fail-on: expected one of info, warning, error, never, found a string 'fatal'"),
        ("severity = 2", "severity: expected one of info, warning, error, found a number 2"),
        ("severity = []", "severity: expected one of info, warning, error, found a list"),
        ("baseline = 1", "baseline: expected a path as a string, found a number 1"),
        ("per-file-ignores = []", "per-file-ignores: expected a table of lists of strings, found a list"),
        ('per-file-ignores = {"a" = "INL1"}', "per-file-ignores: expected a list of strings, found a string 'INL1'"),
        ("probe = 1", "probe: expected tables written as [[tool.initlint.probe]], found a number 1"),
    ],
)
def test_a_wrong_key_or_type_is_an_error_that_names_file_key_and_what_is_expected(
    tmp_path: Path, line: str, said: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, line)
    assert str(raised.value).startswith(f"{tmp_path / 'initlint.toml'}: {said}")


def test_a_tool_initlint_that_is_no_table_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"tool\.initlint must be a table"):
        load(tmp_path, "[tool]\ninitlint = 1", "pyproject.toml")


def test_bad_toml_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"initlint\.toml:2:\d+: is not valid TOML: "):
        load(tmp_path, "jobs = 1\nselect = ?")


def test_toml_that_ends_too_early_names_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"initlint\.toml:2(:\d+)?: is not valid TOML: "):
        load(tmp_path, "jobs = 1\nselect = [")


# ------------------------------------------------------------------------------------------------------ on the command


def codes(done) -> list[tuple[str, str]]:
    return [(one["code"], one["path"]) for one in json.loads(done.stdout)["findings"]]


@pytest.mark.parametrize(
    ("settings", "arguments", "expected"),
    [
        ('select = ["TST102"]', [], ["TST102"]),
        ('select = ["TST102"]', ["--select", "TST101"], ["TST101"]),
        ('select = ["TST102"]', ["--extend-select", "TST101"], ["TST101", "TST102"]),
        ('ignore = ["TST101"]', ["--select", "TST101"], ["TST101"]),
        ('extend-select = ["TST102"]', ["--ignore", "TST1"], []),
        ('extend-select = ["TST102"]\nignore = ["TST101"]', [], ["TST102"]),
    ],
)
def test_the_command_line_beats_the_configuration(
    initlint, tmp_path: Path, settings: str, arguments: list[str], expected: list[str]
) -> None:
    (tmp_path / "initlint.toml").write_text(settings)
    (tmp_path / "model.py").write_text("import torch\nsick()\nunwell()\n")
    assert [code for code, _ in codes(initlint("check", "--format", "json", *arguments))] == expected


def test_paths_in_a_configuration_relate_to_its_folder(initlint, tmp_path: Path) -> None:
    (tmp_path / "project" / "tests").mkdir(parents=True)
    (tmp_path / "project" / "vendored").mkdir()
    (tmp_path / "project" / "initlint.toml").write_text(
        'cache-dir = "kept"\nexclude = ["vendored"]\n[per-file-ignores]\n"tests/*.py" = ["TST101"]\n'
    )
    for name in ("model.py", "tests/model.py", "vendored/model.py"):
        (tmp_path / "project" / name).write_text(SICK)
    done = initlint("check", "project", "--format", "json")
    assert codes(done) == [("TST101", "project/model.py")]
    assert (tmp_path / "project" / "kept").is_dir()


def test_fail_on_and_severity_are_taken_from_the_configuration(initlint, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(SICK)
    (tmp_path / "initlint.toml").write_text('fail-on = "error"')
    assert initlint("check").returncode == 0
    assert initlint("check", "--fail-on", "info").returncode == 1
    (tmp_path / "initlint.toml").write_text('severity = "error"')
    assert codes(initlint("check", "--format", "json")) == []


def test_a_configuration_error_is_said_in_one_line_with_exit_code_2(initlint, tmp_path: Path) -> None:
    (tmp_path / "initlint.toml").write_text("jbos = 1")
    done = initlint("check")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (f"initlint: error: {tmp_path / 'initlint.toml'}: unknown key 'jbos'; did you mean 'jobs'?\n")


def test_an_unknown_rule_in_a_configuration_is_an_error(initlint, tmp_path: Path) -> None:
    (tmp_path / "initlint.toml").write_text('[per-file-ignores]\n"*.py" = ["sick-cal"]')
    (tmp_path / "model.py").write_text(SICK)
    done = initlint("check")
    assert done.returncode == 2
    assert "did you mean TST101 (sick-call)?" in done.stderr
