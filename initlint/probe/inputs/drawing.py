"""Random tensors from specifications, reproducible from a seed whatever the device."""

from __future__ import annotations

import torch

from initlint.probe.inputs.spec import BATCH, COMPLEX, Input

UNSTATED_INTEGERS = 2
"""Integers of which nothing is known are 0 or 1: valid in any table with two rows."""
INPUT_STREAM = 1 << 28
"""Added to the seed: a model built with the same seed may draw its weights first, and must not get them as its inputs."""


def draw(
    spec: Input,
    generator: torch.Generator,
    device: torch.device,
    batch: int,
    dtype: torch.dtype = torch.float32,
) -> torch.Tensor:
    """One tensor of the specification; `dtype` is for one that names none.

    Floats are normal with mean 0 and variance 1, as the theory of signal propagation assumes, not uniform on [0, 1).
    Drawn on the CPU in float32, so that the numbers are the same on every device and in every type.
    """
    own = getattr(torch, spec.dtype) if spec.dtype else dtype
    sizes = spec.sizes(batch)
    high = batch if spec.high == BATCH else spec.high
    if spec.is_integer or spec.dtype == "bool":
        low, limit = int(spec.low or 0), int(UNSTATED_INTEGERS if high is None else high)
        return torch.randint(low, limit, sizes, generator=generator, device="cpu").to(device, own)
    if spec.low is not None and high is not None:
        unit = torch.rand(sizes, generator=generator, device="cpu", dtype=torch.float32)
        return (spec.low + (high - spec.low) * unit).to(device, own)
    drawn_in = torch.complex64 if spec.dtype in COMPLEX else torch.float32
    return torch.randn(sizes, generator=generator, device="cpu", dtype=drawn_in).to(device, own)


def generator_of(seed: int) -> torch.Generator:
    """For the inputs of a model that is built with that seed."""
    return torch.Generator(device="cpu").manual_seed(INPUT_STREAM + seed)
