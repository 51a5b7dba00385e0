"""``initlint check``: read source, predict, report."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

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
from initlint.configuration import Configuration
from initlint.report.report import Report

if TYPE_CHECKING:
    from initlint.gathering import Progress

CACHE_NAME = ".initlint_cache"
STDIN = Path("-")


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@judging_options
@click.option("--fix", is_flag=True, help="Mend what can be mended safely, and report what is left.")
@click.option("--unsafe-fixes", is_flag=True, help="Also what changes the initial distribution or the training.")
@click.option("--verify", is_flag=True, help="Run models before and after unsafe fixes; leave out what does not help.")
@click.option("--diff", is_flag=True, help="Write no file: show what --fix would change.")
@click.option("--write-baseline", is_flag=True, help="Accept all of today's findings: write them to the baseline.")
@click.option("--report-unused-suppressions", is_flag=True, help="Report comments that silence nothing.")
@output_options
@click.option("--statistics", is_flag=True, help="Count the findings of each rule (text).")
@click.option("--show-networks", is_flag=True, help="Show every traced model with its numbers (text, json).")
@click.option("--force-exclude", is_flag=True, help="Exclude also files that are named, not found in a directory.")
@configuration_options
@click.option("--stdin-filename", metavar="NAME", help="What to call the source read from standard input (PATH '-').")
@click.option("--thorough", is_flag=True, help="Trace every model [until that has taken about as long as reading].")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes to read with [by number of files].")
@click.option("--cache-dir", type=click.Path(path_type=Path), metavar="DIR", help=f"Keep facts in DIR [{CACHE_NAME}].")
@click.option("--no-cache", is_flag=True, help="Keep nothing.")
@terminal_options
def check(paths: tuple[Path, ...], **options: Any) -> int:
    """Check the source under each PATH (default: the current directory; '-' is standard input).

    Nothing of it is imported or run, unless fixes are to be verified.
    """
    _reject_contradictions(paths, options)
    wanted = () if paths == (STDIN,) else paths or (Path("."),)
    named = (Path(options["stdin_filename"]),) if options["stdin_filename"] else ()
    configuration = _configure(wanted or named, options)
    report = _run(wanted, configuration, options)
    if options["diff"]:
        return _show_diff(report, configuration, options)
    _emit(report, options)
    if options["write_baseline"]:
        _write_baseline(configuration, options, report)
        return report.exit_code(None)
    return exit_code(report, configuration, options)


def _reject_contradictions(paths: tuple[Path, ...], options: dict[str, Any]) -> None:
    if STDIN in paths and len(paths) > 1:
        raise click.UsageError("'-' (standard input) stands alone, without other paths")
    if options["stdin_filename"] and paths != (STDIN,):
        raise click.UsageError("--stdin-filename needs the path '-'")
    if options["show_networks"] and options["form"] not in ("text", "json"):
        raise click.UsageError("--show-networks needs --format text or json")
    _reject_fixing(paths, options)


def _reject_fixing(paths: tuple[Path, ...], options: dict[str, Any]) -> None:
    is_fixing = options["fix"] or options["diff"]
    if options["unsafe_fixes"] and not is_fixing:
        raise click.UsageError("--unsafe-fixes needs --fix or --diff")
    if options["verify"] and not (is_fixing and options["unsafe_fixes"]):
        raise click.UsageError("--verify needs --unsafe-fixes, with --fix or --diff")
    if is_fixing and STDIN in paths:
        raise click.UsageError("--fix and --diff need files, not standard input")
    if is_fixing and options["write_baseline"]:
        raise click.UsageError("--write-baseline and --fix exclude each other")
    if options["diff"] and (options["form"] != "text" or options["show_networks"]):
        raise click.UsageError("--diff is a format of its own")


def _configure(paths: tuple[Path, ...], options: dict[str, Any]) -> Configuration:
    found = configured(paths, options)
    cache = options["cache_dir"] or found.cache_dir or found.root / CACHE_NAME
    settled = found.override(jobs=options["jobs"], thorough=options["thorough"] or None)
    return replace(settled, cache_dir=None if options["no_cache"] else cache)


def _run(paths: tuple[Path, ...], configuration: Configuration, options: dict[str, Any]) -> Report:
    from initlint.checking import run
    from initlint.cli.progress import ProgressBar

    if options["write_baseline"]:
        if configuration.baseline is None:
            raise click.UsageError("--write-baseline needs --baseline FILE, or a baseline in the configuration")
        configuration = replace(configuration, baseline=None)
    text = None if paths else _standard_input(options["stdin_filename"] or "<stdin>")
    with ProgressBar(is_wanted=not options["quiet"], is_coloured=options["color"] != "never") as bar:
        if options["fix"] or options["diff"]:
            return _fixed(paths, configuration, options, bar.tell)
        return run(
            paths,
            configuration,
            selected(options),
            text=text,
            report_unused_suppressions=options["report_unused_suppressions"],
            force_exclude=options["force_exclude"],
            tell=bar.tell,
        )


def _fixed(paths: tuple[Path, ...], configuration: Configuration, options: dict[str, Any], tell: Progress) -> Report:
    from initlint.fixing import Task, run_with_fixes

    task = Task(
        paths,
        configuration,
        selected(options),
        report_unused_suppressions=options["report_unused_suppressions"],
        force_exclude=options["force_exclude"],
        allows_unsafe=options["unsafe_fixes"],
        is_verified=options["verify"],
    )
    return run_with_fixes(task, is_written=not options["diff"], tell=tell)


def _show_diff(report: Report, configuration: Configuration, options: dict[str, Any]) -> int:
    """The exit code counts the findings as they are, since nothing was written."""
    from initlint.cli.terminal import emit_bytes
    from initlint.fix.difference import render
    from initlint.report.fixes import told

    assert report.fixes is not None
    emit_bytes(render(report.fixes.changes), options["output"])
    for line in () if options["quiet"] else told(report.fixes):
        click.echo(line, err=True)
    for problem in report.errors:
        click.echo(f"{problem.path}: {problem.message}", err=True)
    untouched = replace(report, findings=(*report.findings, *report.fixes.fixed))
    return exit_code(untouched, configuration, options)


def _standard_input(name: str) -> tuple[str, str]:
    from tokenize import detect_encoding

    try:
        data = sys.stdin.buffer.read()
        encoding, _ = detect_encoding(iter(data.splitlines(keepends=True)).__next__)
        return data.decode(encoding), name
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise click.ClickException(f"{name}: cannot be decoded: {error}") from error


def _emit(report: Report, options: dict[str, Any]) -> None:
    from initlint.cli.terminal import emit

    emit(_rendered(report, options), options["output"])
    if options["verbose"]:
        click.echo(f"initlint: {len(report.files)} files, {len(report.rules)} rules, {report.seconds:.2f} s", err=True)


def _rendered(report: Report, options: dict[str, Any]) -> str:
    if options["form"] != "text":
        return for_machines(report, options["form"], show_networks=options["show_networks"])
    return _as_text(report, options)


def _as_text(report: Report, options: dict[str, Any]) -> str:
    from initlint.cli.terminal import palette_for, width
    from initlint.report import text

    palette = palette_for(options["color"], is_file=options["output"] is not None)
    shown = _networks(report, options) if options["show_networks"] else ""
    return shown + text.render(
        report, palette, width=width(), show_statistics=options["statistics"], show_summary=not options["quiet"]
    )


def _networks(report: Report, options: dict[str, Any]) -> str:
    from initlint.cli.terminal import glyphs_for, palette_for, width
    from initlint.report.network_table import render
    from initlint.report.probe import Drawing

    is_file = options["output"] is not None
    return render(
        report.networks, Drawing(palette_for(options["color"], is_file=is_file), glyphs_for(is_file=is_file), width())
    )


def _write_baseline(configuration: Configuration, options: dict[str, Any], report: Report) -> None:
    from initlint.baseline import write_baseline

    assert configuration.baseline is not None
    write_baseline(configuration.baseline, report.findings, report.excerpts)
    if not options["quiet"]:
        click.echo(f"initlint: {len(report.findings)} findings accepted in {configuration.baseline}", err=True)
