"""How many of the findings on production libraries, or on repositories of training code, are right.

Each finding was read in its source and judged: judged.json holds the verdicts with their reasons. A finding is told by
its rule, its file, the text of its line, and how many equal ones stand before it, so that a verdict survives lines that
move. Exits with 1 while a finding has no verdict.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from packages import FOLDER, HERE, count_lines, folder_of, pinned, repositories
from tables import table

import initlint
from initlint.baseline import line_text

JUDGED = HERE / "judged.json"
CACHE = HERE.parent / ".initlint_cache"
VERDICTS = ("right", "wrong")

Key: TypeAlias = "tuple[str, str, str, int]"
"""Code, path in the package, text of the line, number among equal ones from 1."""


@dataclass(frozen=True)
class Judgement:
    """What a reader of the source thinks of a finding."""

    verdict: str | None
    reason: str
    line: int
    """Where it was when it was judged; says nothing about identity."""


Judgements: TypeAlias = "dict[str, dict[Key, Judgement]]"
"""By package."""


def main() -> int:
    """Check every package, print the tables; return the exit code."""
    options = _options()
    judged = read(JUDGED)
    names = options.only or (repositories() if options.repositories else pinned())
    found = {name: findings(folder_of(name, options.packages), options.select) for name in names}
    print(by_package(found, judged, options.packages))
    print(by_rule(found, judged))
    if options.write:
        write(JUDGED, with_unjudged(judged, found))
    open_ones = [_verdict(judged, name, key) for name, places in found.items() for key in places].count("unjudged")
    return int(open_ones > 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("only", nargs="*", help="packages to check [all]")
    parser.add_argument("--packages", type=Path, default=FOLDER, help="folder of the unpacked packages")
    parser.add_argument("--repositories", action="store_true", help="check the repositories of training code instead")
    parser.add_argument("--select", action="append", help="rules to run instead of those on by default")
    parser.add_argument("--write", action="store_true", help="add the findings without a verdict to judged.json")
    return parser.parse_args()


def findings(folder: Path, select: list[str] | None) -> dict[Key, int]:
    """Line of each finding in a package."""
    report = initlint.check(folder, isolated=True, select=select, cache_dir=CACHE)
    for error in report.errors:
        print(f"{error.path}: {error.message}", file=sys.stderr)
    seen: Counter[tuple[str, str, str]] = Counter()
    found: dict[Key, int] = {}
    for finding in report.findings:
        path = Path(finding.place.path).resolve().relative_to(folder.resolve()).as_posix()
        equal = (finding.code, path, line_text(report.excerpts[finding.place]))
        seen[equal] += 1
        key: Key = (*equal, seen[equal])
        found[key] = finding.place.line
    return found


# ---------------------------------------------------------------------------------------------------- the judged list


def read(path: Path) -> Judgements:
    """The verdicts in a file."""
    document: dict[str, list[dict[str, Any]]] = json.loads(path.read_text(encoding="utf-8"))
    return {package: dict(map(_judgement, entries)) for package, entries in document.items()}


def _judgement(entry: dict[str, Any]) -> tuple[Key, Judgement]:
    if entry["verdict"] not in (None, *VERDICTS):
        raise SystemExit(f"{JUDGED}: verdict {entry['verdict']!r}: expected right, wrong or null")
    key = entry["code"], entry["path"], entry["text"], entry["number"]
    return key, Judgement(entry["verdict"], entry["reason"], entry["line"])


def write(path: Path, judged: Judgements) -> None:
    """Sorted, so that a new verdict changes few lines."""
    document = {name: [_entry(*item) for item in sorted(judged[name].items(), key=_order)] for name in sorted(judged)}
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _order(item: tuple[Key, Judgement]) -> tuple[object, ...]:
    (code, path, text, number), judgement = item
    return code, path, judgement.line, text, number


def _entry(key: Key, judgement: Judgement) -> dict[str, object]:
    names = ("code", "path", "text", "number")
    return dict(zip(names, key, strict=True)) | vars(judgement)


def with_unjudged(judged: Judgements, found: dict[str, dict[Key, int]]) -> Judgements:
    """The verdicts, and an open entry for each finding that has none. Open entries that are gone are left out."""
    names = {*judged, *found}
    kept = {name: {k: v for k, v in judged.get(name, {}).items() if v.verdict or name not in found} for name in names}
    for name, places in found.items():
        for key, line in places.items():
            kept[name].setdefault(key, Judgement(None, "", line))
    return kept


# --------------------------------------------------------------------------------------------------------- the tables


def by_package(found: dict[str, dict[Key, int]], judged: Judgements, under: Path) -> str:
    """Lines, findings and verdicts of each package."""
    rows = [
        (name, count_lines(under / name), *_counts(_verdict(judged, name, key) for key in places))
        for name, places in found.items()
    ]
    together = ("together", *(sum(column) for column in list(zip(*rows, strict=True))[1:]))
    return table(("package", "lines", "findings", "right", "wrong", "unjudged"), [*rows, together])


def by_rule(found: dict[str, dict[Key, int]], judged: Judgements) -> str:
    """Findings and verdicts of each rule."""
    verdicts: dict[str, list[str]] = {}
    for name, places in found.items():
        for key in places:
            verdicts.setdefault(key[0], []).append(_verdict(judged, name, key))
    rows = [(code, *_counts(verdicts[code])) for code in sorted(verdicts)]
    return table(("rule", "findings", "right", "wrong", "unjudged"), rows)


def _verdict(judged: Judgements, package: str, key: Key) -> str:
    known = judged.get(package, {}).get(key)
    return (known and known.verdict) or "unjudged"


def _counts(verdicts: Iterable[str]) -> Iterator[int]:
    counted = Counter(verdicts)
    yield counted.total()
    yield from (counted[verdict] for verdict in (*VERDICTS, "unjudged"))


if __name__ == "__main__":
    sys.exit(main())
