"""What all paths go through, and signal and gradient along it."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest
from by_hand import ids, network, recording, row, statistics, weight

from initlint.diagnosis.gates import gated_layers, open_layers
from initlint.diagnosis.trajectory import Trajectory, chains, trajectories, trunk, trunk_ids
from initlint.network import Network
from initlint.probe.linking import link
from initlint.probe.recording import Row


def paths(net: Network, output: int) -> list[set[int]]:
    """Every path from an input to the output, the slow way."""
    layers = {layer.id: layer for layer in net.layers}

    def back(here: int) -> list[set[int]]:
        if not layers[here].inputs:
            return [{here}]
        return [path | {here} for source in layers[here].inputs for path in back(source)]

    return back(output)


@pytest.mark.parametrize("seed", range(60))
def test_the_trunk_is_what_lies_on_every_path_of_a_random_graph(seed: int) -> None:
    draw = random.Random(seed)

    def some(number: int) -> tuple[int, ...]:
        return tuple(sorted(draw.sample(range(max(number - 3, 0), number), min(number, draw.choice([1, 1, 2])))))

    edges = [(), *map(some, range(1, 14))]
    if draw.random() < 0.3:
        edges[draw.randrange(1, 4)] = ()
    net = network(edges)
    assert set(ids(trunk(net, 13))) == set.intersection(*paths(net, 13))


def test_a_residual_branch_is_not_on_the_trunk() -> None:
    assert ids(trunk(network([(), (0,), (1,), (2,), (1, 3), (4,)]), 5)) == [0, 1, 4, 5]


def test_a_learned_query_that_comes_in_beside_the_data_does_not_end_the_trunk() -> None:
    rows = [row(0, "input"), row(1, inputs=[0]), row(2, "linear"), row(3, "attention", [1, 2]), row(4, inputs=[3])]
    assert ids(trunk(link(recording(rows)), 4)) == [0, 1, 3, 4]


def test_integers_enter_at_their_embeddings() -> None:
    rows = [row(0, "embedding"), row(1, "embedding"), row(2, "add", [0, 1]), row(3, inputs=[2])]
    assert ids(trunk(link(recording(rows)), 3)) == [2, 3]


def test_each_output_has_a_trunk_of_its_own_and_the_last_one_is_the_networks() -> None:
    net = network([(), (0,), (1,), (1,), (3,)], outputs=(2, 4))
    assert ids(trunk(net, 2)) == [0, 1, 2]
    assert trunk_ids(net) == {0, 1, 3, 4}


def test_a_chain_ends_where_its_output_is_taken_twice_or_joined() -> None:
    found = [ids(chain) for chain in chains(network([(), (0,), (1,), (2,), (1, 3), (4,)]))]
    assert found == [[0, 1], [2, 3], [4, 5]]


def test_a_plain_stack_inside_one_of_two_branches_is_looked_at_by_itself() -> None:
    rows = [row(0, "input")]
    rows += [row(number, inputs=[number - 1]) for number in range(1, 6)]
    rows += [row(6, "add", [0, 5]), row(7, inputs=[6])]
    found = trajectories(link(recording(rows)))
    assert [(each.is_trunk, ids(each.layers)) for each in found] == [(True, [0, 6, 7]), (False, [1, 2, 3, 4, 5])]


def gated(op: str, constant: float, learns: bool = True) -> Network:
    """A residual branch of two layers that ends in a scale of this constant."""
    rows = [
        row(0, "input"), row(1, inputs=[0]), row(2, inputs=[1], gradient=0.0),
        row(3, op, [2], weight="scale", parameters=("scale",)), row(4, "add", [1, 3]), row(5, inputs=[4]),
    ]  # fmt: skip
    more = {} if learns else {"gradient": None}
    return link(recording(rows, [weight("scale", constant=constant, **more)]))


@pytest.mark.parametrize("op", ["norm", "multiply", "linear", "conv"])
def test_what_lies_behind_a_weight_of_zero_alone_is_cut_off_until_it_opens(op: str) -> None:
    assert open_layers(gated(op, 0.0)) == {0, 1, 3, 4, 5}
    assert gated_layers(gated(op, 0.0)) == {0, 1, 2}


def test_a_zero_that_gets_no_gradient_is_no_gate_since_it_never_opens() -> None:
    assert 2 in open_layers(gated("linear", 0.0, learns=False))
    assert not gated_layers(gated("linear", 0.0, learns=False))


def test_a_layer_scale_that_starts_small_is_a_gate_and_small_constant_weights_are_none() -> None:
    assert gated_layers(gated("multiply", 1e-6)) == {0, 1, 2}
    assert not gated_layers(gated("multiply", 1.0)) and not gated_layers(gated("linear", 1e-6))


def path(rows: Sequence[Row]) -> Trajectory:
    """The one trunk of a network of one chain."""
    (found,) = trajectories(link(recording(rows)))
    return found


def chain(*numbers: tuple[str, float, float]) -> list[Row]:
    """An input and then (operation, second moment, gradient's mean square) each."""
    rows = [row(0, "input")]
    for index, (op, second, gradient) in enumerate(numbers, start=1):
        activation = "relu" if op == "activation" else ""
        output = statistics(second)
        rows.append(row(index, op, [index - 1], gradient, output=output, activation=activation))
    return rows


LINEAR, RELU, NORM, POOL = "linear", "activation", "norm", "pool"


def test_depth_is_from_behind_the_first_stage_to_what_goes_into_the_output_layer() -> None:
    found = path(chain((LINEAR, 1, 1e-4), (RELU, 1, 1e-4), (LINEAR, 1, 1e-2), (RELU, 0.1, 1e-2), (LINEAR, 1, 1)))
    assert ids([found.layers[place] for place in found.hidden]) == [2, 3, 4]
    assert found.gradient == pytest.approx(-2) and found.forward == pytest.approx(-1)


def test_a_model_that_ends_in_a_rectifier_has_no_output_layer() -> None:
    found = path(chain((LINEAR, 1, 1e-4), (RELU, 1, 1e-4), (LINEAR, 1, 1), (RELU, 1, 1)))
    assert found.gradient == pytest.approx(-4)


def test_widths_do_not_count_since_the_gradient_is_taken_as_a_whole() -> None:
    rows = chain((LINEAR, 1, 1.0), (LINEAR, 1, 16.0), (LINEAR, 1, 1))
    wide = statistics(1.0, shape=(8, 256))
    rows[1] = row(1, inputs=[0], gradient=1.0, output=wide)
    assert path(rows).gradient == pytest.approx(0)


def test_pooling_changes_neither_gradient_nor_signal() -> None:
    found = path(chain((LINEAR, 1, 1e-3), (POOL, 0.01, 1.0), (LINEAR, 0.01, 1.0), (LINEAR, 1, 1)))
    assert found.gradient == pytest.approx(0) and found.forward == pytest.approx(0)


def test_before_a_norm_the_scale_of_signal_and_gradient_does_not_count() -> None:
    tiny = chain((LINEAR, 1e-8, 1e8), (NORM, 1, 1.0), (LINEAR, 1e-8, 1e8), (NORM, 1, 1.0), (LINEAR, 1, 1))
    found = path(tiny)
    assert max(map(abs, found.sensitivities)) == pytest.approx(0)
    assert found.forward == 0


def test_an_explosion_from_norm_to_norm_counts() -> None:
    found = path(chain((LINEAR, 1, 9.0), (NORM, 1, 1e3), (LINEAR, 1, 1.0), (NORM, 1, 1.0), (LINEAR, 1, 1)))
    assert found.gradient == pytest.approx(3)


def test_signal_and_gradient_of_zero_are_infinitely_many_decades() -> None:
    found = path(chain((LINEAR, 1, 0.0), (LINEAR, 0.0, 1.0), (LINEAR, 0.0, 1)))
    assert found.gradient == -math.inf and found.forward == -math.inf


def test_a_layer_whose_gradient_was_not_observed_is_stepped_over() -> None:
    rows = chain((LINEAR, 1, 1e-4), (LINEAR, 1, 1.0), (LINEAR, 1, 1.0), (LINEAR, 1, 1))
    rows[2] = row(2, inputs=[1], gradient=None)
    assert path(rows).sensitivities == pytest.approx((-4, 0, 0))


def test_what_follows_a_layer_scale_on_its_branch_is_not_compared_with_what_comes_before_it() -> None:
    scale = weight("scale", constant=1e-6, values=statistics(1e-12, shape=(16,)))
    branch = [row(number, inputs=[number - 1]) for number in (1, 2, 3)]
    scaled = row(4, "multiply", [3], weight="scale", output=statistics(1e-12))
    kept = row(5, "scale", [4], output=statistics(1e-12))  # stochastic depth, for example
    rows = [row(0, "input"), *branch, scaled, kept, row(6, "add", [0, 5]), row(7, inputs=[6])]
    chained = [each for each in trajectories(link(recording(rows, [scale]))) if not each.is_trunk]
    assert [ids(each.layers) for each in chained] == [[1, 2, 3]]


def test_of_an_auxiliary_output_only_its_own_layers_are_a_trunk() -> None:
    net = network([(), (0,), (1,), (2,), (1,), (4,)], outputs=(3, 5))
    assert sorted(ids(each.layers) for each in trajectories(net) if each.is_trunk) == [[0, 1, 4, 5], [2, 3]]
