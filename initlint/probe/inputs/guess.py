"""First guesses: what the signature of forward and the first layers say of each argument."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from initlint.probe.inputs.plan import Argument, Plan
from initlint.probe.inputs.spec import BATCH, Input, Size

STEPS = 16
"""Length of a sequence: time steps, tokens."""

IMAGE_SIDE, SMALL_IMAGE_SIDE = 224, 64
"""Pixels, where the first convolution strides (ImageNet networks) and where it does not."""

VIDEO = (16, 112, 112)
"""Frames, height, width (Tran et al. 2018, arXiv:1711.11248)."""

SIGNAL_LENGTH = 128
"""Samples of a one-dimensional convolution's input."""

FEATURES = 16
"""Where no layer says how many."""

MEAN_DEGREE = 2 / 32
"""Largest entry of a random adjacency matrix of 32 nodes, so that its rows sum to about 1 as normalised ones do."""

DIFFUSION_STEPS = 1000
"""Noise levels of a diffusion model (Ho et al. 2020, arXiv:2006.11239)."""

_SIZE_ATTRIBUTES = ("img_size", "image_size", "input_size", "resolution", "input_resolution", "sample_size")

_IDS = re.compile(r"(^|_)(ids?|idx|index|indices|tokens?|words?|chars?|texts?|sentences?|captions?|users?|items?)(_|$)")
_SEQUENCE = re.compile(
    r"(^|_)(src|tgt|source|target|trg|input_seq|seq|sequences?|encoder_input|decoder_input|x|inputs?)(_|$)"
)
_MASK = re.compile(r"mask(s)?(_|$)")
_LENGTHS = re.compile(r"(^|_)(len|lens|lengths?|seq_?lens?)(_|$)")
_TIME = re.compile(r"^(t|time|times|timesteps?|time_steps?|noise_level|sigma|steps?)$")
_CLASS = re.compile(r"^(y|labels?|class|classes|class_labels?|cls|c)$")
_STATE = re.compile(r"^(h|h0|hx|c0|hidden|hiddens|hidden_state|state|states|cell|cache|memory_state|prev_state)$")
_EDGES = re.compile(r"^(edge_?index|edges?|ei)$")
_ADJACENCY = re.compile(r"^(adj|A|adjacency|adj_matrix|adjacency_matrix|adj_t|laplacian|support)$")
_OFFSETS = re.compile(r"^offsets?$")


@dataclass(frozen=True)
class Layer:
    """A layer that may be the first an argument meets."""

    path: str
    module: nn.Module

    def describe(self) -> str:
        return f"{self.path or 'the model'} ({type(self.module).__name__})"


def required_parameters(model: nn.Module) -> list[inspect.Parameter]:
    """The arguments of forward that must be given; where all are optional, the first."""
    try:
        parameters = list(inspect.signature(model.forward).parameters.values())
    except (TypeError, ValueError):
        return [inspect.Parameter("x", inspect.Parameter.POSITIONAL_ONLY)]
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    required = [p for p in named if p.default is p.empty]
    if required or not parameters:
        return required
    return named[:1] or [inspect.Parameter("x", inspect.Parameter.POSITIONAL_ONLY)]


def first_guess(model: nn.Module) -> Plan:
    """The likeliest form of every argument that must be given."""
    layers = list(_layers(model))
    if any(_CLASS.match(p.name) or _IDS.search(p.name) for p in required_parameters(model)):
        layers.sort(key=_is_table)  # the other arguments meet no table
    is_graph = any(_EDGES.match(p.name) or _ADJACENCY.match(p.name) for p in required_parameters(model))
    arguments = []
    for parameter in required_parameters(model):
        guess = _guess(parameter, layers, model, is_graph)
        arguments.append(replace(guess, is_keyword=parameter.kind is parameter.KEYWORD_ONLY))
    return Plan(tuple(arguments))


def guess_entry(key: str, model: nn.Module) -> Argument:
    """The likeliest form of what a model looks up under `key`."""
    parameter = inspect.Parameter("entry", inspect.Parameter.POSITIONAL_ONLY)
    guess = _guess(parameter.replace(name=key) if key.isidentifier() else parameter, list(_layers(model)), model, False)
    return replace(guess, name=key)


def _guess(parameter: inspect.Parameter, layers: list[Layer], model: nn.Module, is_graph: bool) -> Argument:
    name = parameter.name
    plain = _plain_value(parameter)
    if plain is not None:
        return Argument(name, value=plain[0], reason="its annotation")
    by_name = _by_name(name, layers, model)
    if by_name is not None:
        return by_name
    annotation = str(parameter.annotation)
    if "LongTensor" in annotation or (_IDS.search(name) and _tables(layers)):
        return _ids(name, layers)
    layer = _nearest(name, layers, model)
    guess = Argument(name, Input((BATCH, FEATURES))) if layer is None else from_layer(name, layer, model)
    if is_graph and guess.spec is not None and guess.spec.dtype is None:
        return guess.with_spec(Input((BATCH, guess.shape[-1])), 1)
    return guess


def _plain_value(parameter: inspect.Parameter) -> tuple[Any] | None:
    """What is passed for an argument that is annotated as no tensor."""
    plain: dict[Any, Any] = {bool: False, int: 4, float: 1.0}
    by_text = {"bool": False, "int": 4, "float": 1.0}
    annotation = parameter.annotation
    value = by_text.get(annotation) if isinstance(annotation, str) else plain.get(annotation)
    return None if value is None else (value,)


def _by_name(name: str, layers: list[Layer], model: nn.Module) -> Argument | None:
    """Arguments whose name says more than the layers do."""
    tokens: tuple[Size, ...] = (BATCH, STEPS)
    vector = Input((BATCH,))
    if _MASK.search(name):
        passing = 0 if "padding" in name else 1  # torch's padding masks say what to leave out, others what to keep
        shapes = (tokens, (BATCH, 1, 1, STEPS), (BATCH, 1, STEPS, STEPS), (STEPS, STEPS), (BATCH, STEPS, 1))
        masks = tuple(Input(shape, "bool", low=passing, high=passing + 1) for shape in shapes)
        return Argument(name, alternatives=masks, reason="its name")
    if _LENGTHS.search(name):
        return Argument(name, Input((BATCH,), "int64", low=STEPS, high=STEPS + 1), reason="its name")
    if _STATE.match(name):
        return Argument(name, alternatives=tuple(map(Input, _state_shapes(model))), reason="its name")
    if _EDGES.match(name):
        return Argument(name, Input((2, 128), "int64", low=0, high=BATCH), reason="its name")
    if _ADJACENCY.match(name):
        square = Input((BATCH, BATCH), low=0.0, high=MEAN_DEGREE)
        return Argument(
            name, square, alternatives=(Input((BATCH, STEPS, STEPS), low=0.0, high=MEAN_DEGREE),), reason="its name"
        )
    if _OFFSETS.match(name):
        return Argument(name, reason="its name")  # bags are then the rows of a matrix of ids
    if _TIME.match(name):
        levels = Input((BATCH,), "int64", low=0, high=DIFFUSION_STEPS)
        unit = Input((BATCH,), low=0.0, high=1.0)
        return Argument(name, levels, alternatives=(unit, Input((BATCH, 1), low=0.0, high=1.0)), reason="its name")
    if _CLASS.match(name) and _tables(layers):
        rows = _rows(_nearest_table(name, layers))
        return Argument(name, Input((BATCH,), "int64", low=0, high=rows), alternatives=(vector,), reason="its name")
    return None


def _state_shapes(model: nn.Module) -> tuple[tuple[Size, ...], ...]:
    """Of a recurrent state, which many models keep the width of."""
    widths = (getattr(model, name, None) for name in ("hidden_size", "hidden_dim", "hidden", "n_hidden", "d_model"))
    width = next((width for width in widths if isinstance(width, int)), FEATURES)
    return (BATCH, width), (1, BATCH, width)


def _ids(name: str, layers: list[Layer]) -> Argument:
    table = _nearest_table(name, layers)
    spec = Input((BATCH, STEPS), "int64", low=0, high=_rows(table))
    single = replace(spec, shape=(BATCH,))
    if re.search(r"user|item|_id$", name) and not name.startswith(("input", "token")):
        spec, single = single, spec
    return Argument(name, spec, alternatives=(single,), reason=table.describe() if table else "its name")


def _layers(model: nn.Module) -> Iterator[Layer]:
    """Layers whose input can be told from their settings, in the order of registration."""
    for path, module in model.named_modules():
        if isinstance(module, (*_SHAPED, nn.Embedding, nn.EmbeddingBag)):
            yield Layer(path, module)


def _is_table(layer: Layer) -> bool:
    return isinstance(layer.module, (nn.Embedding, nn.EmbeddingBag))


def _tables(layers: list[Layer]) -> list[Layer]:
    """Embeddings of tokens, not of positions, which are met by no argument."""
    tables = list(filter(_is_table, layers))
    return [layer for layer in tables if not re.search(r"pos", layer.path)] or tables


def _nearest_table(name: str, layers: list[Layer]) -> Layer | None:
    tables = _tables(layers)
    return _sharing_a_word(name, tables) or (tables[0] if tables else None)


def _rows(table: Layer | None) -> int:
    return int(table.module.num_embeddings) if table else 2  # type: ignore[arg-type]


def _nearest(name: str, layers: list[Layer], model: nn.Module) -> Layer | None:
    """The layer whose path shares a word with the argument, else the first."""
    return _sharing_a_word(name, layers) or (layers[0] if layers else None)


def _sharing_a_word(name: str, layers: list[Layer]) -> Layer | None:
    words = {word for word in re.split(r"[_\d]+", name.lower()) if len(word) > 2}
    return next((layer for layer in layers if words & set(re.split(r"[._\d]+", layer.path.lower()))), None)


def from_layer(name: str, layer: Layer, model: nn.Module) -> Argument:
    """The input that a layer takes, with its free sizes at their likeliest."""
    module: Any = layer.module
    if isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
        spec = Input((BATCH, STEPS), "int64", low=0, high=_rows(layer))
        return Argument(name, spec, alternatives=(replace(spec, shape=(BATCH,)),), reason=layer.describe())
    shape, fixed = _shape(module, model)
    others: tuple[Input, ...] = ()
    if isinstance(module, (nn.Linear, nn.LayerNorm)) and len(fixed) == 1:
        flat, steps = Input((BATCH, shape[-1])), Input((BATCH, STEPS, shape[-1]))
        others = (flat,) if len(shape) == 3 else (steps,)
    return Argument(name, Input(shape), None, frozenset(fixed), others, reason=layer.describe())


def input_of_rank(
    rank: int, running: nn.Module | None, model: nn.Module
) -> tuple[tuple[Size, ...], tuple[int, ...]] | None:
    """Shape and fixed axes of the input of the layer that was running, or else of the first that takes so many axes.

    Five axes without a layer for them are a sequence of images: ``(batch, frames, channels, height, width)``.
    """
    for module in [running, *model.modules()]:
        if isinstance(module, _SHAPED):
            shape, fixed = _shape(module, model)
            if len(shape) == rank:
                return shape, fixed
    images = input_of_rank(4, running, model) if rank == 5 else None
    return None if images is None else ((BATCH, STEPS, *images[0][1:]), tuple(axis + 1 for axis in images[1]))


def _shape(module: Any, model: nn.Module) -> tuple[tuple[Size, ...], tuple[int, ...]]:
    """Shape of a layer's input, and the axes the layer fixes."""
    if isinstance(module, (nn.RNNBase, nn.MultiheadAttention)):
        width = module.input_size if isinstance(module, nn.RNNBase) else module.embed_dim
        return ((BATCH, STEPS, width) if module.batch_first else (STEPS, BATCH, width)), (2,)
    if isinstance(module, nn.modules.conv._ConvNd):
        return (BATCH, module.in_channels or 3, *_sides(module, model)), (1,)
    if isinstance(module, nn.LayerNorm):
        widths = tuple(module.normalized_shape)
        lead: tuple[Size, ...] = (BATCH, STEPS) if len(widths) == 1 else (BATCH,)
        return (*lead, *widths), tuple(range(len(lead), len(lead) + len(widths)))
    if isinstance(module, nn.modules.batchnorm._BatchNorm):
        sides = {"2d": (SMALL_IMAGE_SIDE,) * 2, "3d": VIDEO}.get(type(module).__name__[-2:], ())
        return (BATCH, module.num_features, *sides), (1,)
    width = getattr(module, "in_features", None) or getattr(module, "input_size", None) or FEATURES
    is_sequential = any(isinstance(other, (nn.RNNBase, nn.MultiheadAttention)) for other in model.modules())
    return ((BATCH, STEPS, width), (2,)) if is_sequential else ((BATCH, width), (1,))


def _sides(module: Any, model: nn.Module) -> tuple[int, ...]:
    dimensions = len(module.kernel_size)
    if dimensions == 1:
        return (SIGNAL_LENGTH,)
    if dimensions == 3:
        return VIDEO
    stated = stated_side(model)
    if stated:
        return stated
    is_coarse = module.stride[0] > 1 and (module.kernel_size[0], module.stride[0]) != (4, 2)  # a GAN's first layer
    side = 8 if module.transposed else IMAGE_SIDE if is_coarse else SMALL_IMAGE_SIDE
    return (side, side)


def stated_side(model: nn.Module) -> tuple[int, int] | None:
    """Height and width that the model keeps as ``img_size`` or the like, on itself or the modules in it."""
    for module in model.modules():
        for name in _SIZE_ATTRIBUTES:
            value = getattr(module, name, None)
            sides = (
                [value, value] if isinstance(value, int) else list(value) if isinstance(value, (tuple, list)) else []
            )
            if len(sides) == 2 and all(isinstance(side, int) and side > 1 for side in sides):
                return (sides[0], sides[1])
    return None


_SHAPED = (
    nn.Linear,
    nn.Bilinear,
    nn.modules.conv._ConvNd,
    nn.RNNBase,
    nn.RNNCellBase,
    nn.MultiheadAttention,
    nn.LayerNorm,
    nn.modules.batchnorm._BatchNorm,
)
