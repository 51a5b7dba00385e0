"""What `initlint check` does, seen from outside: output, files and exit codes of the real command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SICK = "import torch\n\nsick()\n"
ONLY_OURS = ("--select", "TST")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.py"
    path.write_text(SICK)
    return path


def check(initlint, *arguments, **keywords):
    return initlint("check", *ONLY_OURS, *arguments, **keywords)


def findings(done) -> list[tuple[str, str, int]]:
    return [(one["code"], one["path"], one["line"]) for one in json.loads(done.stdout)["findings"]]


# ---------------------------------------------------------------------------------------------------------- exit codes


def test_a_healthy_file_gives_exit_code_0_and_says_so(initlint, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("import torch\n")
    done = check(initlint)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Nothing to report in 1 file, 0 networks traced.\n"


def test_a_finding_gives_exit_code_1_and_names_place_rule_and_remedy(initlint, model: Path) -> None:
    done = check(initlint)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        "model.py\n"
        "\n"
        "  3:1 warning TST101 sick-call\n"
        "    sick: std 0.000, expected 0.088: all units stay equal.\n"
        "    3 | sick()\n"
        "      | ^^^^^^\n"
        "    help: Write `healthy()`.\n"
        "\n"
        "1 warning in 1 file, 0 networks traced.\n"
    )


def test_a_thorough_check_leaves_no_model_out(initlint, tmp_path: Path) -> None:
    numbers = " + ".join(["[n for n in range(1000)]"] * 20)
    body = f"super().__init__(); self.numbers = {numbers}; self.map = nn.Linear(8, 8)"
    models = (f"class Net{n}(nn.Module):\n    def __init__(self): {body}\n" for n in range(20))
    (tmp_path / "model.py").write_text("from torch import nn\n" + "".join(models))
    assert "more cut off" in check(initlint).stdout
    assert "more cut off" not in check(initlint, "--thorough").stdout


@pytest.mark.parametrize(
    ("severity", "fail_on", "code"),
    [
        ("info", "warning", 0),
        ("info", "info", 1),
        ("warning", "warning", 1),
        ("warning", "error", 0),
        ("error", "error", 1),
        ("error", "never", 0),
    ],
)
def test_fail_on_decides_from_which_severity_the_exit_code_is_1(
    initlint, tmp_path: Path, severity: str, fail_on: str, code: int
) -> None:
    (tmp_path / "model.py").write_text(f"import torch\nsick({severity!r})\n")
    assert check(initlint, "--fail-on", fail_on).returncode == code


def test_exit_zero_reports_but_does_not_fail(initlint, model: Path) -> None:
    done = check(initlint, "--exit-zero")
    assert done.returncode == 0
    assert "TST101" in done.stdout


def test_exit_zero_does_not_hide_a_file_that_cannot_be_checked(initlint, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import torch\nclass\n")
    assert check(initlint, "--exit-zero").returncode == 2


def test_severity_hides_what_is_milder(initlint, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("import torch\nsick('info')\nsick('error')\n")
    assert findings(check(initlint, "--severity", "warning", "--format", "json")) == [("TST101", "model.py", 3)]


# ----------------------------------------------------------------------------------------------------------- selection


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        (["--select", "TST"], ["TST101", "TST102"]),
        (["--extend-select", "TST102", "--ignore", "TST101"], ["TST102"]),
        (["--select", "TST102"], ["TST102"]),
        (["--select", "unwell-call,sick-call"], ["TST101", "TST102"]),
        (["--select", "TST", "--extend-select", "TST102"], ["TST101", "TST102"]),
        (["--select", "ALL", "--ignore", "TST101"], ["TST102"]),
        (["--select", "TST1", "--ignore", "TST"], ["TST101", "TST102"]),
        (["--select", "TST1", "--ignore", "TST1,TST2", "--extend-select", "sick-call"], ["TST101"]),
        (["--select", "TST", "--ignore", "sick-call"], ["TST102"]),
    ],
)
def test_the_most_specific_selector_decides_which_rules_run(initlint, tmp_path: Path, arguments, codes) -> None:
    (tmp_path / "model.py").write_text("import torch\nsick()\nunwell()\n")
    done = initlint("check", *arguments, "--format", "json")
    assert [code for code, _, _ in findings(done)] == codes


def test_a_rule_that_is_off_by_default_runs_only_when_selected(initlint, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("import torch\nunwell()\n")
    assert initlint("check", "--format", "json").returncode == 0
    assert initlint("check", "--extend-select", "unwell-call").returncode == 1


@pytest.mark.parametrize(
    ("wrong", "right"), [("TST1O1", "TST101"), ("tst101", "TST101"), ("sick-cal", "sick-call"), ("TXT1", "")]
)
def test_an_unknown_rule_is_an_error_that_names_the_nearest(initlint, model: Path, wrong: str, right: str) -> None:
    for option in ("--select", "--extend-select", "--ignore"):
        done = initlint("check", option, wrong)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"initlint: error: unknown rule '{wrong}'")
        assert right in done.stderr


def test_per_file_ignores_silence_rules_in_the_files_of_a_glob(initlint, tmp_path: Path) -> None:
    for folder in ("models", "tests/deep"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "model.py").write_text(SICK)
    done = check(initlint, "--per-file-ignores", "tests/:sick-call,TST2", "--format", "json")
    assert findings(done) == [("TST101", "models/model.py", 3)]
    assert json.loads(done.stdout)["summary"]["suppressed"] == 1


@pytest.mark.parametrize("value", ["tests", ":TST1", "tests:", "tests: ,"])
def test_a_malformed_per_file_ignore_is_a_usage_error_with_an_example(initlint, value: str) -> None:
    done = check(initlint, "--per-file-ignores", value)
    assert done.returncode == 2
    assert "tests/*:INL1" in done.stderr


# -------------------------------------------------------------------------------------------------------- suppressions


@pytest.mark.parametrize(
    "comment", ["# initlint: ignore[TST101]", "# initlint: ignore[sick-call]", "# initlint: ignore", "# noqa: TST101"]
)
def test_a_comment_silences_the_finding_on_its_line(initlint, tmp_path: Path, comment: str) -> None:
    (tmp_path / "model.py").write_text(f"import torch\nsick()  {comment}\nsick()\n")
    done = check(initlint, "--format", "json")
    assert findings(done) == [("TST101", "model.py", 3)]
    assert json.loads(done.stdout)["summary"]["suppressed"] == 1


def test_unused_suppressions_are_reported_on_request_only(initlint, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(
        "import torch\n"
        "sick()  # initlint: ignore[TST101]\n"
        "torch.ones(1)  # initlint: ignore[TST101]\n"
        "torch.ones(1)  # initlint: ignore\n"
        "torch.ones(1)  # initlint: ignore[TST1O1]\n"
        "torch.ones(1)  # noqa: TST101\n"
        "torch.ones(1)  # noqa: E501\n"
        "torch.ones(1)  # noqa\n"
        "sick()  # initlint: ignore[TST101, TST102]\n"
    )
    assert check(initlint).returncode == 0
    done = check(initlint, "--report-unused-suppressions", "--format", "json")
    assert findings(done) == [("INL001", "model.py", line) for line in (3, 4, 5, 6, 9)]
    assert "did you mean TST101" in done.stdout


def test_a_suppression_of_a_rule_that_did_not_run_is_not_called_unused(initlint, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("import torch\ntorch.ones(1)  # initlint: ignore[TST102]\n")
    assert initlint("check", "--select", "TST101", "--report-unused-suppressions").returncode == 0


# ------------------------------------------------------------------------------------------------------------ baseline


def test_a_baseline_accepts_what_is_there_and_reports_what_is_new(initlint, model: Path) -> None:
    written = check(initlint, "--baseline", "accepted.json", "--write-baseline")
    assert written.returncode == 0
    assert "accepted in accepted.json" in written.stderr
    assert check(initlint, "--baseline", "accepted.json").returncode == 0
    model.write_text(SICK + "sick('error')\n")
    done = check(initlint, "--baseline", "accepted.json", "--format", "json")
    assert (done.returncode, findings(done)) == (1, [("TST101", "model.py", 4)])
    assert json.loads(done.stdout)["summary"]["baselined"] == 1


def test_a_baseline_survives_lines_that_move_and_spaces_that_change(initlint, model: Path) -> None:
    check(initlint, "--baseline", "accepted.json", "--write-baseline")
    model.write_text("import torch\n\n# a new line\nx = 1\nsick()   \n")
    assert check(initlint, "--baseline", "accepted.json").returncode == 0


def test_a_second_equal_finding_is_new(initlint, model: Path) -> None:
    check(initlint, "--baseline", "accepted.json", "--write-baseline")
    model.write_text(SICK + SICK)
    assert findings(check(initlint, "--baseline", "accepted.json", "--format", "json")) == [("TST101", "model.py", 6)]


def test_a_baseline_holds_from_whichever_directory_the_command_runs(initlint, tmp_path: Path, pack: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "model.py").write_text(SICK)
    check(initlint, "--baseline", "accepted.json", "--write-baseline")
    inside = subprocess.run(
        [sys.executable, "-m", "initlint", "check", *ONLY_OURS, "--baseline", "../accepted.json"],
        cwd=tmp_path / "sub",
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(pack), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
    )
    assert inside.returncode == 0


def test_a_baseline_is_stable_and_leaves_nothing_beside_it(initlint, model: Path, tmp_path: Path) -> None:
    check(initlint, "--baseline", "accepted.json", "--write-baseline", "--no-cache")
    first = (tmp_path / "accepted.json").read_bytes()
    check(initlint, "--baseline", "accepted.json", "--write-baseline", "--no-cache")
    assert (tmp_path / "accepted.json").read_bytes() == first
    assert sorted(os.listdir(tmp_path)) == ["accepted.json", "model.py"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file or directory; make it with --write-baseline"),
        ("{", "is not a baseline of initlint"),
        ("[]", "is not a baseline of initlint"),
        ('{"format": 99, "findings": []}', "is a baseline of format 99, expected 1"),
    ],
)
def test_a_baseline_that_cannot_be_used_is_an_error(initlint, model: Path, tmp_path: Path, content, said) -> None:
    if content is not None:
        (tmp_path / "accepted.json").write_text(content)
    done = check(initlint, "--baseline", "accepted.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_write_baseline_without_a_file_is_a_usage_error(initlint, model: Path) -> None:
    done = check(initlint, "--write-baseline")
    assert done.returncode == 2
    assert "--write-baseline needs --baseline FILE" in done.stderr


# --------------------------------------------------------------------------------------------------- input and output


def test_standard_input_is_checked_under_the_name_given(initlint) -> None:
    done = check(initlint, "-", "--stdin-filename", "pkg/model.py", "--format", "json", stdin=SICK)
    assert findings(done) == [("TST101", "pkg/model.py", 3)]
    assert done.returncode == 1


def test_standard_input_has_the_configuration_of_the_file_it_names(initlint, tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "initlint.toml").write_text('ignore = ["TST101"]')
    assert initlint("check", "-", "--stdin-filename", "pkg/model.py", stdin=SICK).returncode == 0
    assert initlint("check", "-", "--stdin-filename", "other/model.py", stdin=SICK).returncode == 1


def test_standard_input_without_a_name_is_called_stdin(initlint) -> None:
    assert check(initlint, "-", stdin=SICK).stdout.startswith("<stdin>\n\n  3:1 warning TST101")


def test_standard_input_is_decoded_as_its_own_coding_line_says(initlint) -> None:
    source = "# -*- coding: latin-1 -*-\nimport torch\nname = 'é'; sick()\n"
    done = check(initlint, "-", stdin=source.encode("latin-1"))
    assert "3 | name = 'é'; sick()" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-", "model.py"], "stands alone"),
        (["--stdin-filename", "x.py"], "--stdin-filename needs the path '-'"),
        (["--config", "x.toml", "--isolated"], "exclude each other"),
        (["--show-networks", "--format", "sarif"], "--show-networks needs --format text or json"),
        (["--jobs", "0"], "--jobs"),
        (["--formt", "json"], "--format"),
        (["--format", "jsno"], "'json'"),
    ],
)
def test_contradictory_or_unknown_options_are_usage_errors(initlint, arguments: list[str], said: str) -> None:
    done = check(initlint, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_path_without_a_command_is_taken_for_a_forgotten_check(initlint, model: Path) -> None:
    done = initlint("model.py")
    assert done.returncode == 2
    assert "did you mean 'initlint check model.py'?" in done.stderr


def test_output_writes_the_report_whole_and_nothing_to_standard_output(initlint, model: Path, tmp_path: Path) -> None:
    done = check(initlint, "--format", "json", "--output", "report.json", "--no-cache")
    assert (done.returncode, done.stdout) == (1, "")
    assert json.loads((tmp_path / "report.json").read_text())["findings"]
    assert sorted(os.listdir(tmp_path)) == ["model.py", "report.json"]


def test_an_output_that_cannot_be_written_is_an_error(initlint, model: Path) -> None:
    done = check(initlint, "--output", "no/such/folder/report.txt")
    assert done.returncode == 2
    assert "no/such/folder/report.txt: cannot be written" in done.stderr


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path, pack: Path) -> None:
    (tmp_path / "model.py").write_text("import torch\n" + "sick()\n" * 5000)
    command = f"{sys.executable} -m initlint check --select TST | head -n 1"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(pack), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("model.py\n", "")


def test_statistics_count_the_findings_of_each_rule(initlint, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("import torch\nsick()\nsick('error')\nunwell()\n")
    done = check(initlint, "--statistics")
    assert "     2  TST101 sick-call\n     1  TST102 unwell-call\n" in done.stdout


def test_quiet_leaves_out_the_summary(initlint, model: Path, tmp_path: Path) -> None:
    assert "1 warning in" not in check(initlint, "--quiet").stdout
    model.write_text("import torch\n")
    assert check(initlint, "--quiet").stdout == ""


def test_verbose_tells_which_configuration_is_used(initlint, model: Path, tmp_path: Path) -> None:
    (tmp_path / "initlint.toml").write_text("")
    done = check(initlint, "--verbose")
    assert f"configuration: {tmp_path / 'initlint.toml'}" in done.stderr


def test_findings_stand_in_order_of_path_line_and_column_whatever_the_number_of_processes(
    initlint, tmp_path: Path
) -> None:
    for name in ("b.py", "a.py", "c.py"):
        (tmp_path / name).write_text("import torch\nsick()\nsick('error'); sick('info')\n")
    alone = check(initlint, "--format", "json", "--jobs", "1", "--no-cache")
    together = check(initlint, "--format", "json", "--jobs", "2", "--no-cache")
    assert [path for _, path, _ in findings(alone)] == ["a.py"] * 3 + ["b.py"] * 3 + ["c.py"] * 3
    assert alone.stdout == together.stdout


def test_findings_are_reported_in_the_given_files_only(initlint, tmp_path: Path) -> None:
    (tmp_path / "given.py").write_text("import torch\nfrom other import thing\nsick()\n")
    (tmp_path / "other.py").write_text("import torch\nthing = 1\nsick()\n")
    assert findings(check(initlint, "given.py", "--format", "json")) == [("TST101", "given.py", 3)]


def test_facts_are_kept_beside_the_project_unless_told_otherwise(initlint, model: Path, tmp_path: Path) -> None:
    check(initlint, "--no-cache")
    assert sorted(os.listdir(tmp_path)) == ["model.py"]
    check(initlint, "--cache-dir", "elsewhere")
    assert sorted(os.listdir(tmp_path)) == ["elsewhere", "model.py"]
    check(initlint)
    assert sorted(os.listdir(tmp_path)) == [".initlint_cache", "elsewhere", "model.py"]


def test_a_broken_rule_is_a_problem_and_the_others_go_on(initlint, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("import torch\nsick()\nexplode()\n")
    done = check(initlint, "--format", "json")
    assert done.returncode == 2
    assert findings(done) == [("TST101", "model.py", 2)]
    (error,) = json.loads(done.stdout)["errors"]
    assert error["message"] == "rule TST201 explosive-call failed: ValueError: this rule is broken"
    assert "report it" in error["help"]


def test_a_fault_of_our_own_is_called_one_and_shows_its_details_only_on_request(
    initlint, pack: Path, tmp_path: Path, model: Path
) -> None:
    faulty = tmp_path / "faulty"  # stands in for a fault that nobody knows of yet
    faulty.mkdir()
    (faulty / "sitecustomize.py").write_text(
        "import initlint.gathering as gathering\ndel gathering.Gathered.from_paths\n"
    )
    done = initlint("check", packs=(faulty, pack))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("initlint: internal error: AttributeError: ")
    assert "Please report it" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in initlint("check", "--verbose", packs=(faulty, pack)).stderr


def test_the_version_is_told(initlint) -> None:
    from initlint import __version__

    assert initlint("--version").stdout == f"initlint {__version__}\n"


@pytest.mark.parametrize("arguments", [["-h"], ["--help"], ["check", "-h"], ["rule", "-h"]])
def test_help_is_given(initlint, arguments: list[str]) -> None:
    done = initlint(*arguments)
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: initlint")


def test_no_command_at_all_shows_the_help_and_fails(initlint) -> None:
    done = initlint()
    assert done.returncode == 2
    assert "Commands:" in done.stdout + done.stderr
