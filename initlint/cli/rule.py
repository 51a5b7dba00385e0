"""``initlint rule``: explain a rule."""

from __future__ import annotations

import click

from initlint.selection import SelectionError, suggestion


@click.command()
@click.argument("which", required=False, metavar="[CODE|NAME]")
@click.option("--all", "is_list", is_flag=True, help="List every rule.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.option("--color", type=click.Choice(("auto", "always", "never")), default="auto", show_default=True)
def rule(which: str | None, is_list: bool, form: str, color: str) -> None:
    """Explain one rule, with an example that it reports and one that it does not."""
    from initlint.cli.terminal import emit, palette_for, width
    from initlint.report import explanation
    from initlint.rule import load_rules
    from initlint.suppression import UNUSED_SUPPRESSION

    if (which is None) == (not is_list):
        raise click.UsageError("name one rule, or ask for --all")
    rules = {UNUSED_SUPPRESSION.code: UNUSED_SUPPRESSION, **load_rules()}
    wanted = list(rules.values()) if is_list else [one for one in rules.values() if which in (one.code, one.name)]
    if not wanted:
        raise SelectionError(f"unknown rule {which!r}{suggestion(str(which), rules)}")
    palette = palette_for(color, is_file=False)
    if form == "json":
        emit(explanation.as_json(wanted, is_list=is_list), None)
    elif is_list:
        emit(explanation.listed(wanted, palette), None)
    else:
        emit(explanation.explained(wanted[0], width=width(), is_coloured=palette.is_coloured), None)
