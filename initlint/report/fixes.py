"""What fixing did, and what it could do, in words."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.finding import Finding
from initlint.fix.outcome import Fixes

SAFE, UNSAFE = "--fix", "--fix --unsafe-fixes"


def offer(finding: Finding) -> str:
    """What would be done to mend a finding, and with which options; empty if nothing is offered."""
    patch = finding.patch
    return "" if patch is None else f"{patch.title} ({SAFE if patch.safe else UNSAFE})"


def offered(findings: tuple[Finding, ...]) -> str:
    """How many findings could be fixed; empty if none."""
    patches = [finding.patch for finding in findings if finding.patch is not None]
    safe = sum(patch.safe for patch in patches)
    unsafe = len(patches) - safe
    told = [f"{safe} fixable with {SAFE}"] * bool(safe)
    told += [f"{unsafe}{' more' * bool(safe)} with {UNSAFE}" if safe else f"{unsafe} fixable with {UNSAFE}"] * bool(
        unsafe
    )
    return ", ".join(told)


def told(fixes: Fixes) -> Iterator[str]:
    """What was done and measured, and what was left out, a line each."""
    yield from (f"{_where(proof.finding)}: fixed: {proof.effect}" for proof in fixes.proofs)
    yield from (f"{_where(each.finding)}: not fixed: {each.reason}" for each in fixes.left_out)
    yield done(fixes)


def done(fixes: Fixes) -> str:
    """How many findings were fixed."""
    files = f"{len(fixes.changes)} file{'s' * (len(fixes.changes) != 1)}"
    verb = "Fixed" if fixes.is_written else "Would fix"
    return f"{verb} {len(fixes.fixed)} of {fixes.found} in {files}."


def _where(finding: Finding) -> str:
    place = finding.place
    return f"{place.path}:{place.line}:{place.column}: {finding.code}"
