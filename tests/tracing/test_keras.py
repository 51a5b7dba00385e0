"""Models written with Keras, read from source."""

from __future__ import annotations

import math

import pytest

import initlint
from initlint.network import Layer, Network
from initlint.report.networks import spelled

HEADER = """
import keras
from keras import layers, ops
from keras.initializers import Constant, HeNormal, RandomNormal, RandomUniform, VarianceScaling


"""


def network_of(source: str, header: str = HEADER) -> Network:
    report = initlint.check_text(header + source, "model.py")
    assert not report.errors
    (network,) = report.networks
    return network


def weighted(network: Network) -> list[Layer]:
    assert network.is_complete, network.reasons
    return [layer for layer in network.live() if layer.weight is not None and layer.op in ("linear", "conv")]


def spread(layer: Layer) -> float:
    assert layer.weight is not None and layer.weight.distribution is not None
    return math.sqrt(float(layer.weight.distribution.variance))


@pytest.mark.parametrize(
    "imports", ["import keras", "from tensorflow import keras", "import tensorflow.keras as keras"]
)
@pytest.mark.parametrize(
    "model",
    [
        "keras.Sequential([keras.Input((20,)), keras.layers.Dense(30, 'relu'), keras.layers.Dense(5)])",
        "keras.models.Sequential([keras.layers.Dense(30, activation='relu', input_shape=(20,)), keras.layers.Dense(5)])",
        "keras.Sequential([keras.layers.InputLayer((20,)), keras.layers.Dense(30), keras.layers.ReLU(),"
        " keras.layers.Dense(5)])",
        "graph(keras.Input(shape=(20,)))",
        "stack(keras.Sequential())",
        "Mine()",
    ],
)
def test_every_way_to_build_a_model_gives_the_same_network(model: str, imports: str) -> None:
    header = f"""
{imports}


def graph(inputs):
    x = keras.layers.Activation("relu")(keras.layers.Dense(30)(inputs))
    return keras.Model(inputs, keras.layers.Dense(5)(x))


def stack(model):
    model.add(keras.layers.Dense(30, activation=keras.activations.relu, input_dim=20))
    model.add(keras.layers.Dense(5))
    return model


class Mine(keras.Model):
    def __init__(self):
        super().__init__()
        self.first = keras.layers.Dense(30, activation="relu", input_shape=(20,))
        self.last = keras.layers.Dense(5)

    def call(self, inputs, training=False):
        return self.last(self.first(inputs))


"""
    networks = initlint.check_text(f"{header}def build():\n    return {model}\n", "model.py").networks
    found = max(networks, key=lambda network: len(network.layers))
    assert [layer.op for layer in found.live()] == ["input", "linear", "activation", "linear"]
    assert [(layer.fan_in, layer.fan_out) for layer in weighted(found)] == [(20, 30), (30, 5)]
    assert found.framework == "keras"


@pytest.mark.parametrize(
    ("given", "variance"),
    [
        ("", 2 / (100 + 50)),
        ("'glorot_normal'", 2 / (100 + 50)),
        ("'he_normal'", 2 / 100),
        ("HeNormal()", 2 / 100),
        ("'lecun_uniform'", 1 / 100),
        ("'random_normal'", 0.05**2),
        ("'random_uniform'", 0.05**2 / 3),
        ("RandomNormal(stddev=0.3)", 0.3**2),
        ("keras.initializers.RandomUniform(-0.6, 0.6)", 0.6**2 / 3),
        ("VarianceScaling(3.0, 'fan_out', 'uniform')", 3 / 50),
        ("VarianceScaling(scale=2.0, mode='fan_avg')", 2 / 75),
        ("Constant(0.2)", 0.0),
    ],
)
def test_an_initialiser_gives_the_variance_that_keras_documents(given: str, variance: float) -> None:
    """Of https://keras.io/api/layers/initializers; a truncated normal counts with the variance that is asked for."""
    option = f", kernel_initializer={given}" if given else ""
    network = network_of(f"""
def build():
    return keras.Sequential([keras.Input((100,)), layers.Dense(50{option}), layers.Dense(2)])
""")
    assert spread(weighted(network)[0]) ** 2 == pytest.approx(variance, rel=1e-6)


def test_shapes_go_through_convolutions_pools_and_joints() -> None:
    network = network_of("""
def build():
    inputs = keras.Input((28, 28, 3))
    x = layers.Conv2D(8, 3, activation="relu")(inputs)
    x = layers.MaxPooling2D()(x)
    y = layers.Conv2D(16, 3, strides=2, padding="same")(x)
    z = layers.Conv2D(16, 1, strides=2)(x)
    x = layers.Concatenate()([layers.add([y, z]), z])
    x = layers.BatchNormalization()(x)
    return keras.Model(inputs, layers.Dense(10)(layers.Dropout(0.5)(layers.Flatten()(x))))
""")
    fans = [layer.fan_in for layer in weighted(network)]
    assert fans == [3 * 9, 8 * 9, 8, 7 * 7 * 32]


def test_a_layer_of_one_s_own_is_built_for_what_it_is_given() -> None:
    network = network_of("""
class Scale(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer=RandomNormal(stddev=0.2))
        self.b = self.add_weight(shape=(self.units,), initializer="zeros")

    def call(self, inputs):
        return ops.matmul(inputs, self.w) + self.b


def build():
    return keras.Sequential([keras.Input((40,)), layers.Dense(30, activation="tanh"), Scale(7)])
""")
    last = weighted(network)[-1]
    assert (last.fan_in, last.fan_out, spread(last)) == (30, 7, pytest.approx(0.2))


def test_a_finding_speaks_keras_and_so_does_its_fix() -> None:
    report = initlint.check_text(
        HEADER
        + """
def build():
    return keras.Sequential([
        keras.Input((20,)),
        layers.Dense(64, activation="relu", kernel_initializer=Constant(0.1)),
        layers.Dense(64, activation="relu", kernel_initializer="ones"),
        layers.Dense(10),
    ])
""",
        "model.py",
    )
    assert [(each.code, each.place.line) for each in report.findings] == [("INL101", 11), ("INL101", 12)]
    assert all("kernel_initializer" in each.help and "nn." not in each.help for each in report.findings)
    assert [each.patch and each.patch.title for each in report.findings] == ["Draw the weights with he_normal"] * 2


def test_what_keras_does_not_tell_stays_unknown() -> None:
    report = initlint.check_text(
        HEADER
        + """
def build(backbone):
    return keras.Sequential([keras.Input((20,)), keras.layers.SomethingNew(3), layers.Dense(64, kernel_initializer="ones")])
""",
        "model.py",
    )
    assert not report.errors and not report.findings


def test_models_of_one_script_do_not_take_each_other_s_layers() -> None:
    networks = initlint.check_text(
        HEADER
        + """
inputs = keras.Input((20,))
hidden = layers.Dense(30, activation="relu")(inputs)
first = keras.Model(inputs, layers.Dense(5)(hidden))
second = keras.Sequential([keras.Input((7,)), layers.Dense(2)])
third = keras.Model(inputs, layers.Dense(3)(hidden))
""",
        "model.py",
    ).networks
    fans = [[(layer.fan_in, layer.fan_out) for layer in weighted(network)] for network in networks]
    assert fans == [[(20, 30), (30, 5)], [(7, 2)], [(20, 30), (30, 3)]]


def test_a_class_that_makes_itself_of_a_graph_is_that_graph() -> None:
    network = network_of("""
class Classifier(keras.Model):
    def __init__(self, width=30):
        inputs = keras.Input((20,))
        hidden = layers.Dense(width, activation="relu")(inputs)
        super().__init__(inputs=inputs, outputs=layers.Dense(5)(hidden))
        self.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
""")
    assert [(layer.fan_in, layer.fan_out) for layer in weighted(network)] == [(20, 30), (30, 5)]
    assert network.training is not None and network.training.takes_logits


def test_widths_that_the_source_does_not_name_are_told_apart_and_shown_alike() -> None:
    network = network_of("""
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.one = layers.Dense(30)
        self.other = layers.Dense(20)

    def call(self, inputs):
        return self.one(inputs[0]) + self.other(inputs[1])
""")
    first, second = (layer.fan_in for layer in network.layers if layer.op == "linear")
    assert first != second and {spelled(first), spelled(second)} == {"?"}


@pytest.mark.parametrize(
    ("expression", "kinds"),
    [
        ("ops.relu(x)", ["relu"]),
        ("tf.nn.tanh(ops.cast(x, 'float32'))", ["tanh"]),
        ("ops.exp(x)", ["exp"]),
        ("ops.add(x, ops.multiply(x, inputs))", ["*", "+"]),
        ("keras.activations.get('gelu')(x)", ["gelu"]),
        ("ops.concatenate([x, inputs], axis=-1)", ["cat"]),
        ("ops.expand_dims(keras.backend.mean(x, axis=-1), -1)", ["mean", "unsqueeze"]),
        ("ops.einsum('bd,bd->bd', x, inputs)", ["einsum"]),
        ("ops.maximum(x, ops.zeros_like(x))", ["maximum"]),
        ("ops.where(ops.greater(x, 0), x, inputs)", ["where"]),
        ("ops.split(x, 2, axis=-1)[0]", ["chunk"]),
        ("x * ops.cast(ops.arange(ops.shape(x)[0]), 'float32')", ["*"]),
        ("ops.nn.softmax(ops.clip(x, -3, 3))", ["clamp", "softmax"]),
        ("ops.nn.dot_product_attention(x, x, inputs)", ["scaled_dot_product_attention"]),
    ],
)
def test_functions_of_keras_are_those_of_signals(expression: str, kinds: list[str]) -> None:
    network = network_of(f"""
import tensorflow as tf


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.first = layers.Dense(8)
        self.last = layers.Dense(2)

    def call(self, inputs):
        x = self.first(inputs)
        return self.last({expression})
""")
    assert network.is_complete, network.reasons
    assert [layer.kind for layer in network.live() if layer.op not in ("input", "linear")] == kinds


def test_a_separable_convolution_is_two_and_augmentation_none() -> None:
    network = network_of("""
def build():
    return keras.Sequential([
        keras.Input((16, 16, 4)),
        layers.RandomFlip("horizontal"),
        layers.SeparableConv2D(8, 3, activation="relu"),
        layers.Cropping2D(1),
        layers.GlobalAveragePooling2D(),
        layers.RepeatVector(3),
        layers.Permute((2, 1)),
        layers.Dense(2),
    ])
""")
    found = [(layer.name, layer.fan_in) for layer in weighted(network)]
    assert found == [("separable_conv2d.depthwise", 9), ("separable_conv2d.pointwise", 4), ("dense", 3)]


def test_a_cell_run_over_time_is_the_layer_of_its_kind() -> None:
    network = network_of("""
def build():
    return keras.Sequential([
        keras.Input((20, 3)),
        layers.RNN(layers.GRUCell(8), return_sequences=True),
        layers.RNN(layers.LSTMCell(4)),
        layers.Dense(1),
    ])
""")
    assert [(layer.kind, layer.name) for layer in network.live() if layer.op == "recurrent"] == [
        ("GRU", "rnn.cell"),
        ("LSTM", "rnn_1.cell"),
    ]
    assert weighted(network)[-1].fan_in == 4


def test_an_embedding_in_reverse_gives_logits_by_the_same_weights() -> None:
    network = network_of("""
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.rows = layers.ReversibleEmbedding(100, 8)
        self.map = layers.EinsumDense("btd,dh->bth", output_shape=(None, 8), bias_axes="h", activation="relu")

    def call(self, inputs):
        return self.rows(self.map(self.rows(inputs)), reverse=True)
""")
    assert network.is_complete, network.reasons
    looked_up, mapped, activated, logits = [
        layer for layer in network.live() if layer.op not in ("input", "add", "reshape")
    ]
    assert (looked_up.op, mapped.op, activated.kind, logits.op) == ("embedding", "linear", "relu", "linear")
    assert logits.weight is looked_up.weight
    assert mapped.fan_in is None
