"""``initlint check``: read source, predict, report."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from initlint.cli.parameters import read_file_ignores, read_words
from initlint.configuration import NEVER, SEVERITIES, Configuration, load_configuration
from initlint.finding import Severity
from initlint.report.report import Report
from initlint.selection import Selection

CACHE_NAME = ".initlint_cache"
FORMATS = ("text", "json", "sarif", "github")
STDIN = Path("-")


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option(
    "--select",
    callback=read_words,
    multiple=True,
    metavar="RULES",
    help="Run these rules only: codes, prefixes, names or ALL.",
)
@click.option("--extend-select", callback=read_words, multiple=True, metavar="RULES", help="Run these rules, too.")
@click.option("--ignore", callback=read_words, multiple=True, metavar="RULES", help="Do not run these rules.")
@click.option(
    "--per-file-ignores",
    callback=read_file_ignores,
    multiple=True,
    metavar="GLOB:RULES",
    help="Rules silent in some files: 'tests/*:INL1'.",
)
@click.option("--severity", type=click.Choice(SEVERITIES), help="Report nothing milder.")
@click.option("--fail-on", type=click.Choice((*SEVERITIES, NEVER)), help="Mildest severity for exit code 1 [warning].")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even if there are findings.")
@click.option(
    "--baseline", type=click.Path(path_type=Path), metavar="FILE", help="Report only what FILE does not accept."
)
@click.option("--write-baseline", is_flag=True, help="Accept all of today's findings: write them to the baseline.")
@click.option("--report-unused-suppressions", is_flag=True, help="Report comments that silence nothing.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to report.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the report to FILE.")
@click.option("--statistics", is_flag=True, help="Count the findings of each rule (text).")
@click.option("--show-networks", is_flag=True, help="Show every traced model with its numbers (text, json).")
@click.option("--force-exclude", is_flag=True, help="Exclude also files that are named, not found in a directory.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Read this configuration.")
@click.option("--isolated", is_flag=True, help="Read no configuration.")
@click.option("--stdin-filename", metavar="NAME", help="What to call the source read from standard input (PATH '-').")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes to read with [by number of files].")
@click.option("--cache-dir", type=click.Path(path_type=Path), metavar="DIR", help=f"Keep facts in DIR [{CACHE_NAME}].")
@click.option("--no-cache", is_flag=True, help="Keep nothing.")
@click.option("--color", type=click.Choice(("auto", "always", "never")), default="auto", show_default=True)
@click.option("-q", "--quiet", is_flag=True, help="Findings and errors only: no summary, no progress.")
@click.option("-v", "--verbose", is_flag=True, help="Say what is done, and show the details of an internal error.")
def check(paths: tuple[Path, ...], **options: Any) -> int:
    """Check the source under each PATH (default: the current directory; '-' is standard input).

    Nothing of it is imported or run.
    """
    _reject_contradictions(paths, options)
    wanted = () if paths == (STDIN,) else paths or (Path("."),)
    named = (Path(options["stdin_filename"]),) if options["stdin_filename"] else ()
    configuration = _configure(wanted or named, options)
    report = _run(wanted, configuration, options)
    _emit(report, options)
    if options["write_baseline"]:
        _write_baseline(configuration, options, report)
        return report.exit_code(None)
    return report.exit_code(None if options["exit_zero"] else configuration.fail_on)


def _reject_contradictions(paths: tuple[Path, ...], options: dict[str, Any]) -> None:
    if STDIN in paths and len(paths) > 1:
        raise click.UsageError("'-' (standard input) stands alone, without other paths")
    if options["stdin_filename"] and paths != (STDIN,):
        raise click.UsageError("--stdin-filename needs the path '-'")
    if options["config"] and options["isolated"]:
        raise click.UsageError("--config and --isolated exclude each other")
    if options["show_networks"] and options["form"] not in ("text", "json"):
        raise click.UsageError("--show-networks needs --format text or json")


def _configure(paths: tuple[Path, ...], options: dict[str, Any]) -> Configuration:
    found = load_configuration(paths, file=options["config"], isolated=options["isolated"])
    fail_on = options["fail_on"]
    cache = options["cache_dir"] or found.cache_dir or found.root / CACHE_NAME
    return replace(
        found.override(
            severity=options["severity"] and Severity(options["severity"]),
            baseline=options["baseline"],
            jobs=options["jobs"],
            per_file_ignores=(*found.per_file_ignores, *options["per_file_ignores"]),
        ),
        cache_dir=None if options["no_cache"] else cache,
        fail_on=found.fail_on if fail_on is None else None if fail_on == NEVER else Severity(fail_on),
    )


def _run(paths: tuple[Path, ...], configuration: Configuration, options: dict[str, Any]) -> Report:
    from initlint.checking import run
    from initlint.cli.progress import ProgressBar

    if options["verbose"]:
        click.echo(f"initlint: configuration: {configuration.source or 'none'}", err=True)
    if options["write_baseline"]:
        if configuration.baseline is None:
            raise click.UsageError("--write-baseline needs --baseline FILE, or a baseline in the configuration")
        configuration = replace(configuration, baseline=None)
    selection = Selection(options["select"] or None, options["extend_select"], options["ignore"])
    text = None if paths else _standard_input(options["stdin_filename"] or "<stdin>")
    with ProgressBar(is_wanted=not options["quiet"]) as bar:
        return run(
            paths,
            configuration,
            selection,
            text=text,
            report_unused_suppressions=options["report_unused_suppressions"],
            force_exclude=options["force_exclude"],
            tell=bar.tell,
        )


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
    from initlint.report import github, json, sarif

    if options["form"] == "json":
        return json.render(report, show_networks=options["show_networks"])
    if options["form"] == "sarif":
        return sarif.render(report)
    return github.render(report) if options["form"] == "github" else _as_text(report, options)


def _as_text(report: Report, options: dict[str, Any]) -> str:
    from initlint.cli.terminal import palette_for, width
    from initlint.report import networks, text

    palette = palette_for(options["color"], is_file=options["output"] is not None)
    shown = networks.render(report.networks, palette) if options["show_networks"] else ""
    return shown + text.render(
        report, palette, width=width(), show_statistics=options["statistics"], show_summary=not options["quiet"]
    )


def _write_baseline(configuration: Configuration, options: dict[str, Any], report: Report) -> None:
    from initlint.baseline import write_baseline

    assert configuration.baseline is not None
    write_baseline(configuration.baseline, report.findings, report.excerpts)
    if not options["quiet"]:
        click.echo(f"initlint: {len(report.findings)} findings accepted in {configuration.baseline}", err=True)
