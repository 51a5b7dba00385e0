"""Keras models on PyTorch are probed like any other, and measure what was predicted of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SOURCE = """
import keras
from keras import layers


def stack(depth=8):
    model = keras.Sequential([keras.Input(shape=(256,))])
    for _ in range(depth):
        model.add(layers.Dense(256, activation="relu"))
    model.add(layers.Dense(10))
    return model


def convolutions():
    inputs = keras.Input((12, 12, 3))
    x = layers.Conv2D(32, 3, activation="relu", kernel_initializer="he_normal")(inputs)
    x = layers.Flatten()(layers.BatchNormalization()(x))
    return keras.Model(inputs, layers.Dense(10)(x))


class Late(keras.Model):
    def __init__(self):
        super().__init__()
        self.first = layers.Dense(64, activation="tanh", kernel_initializer="zeros")
        self.last = layers.Dense(10)

    def call(self, x):
        return self.last(self.first(x))


class Block(layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.project = layers.Dense(units, activation="relu")
        self.rest = [layers.Dense(units), layers.Dense(units, name="mine")]

    def call(self, x):
        x = self.project(x)
        for each in self.rest:
            x = each(x)
        return x


class Nested(keras.Model):
    def __init__(self):
        super().__init__()
        self.block = Block(16)
        self.head = keras.Sequential([layers.Dense(8), layers.LayerNormalization(), layers.Dense(4)])

    def call(self, x):
        return self.head(self.block(x))


def listed():
    return keras.Sequential([keras.Input((12,)), layers.Dense(8), Block(8), layers.Dense(3)])


def graph():
    inputs = keras.Input((12, 12, 3))
    x = layers.Conv2D(8, 3, activation="relu")(inputs)
    x = layers.Conv2D(8, 3, name="second")(x)
    return keras.Model(inputs, layers.Dense(10)(Block(6)(layers.Flatten()(x))))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("keras")
    (made / "models.py").write_text(SOURCE)
    return made


def run(folder: Path, *arguments: str, **variables: str) -> Any:
    command = [sys.executable, "-m", "initlint", *arguments, "--format", "json"]
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"} | variables
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, timeout=300)
    return json.loads(done.stdout)


def gains(layers: list[Any], kind: str) -> list[float]:
    return [layer["forward"]["gain"] for layer in layers if layer["op"] == kind]


def test_what_is_predicted_of_a_stack_is_measured_and_stands_where_it_was_built(folder: Path) -> None:
    (probed,) = run(folder, "probe", "models.py:stack")["targets"]
    networks = run(folder, "check", "--show-networks", "models.py")["networks"]
    predicted = next(each["nodes"] for each in networks if each["name"] == "Sequential")
    measured = [layer for layer in probed["layers"] if layer["op"] == "matmul"]
    lines = SOURCE.splitlines()
    assert [layer["name"] for layer in measured[:3]] == ["dense", "dense_1", "dense_2"]
    assert all("layers.Dense" in lines[layer["line"] - 1] for layer in measured)
    pairs = list(zip(gains(predicted, "Linear"), gains(measured, "matmul"), strict=True))
    assert len(pairs) == 9
    assert sum(theirs / ours for ours, theirs in pairs) / len(pairs) == pytest.approx(1, abs=0.1)


def test_a_model_that_says_what_it_takes_is_given_that(folder: Path) -> None:
    (probed,) = run(folder, "probe", "models.py:convolutions")["targets"]
    assert probed["verdict"] == "healthy"
    assert next(layer for layer in probed["layers"] if layer["op"] == "input")["shape"][1:] == [12, 12, 3]


def test_layers_that_are_built_late_are_registered_by_then(folder: Path) -> None:
    report = run(folder, "probe", "models.py:Late", "--input", "16,20")
    codes = {finding["code"] for finding in report["findings"]}
    constant = next(finding for finding in report["findings"] if finding["code"] == "INL101")
    assert "INL110" not in codes
    assert constant["message"].startswith("first.kernel: ") and "all 64 units" in constant["message"]
    assert "kernel_initializer" in constant["help"]


@pytest.mark.parametrize(
    ("target", "model", "inputs", "first"),
    [
        ("Nested", "Nested", ("--input", "4,20"), ["block.project", "block.dense_1", "block.mine", "head.dense_2"]),
        ("listed", "Sequential", (), ["dense", "block.project", "block.dense_2", "block.mine", "dense_3"]),
        ("graph", "Model", (), ["conv2d", "second", "block.project", "block.dense_2", "block.mine", "dense"]),
    ],
)
def test_layers_are_called_in_check_what_the_probe_calls_them(
    target: str, model: str, inputs: tuple[str, ...], first: list[str], folder: Path
) -> None:
    (probed,) = run(folder, "probe", f"models.py:{target}", *inputs)["targets"]
    measured = [layer["name"] for layer in probed["layers"] if layer["op"] in ("matmul", "conv2d")]
    networks = run(folder, "check", "--show-networks", "models.py")["networks"]
    traced = [
        [node["name"] for node in each["nodes"] if node["op"] in ("Linear", "Conv2d")]
        for each in networks
        if each["name"] == model
    ]
    assert measured in traced
    assert measured[: len(first)] == first


def test_another_backend_is_refused_with_the_remedy(folder: Path) -> None:
    (folder / "other.py").write_text(
        "import keras\nkeras.backend.backend = lambda: 'jax'\ndef build():\n    return 'no module'\n"
    )
    (error,) = run(folder, "probe", "other.py:build")["errors"]
    assert "KERAS_BACKEND=torch" in error["help"]
