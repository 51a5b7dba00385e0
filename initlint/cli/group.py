"""The group of all commands."""

from __future__ import annotations

from pathlib import Path

import click

from initlint.cli.check import check
from initlint.cli.probe import probe
from initlint.cli.rule import rule


class CommandGroup(click.Group):
    """Takes a path given without a command for what it is: a forgotten ``check``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and Path(args[0]).exists():
            ctx.fail(f"{args[0]!r} is a path, not a command; did you mean 'initlint check {args[0]}'?")
        return super().resolve_command(ctx, args)


def _print_version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from initlint import __version__

        click.echo(f"initlint {__version__}")
        ctx.exit()


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version."
)
def initlint() -> None:
    """Tell before the first GPU hour whether a neural network can learn.

    Exit codes: 0 nothing to report, 1 findings at or above --fail-on, 2 a mistake in usage or configuration, a file that
    could not be checked, or a target that could not be probed.
    """


initlint.add_command(check)
initlint.add_command(probe)
initlint.add_command(rule)
