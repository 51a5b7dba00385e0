"""Options that every command has that reports findings, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from initlint.cli.parameters import read_file_ignores, read_words
from initlint.configuration import NEVER, SEVERITIES, Configuration, load_configuration
from initlint.finding import Severity
from initlint.selection import Selection

if TYPE_CHECKING:
    from initlint.report.report import Report

FORMATS = ("text", "json", "sarif", "github")
Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Command], Command]


def _all(*options: Decorator[Any]) -> Decorator[Any]:
    """One decorator for several options, shown in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_FILE = click.Path(path_type=Path)
judging_options = _all(
    click.option(
        "--select",
        callback=read_words,
        multiple=True,
        metavar="RULES",
        help="Run these rules only: codes, prefixes, names or ALL.",
    ),
    click.option("--extend-select", callback=read_words, multiple=True, metavar="RULES", help="Run these rules, too."),
    click.option("--ignore", callback=read_words, multiple=True, metavar="RULES", help="Do not run these rules."),
    click.option(
        "--per-file-ignores",
        callback=read_file_ignores,
        multiple=True,
        metavar="GLOB:RULES",
        help="Rules silent in some files: 'tests/*:INL1'.",
    ),
    click.option("--severity", type=click.Choice(SEVERITIES), help="Report nothing milder."),
    click.option(
        "--fail-on", type=click.Choice((*SEVERITIES, NEVER)), help="Mildest severity for exit code 1 [warning]."
    ),
    click.option("--exit-zero", is_flag=True, help="Exit with 0 even if there are findings."),
    click.option("--baseline", type=_FILE, metavar="FILE", help="Report only what FILE does not accept."),
)
"""Which rules run, and which findings count."""
output_options = _all(
    click.option(
        "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to report."
    ),
    click.option("--output", type=_FILE, metavar="FILE", help="Write the report to FILE."),
)
"""In which form and where the report is written."""
configuration_options = _all(
    click.option("--config", type=_FILE, metavar="FILE", help="Read this configuration."),
    click.option("--isolated", is_flag=True, help="Read no configuration."),
)
"""Which configuration holds."""
terminal_options = _all(
    click.option("--color", type=click.Choice(("auto", "always", "never")), default="auto", show_default=True),
    click.option("-q", "--quiet", is_flag=True, help="Findings and errors only: no summary, no progress."),
    click.option("-v", "--verbose", is_flag=True, help="Say what is done, and show the details of an internal error."),
)
"""How much is said, and how it looks."""


def configured(paths: tuple[Path, ...], options: dict[str, Any]) -> Configuration:
    """The configuration above `paths`, or the one named, overridden by what the options say."""
    if options["config"] and options["isolated"]:
        raise click.UsageError("--config and --isolated exclude each other")
    found = load_configuration(paths, file=options["config"], isolated=options["isolated"])
    if options["verbose"]:
        click.echo(f"initlint: configuration: {found.source or 'none'}", err=True)
    fail_on = options["fail_on"]
    return replace(
        found.override(
            severity=options["severity"] and Severity(options["severity"]),
            baseline=options["baseline"],
            per_file_ignores=(*found.per_file_ignores, *options["per_file_ignores"]),
        ),
        fail_on=found.fail_on if fail_on is None else None if fail_on == NEVER else Severity(fail_on),
    )


def selected(options: dict[str, Any]) -> Selection:
    """What the options say about rules."""
    return Selection(options["select"] or None, options["extend_select"], options["ignore"])


def exit_code(report: Report, configuration: Configuration, options: dict[str, Any]) -> int:
    """Of the command."""
    return report.exit_code(None if options["exit_zero"] else configuration.fail_on)


def for_machines(report: Report, form: str, *, show_networks: bool = False) -> str:
    """The report in one of `FORMATS` but text."""
    from initlint.report import github, json, sarif

    if form == "json":
        return json.render(report, show_networks=show_networks)
    return sarif.render(report) if form == "sarif" else github.render(report)
