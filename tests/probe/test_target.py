"""What a target, an argument and a table of the configuration may look like, and what is said of those that may not."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from initlint.configuration import ConfigurationError
from initlint.probe.request import (
    ALL_PASSES,
    Reference,
    Request,
    parse_argument,
    parse_size,
    requests_from_tables,
)
from initlint.probe.target import TargetError, parse_target

# -------------------------------------------------------------------------------------------------------------- targets


def test_a_file_and_a_name(tmp_path: Path) -> None:
    (tmp_path / "net.py").touch()
    found = parse_target("net.py:Net", tmp_path)
    assert (found.file, found.name, found.module) == (tmp_path / "net.py", "Net", "")


def test_a_relative_path_starts_in_the_given_directory(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "net.py").touch()
    assert parse_target("../net.py:Net", tmp_path / "inner").file == tmp_path / "net.py"
    assert parse_target(f"{tmp_path}/net.py:Net").file == tmp_path / "net.py"


def test_a_module_and_a_name() -> None:
    found = parse_target("package.module:models.small")
    assert (found.file, found.module, found.name) == (None, "package.module", "models.small")


def test_the_colon_of_a_drive_parts_no_name(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no such file"):
        parse_target("C:\\models\\net.py", tmp_path)
    with pytest.raises(TargetError, match="no such file"):
        parse_target("C:\\models\\net.py:Net", tmp_path)
    (tmp_path / "C:net.py").touch()
    assert parse_target("C:net.py:Net", tmp_path).name == "Net"


def test_a_file_without_a_name_is_for_loading_to_say_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "net.py").touch()
    assert parse_target("net.py", tmp_path).name == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("torch.nn.Linear", "names no object; write torch.nn:Linear"),
        ("net", "names no object; write path/to/file.py:Name or package.module:Name"),
        ("", "names no object"),
        ("net:", "names no object"),
        (":Net", "is neither a file nor a module"),
        ("my-package:Net", "'my-package' is neither a file nor a module"),
        ("package:Net()", r"'Net\(\)' is no name of an object"),
        ("package:3", "'3' is no name of an object"),
        ("nett.py:Net", r"no such file; did you mean 'net\.py'\?"),
        ("elsewhere/net.py:Net", "no such file"),
        ("models/:Net", "models is a folder; write path/to/file.py:Name"),
        ("notes.ipynb:Net", r"a notebook cannot be probed from outside; .* initlint.probe\(model\)"),
    ],
)
def test_what_names_no_target_is_told_the_form(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "net.py").touch()
    (tmp_path / "notes.ipynb").touch()
    (tmp_path / "models").mkdir()
    with pytest.raises(TargetError, match=message):
        parse_target(text, tmp_path)


# ------------------------------------------------------------------------------------------------------------ arguments


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("64", 64),
        ("-1", -1),
        ("1e-3", 1e-3),
        ("True", True),
        ("true", True),
        ("False", False),
        ("false", False),
        ("None", None),
        ("null", None),
        ("none", None),
        ("[64, 10]", [64, 10]),
        ("(3, 3)", (3, 3)),
        ("{'p': 0.1}", {"p": 0.1}),
        ("'64'", "64"),
        ("relu", "relu"),
        ("a=b", "a=b"),
        ("", ""),
        ("1+", "1+"),
        ("os.getcwd()", "os.getcwd()"),
        ("[" * 5000, "[" * 5000),
        ("@torch.nn:LayerNorm", Reference("torch.nn:LayerNorm")),
        ("@net.py:Config()", Reference("net.py:Config", is_called=True)),
        ("'@home'", "@home"),
    ],
)
def test_values_of_arguments_are_literals_objects_or_text(text: str, value: object) -> None:
    name, found = parse_argument(f"width={text}")
    assert name == "width"
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["width", "=3", "my-width=3", "config..width=3"])
def test_an_argument_needs_a_name_and_a_value(text: str) -> None:
    with pytest.raises(ValueError, match="expected name=value, found"):
        parse_argument(text)


def test_a_reference_needs_a_colon() -> None:
    with pytest.raises(ValueError, match=r"expected @module:name.*quote it if it is a text"):
        parse_argument("name=@me")


@pytest.mark.parametrize(
    ("text", "size"),
    [("4GB", 4 * 10**9), ("512 MiB", 512 * 2**20), ("1.5kb", 1500), ("1000", 1000), (1000, 1000), ("2g", None)],
)
def test_sizes_are_decimal_or_binary(text: str | int, size: int | None) -> None:
    if size is None:
        with pytest.raises(ValueError, match="expected a size like 4GB or 512MiB"):
            parse_size(text)
    else:
        assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "4 XB", "0", "nan"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a size"):
        parse_size(text)


# ------------------------------------------------------------------------------------------------------------- requests


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dtype": "float23"}, r"dtype: expected one of .*; did you mean 'float32'\?"),
        ({"autocast": "float32"}, "autocast: expected one of float16, bfloat16"),
        ({"device": "gpu"}, "device: expected auto, cpu, cuda, cuda:1 or mps, found 'gpu'"),
        ({"seeds": 0}, "seeds: expected a whole number from 1, found 0"),
        ({"batch": 0}, "batch size: expected a whole number from 1"),
        ({"steps": -1}, "steps: expected a whole number from 0"),
        ({"time_limit": 0}, "time limit: expected a number above 0"),
        ({"learning_rate": float("nan")}, "learning rate: expected a number above 0"),
        ({"passes": ("jacobean",)}, r"did you mean 'jacobian'\?"),
    ],
)
def test_a_request_that_cannot_be_says_which_option(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Request(target="net.py:Net", **settings)


def test_a_request_crosses_to_another_process_unchanged() -> None:
    request = Request(target="net.py:Net", arguments={"sides": (3, 3), "norm": Reference("torch.nn:LayerNorm")})
    assert pickle.loads(pickle.dumps(request)) == request


# --------------------------------------------------------------------------------------------------------------- tables


def test_a_table_gives_a_request_with_paths_from_the_configurations_folder() -> None:
    table = {
        "target": "net.py:Net",
        "args": {"width": 64, "norm": "@torch.nn:LayerNorm", "sizes": [1, "@torch.nn:ReLU"]},
        "input": ["8,3", "ids:int64:8"],
        "input-file": "batch.pt",
        "loss": "mse",
        "device": "cuda:1",
        "dtype": "float64",
        "autocast": "bfloat16",
        "seeds": 5,
        "batch-size": 16,
        "steps": 10,
        "optimizer": "adam",
        "lr": 1,
        "time-limit": 30,
        "memory-limit": "4GB",
        "eval": True,
    }
    assert requests_from_tables([table], "/project") == (
        Request(
            target="net.py:Net",
            arguments={
                "width": 64,
                "norm": Reference("torch.nn:LayerNorm"),
                "sizes": [1, Reference("torch.nn:ReLU")],
            },
            inputs=("8,3", "ids:int64:8"),
            input_file="batch.pt",
            loss="mse",
            device="cuda:1",
            dtype="float64",
            autocast="bfloat16",
            seeds=5,
            batch=16,
            steps=10,
            optimizer="adam",
            learning_rate=1.0,
            time_limit=30.0,
            memory_limit=4 * 10**9,
            is_eval=True,
            directory="/project",
        ),
    )


def test_one_input_may_be_written_as_a_string() -> None:
    (request,) = requests_from_tables([{"target": "net.py:Net", "input": "8,3"}], "/")
    assert (request.inputs, request.passes) == (("8,3",), ALL_PASSES)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "no target; write target = "),
        ({"target": "a:b", "inputs": "8,3"}, r"2 \(a:b\): unknown key 'inputs'; did you mean 'input'\?"),
        ({"target": "a:b", "zzz": 1}, "unknown key 'zzz'; known keys: target, args, input"),
        ({"target": 3}, "target: expected a string, found 3"),
        ({"target": "a:b", "args": [1]}, "args: expected a table of names and values"),
        ({"target": "a:b", "args": {"x": "@y"}}, "args: expected @module:name"),
        ({"target": "a:b", "input": [8, 3]}, "input: expected a string, found 8"),
        ({"target": "a:b", "seeds": "3"}, "seeds: expected a whole number, found '3'"),
        ({"target": "a:b", "seeds": True}, "seeds: expected a whole number, found True"),
        ({"target": "a:b", "lr": "0.1"}, "lr: expected a number"),
        ({"target": "a:b", "eval": "yes"}, "eval: expected true or false"),
        ({"target": "a:b", "memory-limit": []}, "memory-limit: expected a size"),
        ({"target": "a:b", "memory-limit": "4 bytes"}, "memory-limit: expected a size"),
        ({"target": "a:b", "dtype": "int8"}, "dtype: expected one of"),
    ],
)
def test_a_wrong_table_is_named_with_its_key(table: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as error:
        requests_from_tables([{"target": "a:b"}, table], "/")
    assert "[[tool.initlint.probe]] 2" in str(error.value)
