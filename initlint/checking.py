"""One run of ``check``: from paths to a report."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from initlint.baseline import Baseline
from initlint.configuration import Configuration, load_configuration
from initlint.finding import Severity
from initlint.fix.planning import Planner
from initlint.gathering import Gathered, Progress
from initlint.judging import Judge, by_place, worst_of_each
from initlint.report.report import Report
from initlint.rule import load_rules
from initlint.selection import UNCHANGED, Selection, select_rules
from initlint.suppression import UNUSED_SUPPRESSION, PerFileIgnores, Suppressions

if TYPE_CHECKING:
    from initlint.program import Program
    from initlint.reading.source import SourceFile


def untold(stage: str, done: int, total: int | None) -> None:
    """Progress that nobody watches."""


def check(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = ".",
    *,
    select: Sequence[str] | None = None,
    extend_select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    severity: Severity | str | None = None,
    baseline: str | os.PathLike[str] | None = None,
    config: str | os.PathLike[str] | None = None,
    isolated: bool = False,
    jobs: int | None = None,
    thorough: bool = False,
    cache_dir: str | os.PathLike[str] | None = None,
    report_unused_suppressions: bool = False,
    fix: bool = False,
    unsafe_fixes: bool = False,
    verify: bool = False,
    write: bool = True,
) -> Report:
    """Read the source under `paths`, predict what its models will do, and report what the rules find.

    Nothing that is read is imported or run. Selectors are codes, prefixes of codes, names or ``"ALL"``; they override
    the configuration, which is looked for above the paths unless `config` names it or `isolated` leaves it out.
    Models are traced until that has taken about as long as reading them; with `thorough`, to the last one.
    Facts are kept in `cache_dir`; without one (here and in the configuration) nothing is written.

    With `fix` what can be mended safely is, and with `unsafe_fixes` also what changes the initial distribution or the
    course of training; the report's `fixes` say what was done, and its findings are those that are left. Without
    `write` the files stay as they are, and `fixes` hold what would become of them. To `verify` the unsafe ones, the models
    that they change are probed before and after, in processes of their own: their code is run, and what does not help is
    left out.

    Raises `ConfigurationError`, `SelectionError`, `BaselineError` (each a `ValueError`) or `RulePackError`. A file that
    cannot be read or checked is in the report's `errors`; the rest is still checked.
    """
    wanted = [Path(path) for path in ([paths] if isinstance(paths, (str, os.PathLike)) else paths)]
    file = None if config is None else Path(config)
    configuration = load_configuration(wanted, file=file, isolated=isolated)
    configuration = configuration.override(
        severity=None if severity is None else Severity(severity),
        baseline=None if baseline is None else Path(baseline),
        jobs=jobs,
        thorough=thorough or None,
        cache_dir=None if cache_dir is None else Path(cache_dir),
    )
    selection = Selection(None if select is None else tuple(select), tuple(extend_select), tuple(ignore))
    if not fix:
        return run(wanted, configuration, selection, report_unused_suppressions=report_unused_suppressions)
    from initlint.fixing import Task, run_with_fixes

    task = Task(
        wanted,
        configuration,
        selection,
        report_unused_suppressions,
        allows_unsafe=unsafe_fixes,
        is_verified=verify,
    )
    return run_with_fixes(task, is_written=write)


def check_text(text: str, filename: str = "<text>", *, select: Sequence[str] | None = None) -> Report:
    """Check one source text, without any configuration. Imports in it are looked for beside `filename`."""
    selection = Selection(None if select is None else tuple(select))
    return run((), Configuration(), selection, text=(text, filename))


def run(
    paths: Sequence[Path],
    configuration: Configuration,
    selection: Selection = UNCHANGED,
    *,
    text: tuple[str, str] | None = None,
    report_unused_suppressions: bool = False,
    force_exclude: bool = False,
    tell: Progress = untold,
) -> Report:
    """Check `paths`, or the one `text` given with its displayed name. Raises as `check` does.

    `selection` overrides the configuration's; `force_exclude` applies its `exclude` to paths that are files, too;
    `tell` hears of the progress.
    """
    return examine(
        paths,
        configuration,
        selection,
        text=text,
        report_unused_suppressions=report_unused_suppressions,
        force_exclude=force_exclude,
        tell=tell,
    ).report


class Examined(NamedTuple):
    """A report, and what it is about."""

    report: Report
    sources: Mapping[str, SourceFile]
    """By their displayed path."""
    program: Program


def examine(
    paths: Sequence[Path],
    configuration: Configuration,
    selection: Selection = UNCHANGED,
    *,
    text: tuple[str, str] | None = None,
    report_unused_suppressions: bool = False,
    force_exclude: bool = False,
    tell: Progress = untold,
    contents: Mapping[Path, bytes] | None = None,
) -> Examined:
    """As `run`; at the absolute paths in `contents`, those bytes are read instead of the files'."""
    began = perf_counter()
    known = load_rules()
    rules = select_rules(known, (configuration.selection, selection))
    ignores = PerFileIgnores(configuration.per_file_ignores, configuration.root, known)
    baseline = Baseline.read(configuration.baseline)
    if force_exclude:
        paths = [path for path in paths if not configuration.excludes(path)]
    gathered = Gathered.from_paths(paths, configuration, tell, contents) if text is None else Gathered.from_text(*text)
    judge = Judge(rules)
    judge.judge(gathered.program, tell)
    suppressions = Suppressions(gathered.sources, ignores)
    loud = suppressions.loud(worst_of_each(judge.findings))
    if report_unused_suppressions:
        loud.extend(suppressions.unused(rules, known))
        rules = (UNUSED_SUPPRESSION, *rules)
    shown = sorted((one for one in loud if one.severity.reaches(configuration.severity)), key=by_place)
    excerpts = gathered.excerpts(finding.place for finding in shown)
    fresh = baseline.fresh(shown, excerpts)
    planner = Planner(gathered.program, gathered.sources)
    findings = tuple(planner.planned(fresh))
    problems = (*gathered.problems, *gathered.program.faults, *judge.problems, *planner.problems)
    report = Report(
        findings=findings,
        errors=tuple(dict.fromkeys(problems)),
        networks=tuple(judge.networks),
        untraced=gathered.program.untraced,
        files=gathered.files,
        rules=rules,
        excerpts=excerpts,
        suppressed=suppressions.silenced,
        baselined=len(shown) - len(fresh),
        seconds=perf_counter() - began,
    )
    return Examined(report, gathered.sources, gathered.program)
