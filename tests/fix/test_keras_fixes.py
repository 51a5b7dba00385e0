"""Fixes in Keras' own terms: options of layers, optimisers and losses, under the names that a file has for them."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path
from textwrap import dedent

import pytest

from initlint import check


def changed(tmp_path: Path, code: str, source: str) -> list[str]:
    """The lines that fixes take out and put in."""
    path = tmp_path / "model.py"
    path.write_text(dedent(source).lstrip("\n"), encoding="utf-8")
    before = path.read_text(encoding="utf-8").splitlines()
    report = check(path, isolated=True, select=[code], fix=True, unsafe_fixes=True)
    assert not report.errors
    compile(path.read_text(encoding="utf-8"), str(path), "exec")
    found = unified_diff(before, path.read_text(encoding="utf-8").splitlines(), n=0, lineterm="")
    return [line.replace("    ", "") for line in found if line[:3] not in ("---", "+++", "@@ ")]


def stack(imports: str, layer: str) -> str:
    return f"""
{imports}


def build(start=None):
    model = Sequential()
    model.add(Input((128,)))
    for _ in range(30):
        model.add({layer})
    model.add(Dense(3))
    return model
"""


IMPORTS = "from keras import Input, Sequential, initializers\nfrom keras.layers import Dense"


@pytest.mark.parametrize(
    ("code", "layer", "fixed"),
    [
        ("INL201", 'Dense(128, "relu")', 'Dense(128, "relu", kernel_initializer="he_normal")'),
        ("INL201", 'Dense(128, activation="relu",)', 'Dense(128, activation="relu", kernel_initializer="he_normal",)'),
        (
            "INL202",
            'Dense(128, kernel_initializer="lecun_uniform", activation="relu")',
            'Dense(128, kernel_initializer="he_uniform", activation="relu")',
        ),
        (
            "INL202",
            'Dense(128, "relu", kernel_initializer=initializers.LecunNormal())',
            'Dense(128, "relu", kernel_initializer="he_normal")',
        ),
    ],
)
def test_a_layer_is_told_how_to_draw_its_kernel(code: str, layer: str, fixed: str, tmp_path: Path) -> None:
    assert changed(tmp_path, code, stack(IMPORTS, layer)) == [f"-model.add({layer})", f"+model.add({fixed})"]


@pytest.mark.parametrize("layer", ['Dense(128, "relu", kernel_initializer=start)', 'Dense(128, "relu", **options)'])
def test_what_a_caller_chooses_is_left_alone(layer: str, tmp_path: Path) -> None:
    assert changed(tmp_path, "INL201", stack(IMPORTS, layer)) == []


def compiled(compiling: str, imports: str = "from tensorflow import keras\n", before: str = "") -> str:
    return f"""
{imports}
from tensorflow.keras import layers
from tensorflow.keras.models import Sequential

model = Sequential([layers.SimpleRNN(32, input_shape=(200, 8)), layers.Dense(1, activation="sigmoid")])
{before}
model.compile({compiling})
"""


@pytest.mark.parametrize(
    ("given", "fixed"),
    [
        ('"rmsprop", "binary_crossentropy"', 'keras.optimizers.RMSprop(clipnorm=1.0), "binary_crossentropy"'),
        ("optimizer=keras.optimizers.SGD()", "optimizer=keras.optimizers.SGD(clipnorm=1.0)"),
        ("keras.optimizers.SGD(0.1, momentum=0.9)", "keras.optimizers.SGD(0.1, momentum=0.9, clipnorm=1.0)"),
        ('loss="mse"', 'loss="mse", optimizer=keras.optimizers.RMSprop(clipnorm=1.0)'),
    ],
)
def test_the_optimizer_is_told_to_clip_where_the_model_is_compiled(given: str, fixed: str, tmp_path: Path) -> None:
    assert changed(tmp_path, "INL401", compiled(given)) == [f"-model.compile({given})", f"+model.compile({fixed})"]


def test_an_optimizer_made_before_is_told_there(tmp_path: Path) -> None:
    source = compiled("optimizer=adam, loss='mse'", before="adam = keras.optimizers.Adam(1e-3)")
    assert changed(tmp_path, "INL401", source) == [
        "-adam = keras.optimizers.Adam(1e-3)",
        "+adam = keras.optimizers.Adam(1e-3, clipnorm=1.0)",
    ]


def test_an_optimizer_named_by_a_string_is_imported_as_is_customary(tmp_path: Path) -> None:
    found = changed(tmp_path, "INL401", compiled("'adam', 'mse'", imports=""))
    assert found == [
        "+from tensorflow import keras",
        "-model.compile('adam', 'mse')",
        "+model.compile(keras.optimizers.Adam(clipnorm=1.0), 'mse')",
    ]


def test_the_loss_of_two_classes_gets_its_sigmoid_and_that_of_many_is_told_of_logits(tmp_path: Path) -> None:
    source = """
    import keras
    from keras import layers

    two = keras.Sequential([keras.Input((8,)), layers.Dense(16, "relu"), layers.Dense(1)])
    two.compile("adam", "binary_crossentropy")
    many = keras.Sequential([keras.Input((8,)), layers.Dense(16, "relu"), layers.Dense(5)])
    many.compile("adam", keras.losses.SparseCategoricalCrossentropy())
    """
    assert changed(tmp_path, "INL503", source) == [
        '-two = keras.Sequential([keras.Input((8,)), layers.Dense(16, "relu"), layers.Dense(1)])',
        '+two = keras.Sequential([keras.Input((8,)), layers.Dense(16, "relu"), layers.Dense(1, activation="sigmoid")])',
        '-many.compile("adam", keras.losses.SparseCategoricalCrossentropy())',
        '+many.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))',
    ]


def test_dropout_between_selus_becomes_alpha_dropout(tmp_path: Path) -> None:
    source = """
    import keras
    from keras import layers

    model = keras.Sequential([keras.Input((64,))])
    for _ in range(5):
        model.add(layers.Dense(64, activation="selu", kernel_initializer="lecun_normal"))
        model.add(layers.Dropout(0.2))
    model.add(layers.Dense(3))
    """
    assert changed(tmp_path, "INL203", source) == [
        "-model.add(layers.Dropout(0.2))",
        "+model.add(layers.AlphaDropout(0.2))",
    ]
