"""Training steps that are given gradients as values: Keras models' own, and loops around TensorFlow's tape."""

from __future__ import annotations

from textwrap import indent

import pytest

from initlint import Finding, check_text

HEADER = """
import keras
import tensorflow as tf
from tensorflow.keras import layers


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.rnn = layers.LSTM(32)
        self.out = layers.Dense(1)

    def call(self, x):
        return self.out(self.rnn(x))


def stacked():
    model = keras.Sequential()
    model.add(layers.Embedding(100, 8))
    model.add(layers.GRU(16))
    return model


def graph():
    inputs = keras.Input((None, 3))
    x = layers.Bidirectional(layers.SimpleRNN(16))(inputs)
    return keras.Model(inputs, outputs=layers.Dense(1)(x))


def branch():
    inputs = keras.Input((4,))
    layers.LSTM(16)(layers.Reshape((4, 1))(inputs))
    return keras.Model(inputs, layers.Dense(1)(inputs))
"""
STEP = "optimizer.apply_gradients(zip(grads, model.trainable_variables))"


def findings(source: str, *codes: str) -> list[Finding]:
    report = check_text(HEADER + source, "train.py", select=codes or ("INL401",))
    assert not report.errors
    return list(report.findings)


def loop(
    after: str = STEP, *, model: str = "Net()", optimizer: str = "keras.optimizers.Adam(1e-3)", given: str = ""
) -> str:
    """A loop over batches; `after` is what follows on the tape."""
    return f"""
def train(batches{given}):
    model = {model}
    optimizer = {optimizer}
    for x, y in batches:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        grads = tape.gradient(loss, model.trainable_variables)
{indent(after, " " * 8)}
"""


@pytest.mark.parametrize(
    "after",
    [
        STEP,
        "optimizer.apply_gradients(list(zip(grads, model.trainable_weights)))",
        "optimizer.apply(grads, model.trainable_variables)",
        "optimizer.apply_gradients((g, v) for g, v in zip(grads, model.trainable_variables) if g is not None)",
        "pairs = [(g, v) for g, v in zip(grads, model.trainable_variables)]\noptimizer.apply_gradients(pairs)",
        f"print(tf.linalg.global_norm(grads))\n{STEP}",
        "optimizer.minimize(loss, model.trainable_variables, tape=tape)",
    ],
)
def test_a_step_that_is_given_the_gradients_as_the_tape_made_them_is_reported(after: str) -> None:
    (finding,) = findings(loop(after))
    assert "LSTM of Net" in finding.message and "clipnorm" in finding.help


@pytest.mark.parametrize(
    "after",
    [
        f"grads, norm = tf.clip_by_global_norm(grads, 5.0)\n{STEP}",
        f"grads = [tf.clip_by_norm(g, 1.0) for g in grads]\n{STEP}",
        f"grads = [keras.ops.clip(g, -1.0, 1.0) for g in grads]\n{STEP}",
        f"grads = limited(grads)\n{STEP}",
        f"grads = [g * tf.minimum(1.0, 5.0 / tf.linalg.global_norm(grads)) for g in grads]\n{STEP}",
        "sums = [s + g for s, g in zip(sums, grads)]\noptimizer.apply_gradients(zip(sums, model.trainable_variables))",
    ],
)
def test_gradients_that_are_bounded_or_may_be_are_not_reported(after: str) -> None:
    assert findings(loop(after)) == []


@pytest.mark.parametrize(
    ("optimizer", "is_reported"),
    [
        ("keras.optimizers.SGD()", True),
        ("tf.keras.optimizers.legacy.RMSprop(1e-3)", True),
        ("tf.optimizers.Adam()", True),
        ("keras.optimizers.Adam(clipnorm=1.0)", False),
        ("keras.optimizers.Adam(1e-3, global_clipnorm=1.0)", False),
        ("keras.optimizers.Adam(**settings)", False),
        ("somewhere.optimizers.Adam(1e-3)", False),
        ("make_optimizer()", False),
    ],
)
def test_an_optimizer_that_may_bound_the_gradients_itself_silences_the_loop(optimizer: str, is_reported: bool) -> None:
    assert bool(findings(loop(optimizer=optimizer, given=", settings"))) is is_reported


@pytest.mark.parametrize(
    ("model", "layer"),
    [("stacked()", "GRU"), ("graph()", "SimpleRNN"), ("branch()", ""), ("keras.Sequential([layers.Dense(1)])", "")],
)
def test_the_recurrent_layer_is_found_however_the_model_is_built(model: str, layer: str) -> None:
    assert [layer in one.message for one in findings(loop(model=model))] == ([True] if layer else [])


def own_step(compiling: str, clip: str = "") -> str:
    return f"""
class Trained(Net):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=y, y_pred=self(x, training=True))
        grads = tape.gradient(loss, self.trainable_variables)
        {clip or "pass"}
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        return {{"loss": loss}}


def train(data, settings, optimizer):
    model = Trained()
    {compiling}
    model.fit(data)
"""


@pytest.mark.parametrize(
    ("compiling", "is_reported"),
    [
        ("model.compile(optimizer='adam', loss='mse')", True),
        ("model.compile(loss='mse')", True),
        ("model.compile(keras.optimizers.Adam(1e-3), 'mse')", True),
        ("model.compile(keras.optimizers.Adam(clipvalue=0.5), 'mse')", False),
        ("model.compile(optimizer, loss='mse')", False),
        ("model.compile(**settings)", False),
        ("pass", False),
    ],
)
def test_a_model_s_own_step_is_judged_by_what_the_model_is_compiled_with(compiling: str, is_reported: bool) -> None:
    found = findings(own_step(compiling))
    assert bool(found) is is_reported
    assert all("the loop in train_step" in one.message for one in found)


def test_a_model_whose_own_step_clips_is_not_reported_where_it_is_compiled() -> None:
    clip = "grads, _ = tf.clip_by_global_norm(grads, 1.0)"
    assert findings(own_step("model.compile(optimizer='adam', loss='mse')", clip)) == []


def test_a_model_that_is_made_of_a_graph_where_it_is_built_is_followed_there() -> None:
    found = findings("""
class Trained(keras.Model):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=y, y_pred=self(x, training=True))
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(grads, self.trainable_variables)
        return {"loss": loss}


def train(data):
    inputs = keras.Input((20, 4))
    model = Trained(inputs, layers.Dense(1)(layers.GRU(16)(inputs)))
    model.compile(optimizer="adam", loss="mse")
    model.fit(data)
""")
    assert [("GRU of Trained" in one.message, one.fix is not None) for one in found] == [(True, True)]


def test_models_and_optimizers_handed_to_an_adversarial_pair_are_followed() -> None:
    found = findings("""
class Pair(keras.Model):
    def __init__(self, critic, generator):
        super().__init__()
        self.critic = critic
        self.generator = generator

    def compile(self, critic_optimizer, generator_optimizer):
        super().compile()
        self.critic_optimizer = critic_optimizer
        self.generator_optimizer = generator_optimizer

    def train_step(self, real):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self.critic(real))
        grads = tape.gradient(loss, self.critic.trainable_weights)
        self.critic_optimizer.apply_gradients(zip(grads, self.critic.trainable_weights))
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(self.critic(self.generator(real)))
        grads = tape.gradient(loss, self.generator.trainable_weights)
        self.generator_optimizer.apply_gradients(zip(grads, self.generator.trainable_weights))
        return {}


def train(data):
    pair = Pair(keras.Sequential([layers.Dense(1)]), stacked())
    pair.compile(keras.optimizers.Adam(), keras.optimizers.Adam(clipnorm=1.0))
    pair.fit(data)
    other = Pair(stacked(), keras.Sequential([layers.Dense(1)]))
    other.compile(keras.optimizers.Adam(), keras.optimizers.Adam())
    other.fit(data)
""")
    assert [one.place.line for one in found] == [HEADER.count("\n") + 17]


@pytest.mark.parametrize(
    ("after", "code"),
    [
        (f"tf.clip_by_global_norm(grads, 1.0)\n{STEP}", "INL405"),
        (f"clipped, norm = tf.clip_by_global_norm(grads, 1.0)\n{STEP}\nprint(norm)", "INL405"),
        (f"for g in grads:\n    g = tf.clip_by_norm(g, 1.0)\n{STEP}", "INL405"),
        (f"grads, _ = tf.clip_by_global_norm(grads, 0.0)\n{STEP}", "INL405"),
        (f"grads = [tf.clip_by_value(g, -1e9, 1e9) for g in grads]\n{STEP}", "INL405"),
        (f"{STEP}\ngrads, _ = tf.clip_by_global_norm(grads, 1.0)", "INL402"),
        (f"norm = tf.clip_by_global_norm(grads, 1.0)[1]\n{STEP}\nprint(norm)", ""),
        (f"grads, _ = tf.clip_by_global_norm(grads, 1.0)\n{STEP}", ""),
    ],
)
def test_bounded_copies_must_reach_the_step(after: str, code: str) -> None:
    found = findings(loop(after, model="keras.Sequential([layers.Dense(1)])"), "INL402", "INL405")
    assert [one.code for one in found] == ([code] if code else [])
