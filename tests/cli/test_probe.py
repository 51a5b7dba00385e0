"""What `initlint probe` does, seen from outside: output, files and exit codes of the real command on real models."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
MODELS = """
import torch
from torch import nn


class Sick(nn.Module):
    def __init__(self, depth: int = 20):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(32, 32) for _ in range(depth))

    def forward(self, x):
        for layer in self.layers:
            x = torch.sigmoid(layer(x))  # sick
        return x


class Quiet(Sick):
    def forward(self, x):
        for layer in self.layers:
            x = torch.sigmoid(layer(x))  # initlint: ignore
        return x


def healthy():
    return nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10))


class Failing(nn.Module):
    def forward(self, x):
        print("hello from the model")
        return self.missing(x)


class Wanting(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, 10)

    def forward(self, x):
        return self.fc(x)
"""
SICK_LINE = 1 + MODELS[: MODELS.index("  # sick")].count("\n")
QUICK = ("--seeds", "1", "--skip", "jacobian,unwritten,time", "--device", "cpu")
Done = subprocess.CompletedProcess[str]


def run(folder: Path, *arguments: str, **variables: str) -> Done:
    """The command in `folder`, without what costs time."""
    environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    command = [sys.executable, "-m", "initlint", "probe", *arguments]
    return subprocess.run(
        command, cwd=folder, env={**environment, **variables}, capture_output=True, encoding="utf-8", timeout=300
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("models")
    (made / "models.py").write_text(MODELS)
    (made / "initlint.toml").write_text("")
    return made


@pytest.fixture(scope="module")
def three(folder: Path) -> Done:
    """A sick model, one that fails and a healthy one, probed by one command."""
    targets = ("models.py:Sick", "models.py:Failing", "models.py:healthy")
    return run(folder, *targets, *QUICK, "--format", "json")


@pytest.fixture(scope="module")
def document(three: Done) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(three.stdout)
    return found


@pytest.fixture(scope="module")
def sick(folder: Path) -> Done:
    return run(folder, "models.py:Sick", *QUICK)


# ------------------------------------------------------------------------------------------------------ several targets


def test_a_target_that_fails_gives_exit_code_2_and_the_others_are_still_probed(three: Done, document) -> None:
    assert (three.returncode, three.stderr) == (2, "")
    verdicts = [(target["target"], target["verdict"]) for target in document["targets"]]
    assert verdicts == [("models.py:Sick", "broken"), ("models.py:Failing", None), ("models.py:healthy", "healthy")]
    assert [target["score"] is None for target in document["targets"]] == [False, True, False]


def test_what_failed_is_said_with_the_user_s_own_line(document) -> None:
    (error,) = document["errors"]
    line = 1 + MODELS[: MODELS.index("return self.missing")].count("\n")
    assert (error["path"], error["line"]) == ("models.py", line)
    assert "missing" in error["message"]


def test_what_the_target_prints_is_kept_out_of_the_report(three: Done) -> None:
    assert "hello" not in three.stdout + three.stderr


def test_a_finding_has_the_place_in_the_source_and_what_was_measured(document) -> None:
    (finding,) = [one for one in document["findings"] if one["code"] == "INL301"]
    assert (finding["severity"], finding["path"], finding["line"]) == ("error", "models.py", SICK_LINE)
    assert finding["evidence"]["measured"]


def test_layers_are_in_signal_order_with_their_lines_and_numbers(document) -> None:
    layers = [layer for layer in document["targets"][0]["layers"] if layer["op"] in ("Linear", "sigmoid")]
    assert [layer["op"] for layer in layers[:4]] == ["Linear", "sigmoid", "Linear", "sigmoid"]
    built = 1 + MODELS[: MODELS.index("nn.Linear(32, 32) for")].count("\n")
    assert [layer["line"] for layer in layers[:2]] == [built, SICK_LINE]
    assert layers[0]["gradient_rms"] < 1e-6 * layers[-1]["gradient_rms"]
    assert layers[2]["forward"]["variance_in"] == layers[1]["forward"]["variance_out"]


# ----------------------------------------------------------------------------------------------------------------- text


def test_findings_give_exit_code_1_below_a_picture_of_the_depth(sick: Done) -> None:
    assert (sick.returncode, sick.stderr) == (1, "")
    table, _, findings = sick.stdout.partition("broken, score 0.0")
    assert "▁" in table
    assert f"{SICK_LINE}:17 error INL301 sigmoid-in-deep-stack" in findings
    assert findings.endswith("in 1 target: 1 broken.\n")


def test_quiet_leaves_findings_only_and_output_puts_them_into_a_file(folder: Path, tmp_path: Path) -> None:
    done = run(folder, "models.py:Sick", *QUICK, "--quiet", "--output", str(tmp_path / "report.txt"))
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    told = (tmp_path / "report.txt").read_text("utf-8")
    assert told.startswith("models.py\n")
    assert "score" not in told


def test_verbose_tells_what_the_target_printed(folder: Path) -> None:
    done = run(folder, "models.py:Failing", *QUICK, "--verbose")
    assert done.returncode == 2
    assert "models.py:Failing printed:\nhello from the model" in done.stderr


# ---------------------------------------------------------------------------------------- what is reported, and whether


def test_a_comment_silences_what_was_measured_and_a_stream_without_utf_8_gets_ascii(folder: Path) -> None:
    done = run(folder, "models.py:Quiet", *QUICK, PYTHONIOENCODING="ascii")
    assert "INL301" not in done.stdout
    assert "broken, score 0.0" in done.stdout
    assert re.search(r"in 1 target: 1 broken \(\d+ suppressed\)\.$", done.stdout)
    assert done.stdout.isascii()
    assert "\\u" not in done.stdout


def test_what_is_ignored_in_its_file_does_not_fail(folder: Path) -> None:
    assert run(folder, "models.py:Sick", *QUICK, "--per-file-ignores", "models.py:ALL").returncode == 0


# -------------------------------------------------------------------------------------------------------- what to probe


def test_a_missing_argument_is_named_with_the_option_to_give(folder: Path) -> None:
    done = run(folder, "models.py:Wanting", *QUICK)
    assert done.returncode == 2
    assert "--arg width=" in done.stdout


def test_without_a_target_those_of_the_configuration_are_probed_and_options_override(folder: Path) -> None:
    table = '[[probe]]\ntarget = "models.py:Wanting"\nargs = { width = 12 }\ninput = "16,12"\nseeds = 2\n'
    (folder / "settled.toml").write_text(table)
    done = run(folder, "--config", "settled.toml", "--seeds", "1", "--device", "cpu", "--format", "json")
    (target,) = json.loads(done.stdout)["targets"]
    assert (done.returncode, target["target"], target["seeds"], target["batch"]) == (0, "models.py:Wanting", [0], 16)
    assert next(layer["fan_in"] for layer in target["layers"] if layer["op"] == "Linear") == 12


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no target: name one, as in 'initlint probe model.py:Net'"),
        (["models.py:Sick", "--skip", "jacobean"], "'jacobean' is no extra pass: they are jacobian"),
        (["models.py:Sick", "--arg", "depth"], "expected name=value, found 'depth'"),
        (["models.py:Sick", "--memory-limit", "much"], "expected a size like 4GB"),
        (["models.py:Sick", "--device", "gpu"], "device: expected auto, cpu, cuda"),
        (["models.py:Sick", "--isolated", "--config", "x.toml"], "exclude each other"),
        (["models.py:Sick", "--select", "INL9"], "unknown rule 'INL9'"),
        (["models.py:Sick", "--baseline", "missing.json"], "missing.json: the baseline cannot be read"),
    ],
)
def test_mistakes_in_usage_are_told_before_anything_runs(folder: Path, arguments: list[str], said: str) -> None:
    done = run(folder, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.split())
    assert "internal error" not in done.stderr


def test_help_says_plainly_that_it_runs_the_code(folder: Path) -> None:
    assert "This RUNS the target's code" in run(folder, "--help").stdout
