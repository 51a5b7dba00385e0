"""The health of a network that was only read: its predicted course, judged as if it had been measured."""

from __future__ import annotations

import math
from dataclasses import replace

from initlint.diagnosis.chance import dropout_readings, fluctuation_readings
from initlint.diagnosis.course import Course, follow
from initlint.diagnosis.depth import is_normalised
from initlint.diagnosis.health import Health, judge, readings_of
from initlint.diagnosis.symptoms import GRADIENT, PREDICTED_GRADIENT, Reading, Symptom
from initlint.diagnosis.trajectory import trajectories
from initlint.network.measurement import Gradient, Statistics
from initlint.network.network import Layer, Network
from initlint.network.parameter import Parameter
from initlint.probe.recording import InitialLoss, ParameterRow, Recording, Row
from initlint.signal.moments import Moments
from initlint.signal.size import as_float

FLAT_FROM = {"tanh": 2.09, "sigmoid": 3.48, "hardtanh": 1.0, "hardsigmoid": 3.0}
"""|x| from which a bounded activation is flat: beyond 97 % of its range, or where it is constant."""
BATCH = 64
"""Samples that a predicted network is thought to see; more change nothing."""


def forecast(network: Network) -> Health | None:
    """What `diagnose` is expected to say of the network once it is run; `None` of one of which an operation is not known.

    That samples become alike is left out of plain stacks: where it does harm gradients vanish by the same factor a layer
    (Schoenholz et al. 2017, arXiv:1611.01232, section 4), so that of two predictions it says nothing new. Where norms make up
    for a gradient's size, they do not bring back what told samples apart.
    """
    if not network.is_complete:
        return None
    predicted = expected(network)
    paths = trajectories(predicted)
    readings = [_adapted(reading) for reading in readings_of(predicted)]
    found = [each for each in readings if each.symptom is not Symptom.INPUT_IGNORED or is_normalised(network)]
    found += [*fluctuation_readings(paths), *dropout_readings(paths)]
    return judge(found)


def _adapted(reading: Reading) -> Reading:
    return replace(reading, limit=PREDICTED_GRADIENT) if reading.bounds is GRADIENT else reading


def expected(network: Network) -> Network:
    """The network with the numbers that theory predicts in the place of measured ones."""
    course = follow(network)
    parameters = {id(each): _parameter(each, network, course) for each in _parameters(network)}

    def of(parameter: Parameter | None) -> Parameter | None:
        return None if parameter is None else parameters[id(parameter)]

    layers = [
        replace(
            layer,
            weight=of(_weight(layer)),
            bias=of(layer.bias),
            parameters=tuple(parameters[id(each)] for each in layer.parameters),
            measured=_row(layer, course) if layer.id in course.behind else None,
        )
        for layer in network.layers
    ]
    return replace(network, layers=layers, parameters=list(parameters.values()), measured=_recording(network))


def _parameters(network: Network) -> list[Parameter]:
    used = [
        each for layer in network.layers for each in (layer.weight, layer.bias, *layer.parameters) if each is not None
    ]
    return list({id(each): each for each in (*network.parameters, *used)}.values())


def _weight(layer: Layer) -> Parameter | None:
    """Its own; of a product with one parameter that one, which may be a gate."""
    is_scale = layer.op == "multiply" and layer.weight is None and len(layer.parameters) == 1
    return layer.parameters[0] if is_scale else layer.weight


def _row(layer: Layer, course: Course) -> Row:
    behind = course.behind[layer.id]
    return Row(
        id=layer.id,
        name=layer.name,
        op=layer.op,
        kind=layer.kind,
        is_module=bool(layer.name),
        call=0,
        output=_statistics(layer, behind, course.before[layer.id]),
        gradient=Gradient(mean_square=course.gradients[layer.id], elements=1),
        logits=_logits(layer, course),
    )


def _logits(layer: Layer, course: Course) -> Statistics | None:
    """What an attention's softmax is taken of, if products of queries and keys are scaled by the root of their width."""
    pair = course.compared.get(layer.id)
    if pair is None:
        return None
    square = (as_float(pair[0].second) or 0.0) * (as_float(pair[1].second) or 0.0)
    return Statistics(shape=(BATCH,), mean=0.0, second=square, abs_max=math.sqrt(square))


def _statistics(layer: Layer, behind: Moments, before: Moments) -> Statistics:
    mean, second = as_float(behind.mean) or 0.0, as_float(behind.second) or 0.0
    across = as_float(behind.across)
    return Statistics(
        shape=(BATCH,),
        mean=mean,
        second=second,
        abs_max=math.sqrt(second),
        saturated_fraction=_flat_share(layer, before),
        correlation=across / second if across is not None and second > 0 else None,
    )


def _flat_share(layer: Layer, before: Moments) -> float | None:
    """Share of a Gaussian's entries in the flat part of a bounded activation."""
    mean, variance = as_float(before.mean), as_float(before.variance)
    limit = FLAT_FROM.get(layer.activation) if layer.op == "activation" else None
    if limit is None or mean is None or variance is None or variance <= 0:
        return None
    spread = math.sqrt(2 * variance)
    return (math.erfc((limit - mean) / spread) + math.erfc((limit + mean) / spread)) / 2


def _parameter(parameter: Parameter, network: Network, course: Course) -> Parameter:
    made = Parameter(parameter.name, parameter.role, parameter.shape, parameter.place)
    made.writes, made.is_frozen = parameter.writes, parameter.is_frozen
    received = sum(_received(layer, course) for layer in network.layers if parameter in layer.parameters)
    law = parameter.distribution
    second = as_float(law.second) if law is not None else None
    made.measured = ParameterRow(
        name=parameter.name,
        role=parameter.role,
        values=Statistics(shape=(1,), mean=0.0, second=1.0 if second is None else second, abs_max=1.0),
        constant=parameter.constant,
        is_trained=not parameter.is_frozen,
        gradient=Gradient(mean_square=received, elements=1),
    )
    return made


def _received(layer: Layer, course: Course) -> float:
    """What a parameter of the layer gets: the signal it meets times the gradient behind."""
    if layer.id not in course.behind:
        return 0.0
    return (as_float(course.before[layer.id].second) or 0.0) * course.gradients[layer.id]


def _recording(network: Network) -> Recording:
    return Recording(
        target=network.name,
        model=network.name,
        device="",
        dtype="float32",
        torch="",
        batch=BATCH,
        inputs="predicted",
        rows=(),
        parameters=(),
        loss=InitialLoss(kind="", description=""),
    )
