"""Singular values of the input-output Jacobian of one sample, by a few vector-Jacobian products.

At initialisation they say whether a signal and its gradient keep their size in every direction or only on average
(Saxe et al. 2014, arXiv:1312.6120; Pennington et al. 2017, arXiv:1711.04735).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.utils._pytree import tree_flatten, tree_unflatten

from initlint.probe.outputs import contraction
from initlint.probe.passes.results import Conditioning
from initlint.probe.preserving import preserved

WHOLE = 16
"""Up to so many outputs each gets a product of its own; ten classes are the commonest."""
SKETCH = 8
"""Products for more outputs: each costs a backward pass. The mean square then has a relative standard error of at most
sqrt(2/8) = 0.5, that of a Jacobian of rank one."""
NOISE = 8.0
"""Rounding, in units of the dtype's epsilon times the largest value: what is smaller is 0 as far as can be known."""
COUPLED_SAMPLES = 16
"""Samples kept where batch norm couples them: fewer would measure the noise of its statistics."""
SAMPLES = 2
"""Samples kept elsewhere: one would change what ``squeeze()`` does."""


def jacobian(
    model: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any], seed: int = 0, probes: int | None = None
) -> Conditioning:
    """Of the first sample's output, all floating leaves of it, with respect to the first sample's input.

    The input is all floating tensors among the arguments. Where there are none, it is what the first `nn.Embedding` gives
    that looks up one of them. The first axis is taken as the batch. Modules stay in the mode in which they are; what
    dropout and batch norm then do is said in the result's note. Complex entries count as two real ones.

    The outputs are dealt at random into `probes` groups, and each product takes the entries of one group with random signs
    and norm 1. These cotangents are orthonormal, and the rows of an identity where the groups have one
    entry each: then the values are exact. `Conditioning` says what they are otherwise. Raises what the model raises.
    """
    with preserved(model, (args, kwargs)):
        torch.manual_seed(seed)
        for parameter in model.parameters():
            parameter.requires_grad = False  # no work for the gradients of weights
        point = _run(model, args, kwargs)
        return point.measure(seed, probes)


class _Point(NamedTuple):
    """The model, run at leaves that take the gradient."""

    inputs: list[Tensor]
    outputs: list[Tensor]
    samples: int
    """Size of the first axis of whatever holds one entry a sample."""
    note: str

    def measure(self, seed: int, probes: int | None) -> Conditioning:
        if not self.inputs or not self.outputs:
            return self._result("no gradient reaches it")
        output = torch.cat([self._first(leaf) for leaf in self.outputs])
        products = probes or (WHOLE if output.numel() <= WHOLE else SKETCH)
        groups = _deal(output.numel(), seed, products)
        rows = torch.stack([self._product(output, members, signs) for members, signs in groups])
        if not bool(rows.isfinite().all()):
            return self._result("the gradient is not finite")
        sizes = torch.tensor([len(members) for members, _ in groups])
        singular = torch.linalg.svdvals(rows / sizes.sqrt().unsqueeze(1))
        singular[singular < NOISE * torch.finfo(output.dtype).eps * singular[0]] = 0
        mean_square = float(rows.square().sum()) / output.numel()
        return self._result(None, tuple(singular.tolist()), mean_square, len(groups) == output.numel())

    def _result(
        self,
        caveat: str | None,
        singular: tuple[float, ...] = (),
        mean_square: float | None = None,
        is_exact: bool = False,
    ) -> Conditioning:
        return Conditioning(
            singular=singular,
            is_exact=is_exact,
            mean_square=mean_square,
            outputs=sum(self._first(leaf).numel() for leaf in self.outputs),
            inputs=sum(self._first(leaf).numel() for leaf in self.inputs),
            note="; ".join(filter(None, (self.note, caveat))),
        )

    def _product(self, output: Tensor, members: Tensor, signs: Tensor) -> Tensor:
        """``Jᵀ`` times `signs` at `members`. By ``backward``: older checkpointed blocks refuse ``autograd.grad``."""
        for leaf in self.inputs:
            leaf.grad = None
        cotangent = torch.zeros_like(output).index_copy_(0, members.to(output.device), signs.to(output))
        contraction([(output, cotangent)]).backward(retain_graph=True)  # type: ignore[no-untyped-call]
        gradients = [torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for leaf in self.inputs]
        return torch.cat([self._first(gradient) for gradient in gradients]).cpu().double()

    def _first(self, tensor: Tensor) -> Tensor:
        """The real entries of the first sample, flat."""
        tensor = tensor[0] if tensor.dim() and tensor.shape[0] == self.samples else tensor
        return (torch.view_as_real(tensor) if tensor.is_complex() else tensor).flatten()


def _run(model: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]) -> _Point:
    flat, layout = tree_flatten((tuple(args), dict(kwargs)))
    flat, samples = _first_samples(flat, COUPLED_SAMPLES if _has_active(model, _BatchNorm) else SAMPLES)
    leaves = {index: _leaf(value) for index, value in enumerate(flat) if _is_continuous(value)}
    lookups = _Lookups(flat)
    if not leaves:
        lookups.watch(model)
    flat = [leaves[index].clone() if index in leaves else value for index, value in enumerate(flat)]
    with _kernels_with_backward(model):
        output = model(*tree_unflatten(flat, layout)[0], **tree_unflatten(flat, layout)[1])
    outputs = [leaf for leaf in tree_flatten(output)[0] if _is_continuous(leaf) and leaf.requires_grad]
    name, inputs = ("the input", list(leaves.values())) if leaves else lookups.first()
    return _Point(inputs, outputs, samples, "; ".join((f"with respect to {name}", *_caveats(model, samples))))


def _first_samples(flat: list[Any], limit: int) -> tuple[list[Any], int]:
    """The first samples, and how many they are; all of them where the first axes differ (graphs, packed sequences)."""
    sizes = [leaf.shape[0] for leaf in flat if isinstance(leaf, Tensor) and leaf.dim()]
    if len(set(sizes)) != 1:
        return flat, sizes[0] if sizes else 0
    return [leaf[:limit] if isinstance(leaf, Tensor) and leaf.dim() else leaf for leaf in flat], min(limit, sizes[0])


def _is_continuous(value: object) -> bool:
    return isinstance(value, Tensor) and (value.is_floating_point() or value.is_complex())


def _leaf(tensor: Tensor) -> Tensor:
    return tensor.detach().clone().requires_grad_()


class _Lookups:
    """What embeddings give, made leaves: the first continuous thing in a model of tokens."""

    def __init__(self, inputs: list[Any]) -> None:
        self._addresses = {_address(value) for value in inputs if isinstance(value, Tensor)}
        self._all: list[tuple[str, Tensor]] = []
        self._of_inputs: list[tuple[str, Tensor]] = []
        """Looked up with an input, or a view of it, rather than with positions."""

    def watch(self, model: nn.Module) -> None:
        for name, module in model.named_modules():
            if isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
                module.register_forward_hook(partial(self._replace, name))

    def _replace(self, name: str, module: nn.Module, args: tuple[Any, ...], output: Tensor) -> Tensor:
        leaf = _leaf(output)
        self._all.append((name, leaf))
        if args and _address(args[0]) in self._addresses:
            self._of_inputs.append((name, leaf))
        return leaf.clone()  # what follows may write to it

    def first(self) -> tuple[str, list[Tensor]]:
        """What to call it, and the leaf."""
        for name, leaf in self._of_inputs or self._all:
            return f"what the embedding `{name}` gives", [leaf]
        return "the input, which is not continuous", []


def _address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


@contextmanager
def _kernels_with_backward(model: nn.Module) -> Iterator[None]:
    """cuDNN's recurrent kernels have no backward pass in eval mode."""
    if any(isinstance(module, nn.RNNBase) and not module.training for module in model.modules()):
        with torch.backends.cudnn.flags(enabled=False):
            yield
    else:
        yield


def _has_active(model: nn.Module, kind: type[nn.Module]) -> bool:
    return any(isinstance(module, kind) and module.training for module in model.modules())


def _caveats(model: nn.Module, samples: int) -> Iterator[str]:
    if _has_active(model, _BatchNorm):
        yield f"batch norm uses the statistics of {samples} samples, and the effect on the other samples is left out"
    if _has_active(model, _DropoutNd):
        yield "for one draw of dropout"


def _deal(entries: int, seed: int, products: int) -> list[tuple[Tensor, Tensor]]:
    """The entries in up to `products` groups, at random, each with its random signs.

    The squared norms of the products with these signs add up to the Frobenius norm of J squared, exactly where a group
    has one entry and else on average (Hutchinson 1990, doi:10.1080/03610919008812866).
    """
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(entries, generator=generator)
    signs = torch.randint(2, (entries,), generator=generator) * 2.0 - 1
    products = min(products, entries)
    return [(order[start::products], signs[start::products]) for start in range(products)]
