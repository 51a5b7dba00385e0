"""``initlint probe``: run models once, measure, report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from initlint.cli.parameters import read_words
from initlint.cli.reporting import (
    configuration_options,
    configured,
    exit_code,
    for_machines,
    judging_options,
    output_options,
    selected,
    terminal_options,
)
from initlint.configuration import Configuration, ConfigurationError
from initlint.probe.request import ALL_PASSES, AUTOCAST_DTYPES, DTYPES, TIME_LIMIT, parse_argument, parse_size
from initlint.report.report import Report

if TYPE_CHECKING:
    from initlint.probe.request import Request

SHORT_DTYPES = {"fp16": "float16", "bf16": "bfloat16", "fp32": "float32", "fp64": "float64"}
"""Customary names of types."""


def read_arguments(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, object]:
    """The values of ``--arg``, by name."""
    try:
        return dict(map(parse_argument, given))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def read_size(ctx: click.Context, parameter: click.Parameter, given: str | None) -> int | None:
    """Bytes of ``4GB``."""
    try:
        return None if given is None else parse_size(given)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def read_path(ctx: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    """A file, or an object in one, as seen from here: a target of the configuration may be run elsewhere."""
    is_path = given is not None and (parameter.name == "input_file" or ".py:" in given)
    return os.path.abspath(given) if given is not None and is_path else given


def read_dtype(ctx: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    """PyTorch's name of a type."""
    return None if given is None else SHORT_DTYPES.get(given, given)


def read_passes(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """The extra passes that are left when those of ``--skip`` are not run."""
    skipped = read_words(ctx, parameter, given)
    for name in skipped:
        if name not in ALL_PASSES:
            raise click.BadParameter(f"{name!r} is no extra pass: they are {', '.join(ALL_PASSES)}")
    return tuple(name for name in ALL_PASSES if name not in skipped)


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option(
    "--arg",
    "arguments",
    multiple=True,
    callback=read_arguments,
    metavar="NAME=VALUE",
    help="Argument of the constructor: depth=20, sizes=[64,10], norm=@torch.nn:LayerNorm. May be repeated.",
)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="SHAPE",
    help="Input of forward: 8,3,224,224 or ids:int64:8,128:0..30000 [worked out]. May be repeated.",
)
@click.option("--input-file", callback=read_path, metavar="FILE", help="A real batch: .pt, .npz or .npy.")
@click.option(
    "--loss",
    callback=read_path,
    metavar="LOSS",
    help="module:function, path.py:function, cross-entropy, mse or none [worked out].",
)
@click.option("--batch-size", "batch", type=click.IntRange(min=1), metavar="N", help="Samples [by their size].")
@click.option("--device", default="auto", metavar="DEVICE", show_default=True, help="auto, cpu, cuda, cuda:1 or mps.")
@click.option(
    "--dtype",
    type=click.Choice((*DTYPES, *SHORT_DTYPES)),
    default="float32",
    metavar="TYPE",
    show_default=True,
    callback=read_dtype,
    help="Of the model: float32, float64, float16, bfloat16.",
)
@click.option(
    "--autocast",
    type=click.Choice((*AUTOCAST_DTYPES, "fp16", "bf16")),
    metavar="TYPE",
    callback=read_dtype,
    help="Run the forward pass under autocast: fp16 or bf16.",
)
@click.option("--eval", "is_eval", is_flag=True, help="Put the model in evaluation mode, not in training mode.")
@click.option(
    "--seeds", type=click.IntRange(min=1), default=3, metavar="N", show_default=True, help="Builds to measure."
)
@click.option(
    "--steps", type=click.IntRange(min=0), default=0, metavar="N", help="Observe so many optimiser steps, too."
)
@click.option("--optimizer", default="sgd", metavar="NAME", show_default=True, help="Of torch.optim, for --steps.")
@click.option("--lr", "learning_rate", type=float, default=0.1, metavar="RATE", show_default=True, help="For --steps.")
@click.option(
    "--skip",
    "passes",
    multiple=True,
    callback=read_passes,
    metavar="PASSES",
    help=f"Leave out extra passes: {', '.join(ALL_PASSES)}.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=TIME_LIMIT,
    metavar="SECONDS",
    show_default=True,
    help="For each target.",
)
@click.option(
    "--memory-limit",
    callback=read_size,
    metavar="SIZE",
    help="For each target: 4GB [80 % of what there is].",
)
@judging_options
@output_options
@click.option("--all-layers", is_flag=True, help="Show every row of long tables (text).")
@configuration_options
@terminal_options
def probe(targets: tuple[str, ...], **options: Any) -> int:
    """Build each TARGET, run it once forward and backward on a small batch, and judge whether it can learn.

    This RUNS the target's code, with your rights, in a process of its own under limits of time and memory: they guard
    against accidents, not against malice. 'initlint check' runs nothing.

    A TARGET is path/to/file.py:Name or package.module:name: a Module class, a function that returns a model, or a model;
    without any, those in [[tool.initlint.probe]] tables of the configuration. Options given here hold for all of them.
    """
    places = (Path(target.rpartition(":")[0]) for target in targets)
    configuration = configured(tuple(place for place in places if place.is_file()), options)
    report = _run(_requests(targets, configuration, options), configuration, options)
    _emit(report, options)
    return exit_code(report, configuration, options)


PROBING = (
    "arguments",
    "inputs",
    "input_file",
    "loss",
    "device",
    "dtype",
    "autocast",
    "seeds",
    "batch",
    "steps",
    "optimizer",
    "learning_rate",
    "passes",
    "time_limit",
    "memory_limit",
    "is_eval",
)
"""The options that are fields of a request, by their names there."""


def _requests(targets: tuple[str, ...], configuration: Configuration, options: dict[str, Any]) -> list[Request]:
    """One for each target named, or for each in the configuration, overridden by the options that are given."""
    from msgspec.structs import replace

    from initlint.probe.request import Request, requests_from_tables

    context = click.get_current_context()
    given = {
        name: options[name]
        for name in PROBING
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
    }
    try:
        if targets:
            return [Request(target=target, directory=os.getcwd(), **given) for target in targets]
        settled = requests_from_tables(configuration.probe, str(configuration.root))
        requests = [replace(request, **given) for request in settled]
    except ConfigurationError:
        raise
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if not requests:
        raise click.UsageError(
            "no target: name one, as in 'initlint probe model.py:Net', or write [[tool.initlint.probe]] tables with "
            'target = "model.py:Net" in pyproject.toml'
        )
    return requests


def _run(requests: list[Request], configuration: Configuration, options: dict[str, Any]) -> Report:
    from initlint.cli.progress import ProgressBar
    from initlint.probing import run

    with ProgressBar(is_wanted=not options["quiet"], is_coloured=options["color"] != "never") as bar:
        return run(requests, configuration, selected(options), tell=bar.tell)


def _emit(report: Report, options: dict[str, Any]) -> None:
    from initlint.cli.terminal import emit

    shown = _as_text(report, options) if options["form"] == "text" else for_machines(report, options["form"])
    emit(shown, options["output"])
    if options["verbose"]:
        _tell_more(report)


def _as_text(report: Report, options: dict[str, Any]) -> str:
    from initlint.cli.terminal import glyphs_for, palette_for, width
    from initlint.report import probe, text

    is_file = options["output"] is not None
    palette = palette_for(options["color"], is_file=is_file)
    drawing = probe.Drawing(palette, glyphs_for(is_file=is_file), width(), options["all_layers"])
    shown = "" if options["quiet"] else probe.render(report.targets, drawing)
    return shown + text.render(report, palette, width=width(), show_summary=not options["quiet"])


def _tell_more(report: Report) -> None:
    """What the targets printed, and how long it all took."""
    for probed in report.targets:
        if probed.output.strip():
            click.echo(f"initlint: {probed.target} printed:\n{probed.output.rstrip()}", err=True)
    click.echo(f"initlint: {len(report.targets)} targets, {len(report.rules)} rules, {report.seconds:.2f} s", err=True)
