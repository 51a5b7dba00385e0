"""A rule pack that cannot be used stops the run: an exit code of 0 without rules would be a lie."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

RULE = '''
from initlint.rule import Rule

class Some(Rule):
    """Some rule."""

    code = "{code}"
    name = "{name}"
    bad = ""
    good = ""
'''


def rule(code: str = "OTH101", name: str = "other-rule") -> str:
    return RULE.format(code=code, name=name)


@pytest.mark.parametrize(
    ("modules", "said"),
    [
        ({}, "rule pack 'other_rules' holds no rule"),
        ({"broken": "import no_such_module"}, "rule pack 'other_rules' cannot be imported: No module named"),
        ({"broken": "class"}, "rule pack 'other_rules' cannot be imported: "),
        ({"broken": "raise SystemExit(0)"}, "rule pack 'other_rules' cannot be imported: "),
        ({"rule": rule(code="TST101")}, "TST101 other-rule clashes with TST101 sick-call"),
        ({"rule": rule(name="sick-call")}, "OTH101 sick-call clashes with TST101 sick-call"),
        ({"rule": rule(code="x1")}, "rule pack 'other_rules': 'x1' 'other-rule' is not a code and a kebab-case name"),
        ({"rule": rule(name="Other")}, "rule pack 'other_rules': 'OTH101' 'Other' is not a code and a kebab-case name"),
        ({"rule": rule().replace("bad", "worse")}, "rule pack 'other_rules': OTH101 has no bad"),
        ({"a": rule(), "b": rule(name="another-rule")}, "OTH101 another-rule clashes with OTH101 other-rule"),
    ],
)
def test_a_pack_that_cannot_be_used_is_named_and_the_exit_code_is_2(
    initlint, write_pack, pack: Path, tmp_path: Path, modules: Mapping[str, str], said: str
) -> None:
    other = write_pack(tmp_path / "installed", "other_rules", modules)
    for command in (["check"], ["rule", "--all"]):
        done = initlint(*command, packs=(pack, other))
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
        assert "'other_rules'" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_module_missing_from_the_pack_names_the_pack(initlint, write_pack, pack: Path, tmp_path: Path) -> None:
    other = write_pack(tmp_path / "installed", "other_rules", {"rule": rule()})
    information = other / "other_rules-1.0.dist-info" / "entry_points.txt"
    information.write_text("[initlint.rules]\nother = no_such_package\n")
    done = initlint("check", packs=(pack, other))
    assert done.returncode == 2
    assert "rule pack 'no_such_package' cannot be imported" in done.stderr


def test_anyone_s_own_rules_are_found_and_run(initlint, write_pack, pack: Path, tmp_path: Path) -> None:
    other = write_pack(tmp_path / "installed", "other_rules", {"rule": rule()})
    assert "OTH101 other-rule" in initlint("rule", "--all", packs=(pack, other)).stdout


def test_a_pack_that_is_one_module_is_found(initlint, write_pack, pack: Path, tmp_path: Path) -> None:
    other = write_pack(tmp_path / "installed", "other_rules", {})
    (other / "other_rules" / "__init__.py").write_text(rule())
    assert "OTH101 other-rule" in initlint("rule", "--all", packs=(pack, other)).stdout
