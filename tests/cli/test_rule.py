"""`initlint rule` explains rules."""

from __future__ import annotations

import json
import re


def test_a_rule_is_explained_with_its_examples_by_code_and_by_name(initlint) -> None:
    by_code, by_name = initlint("rule", "TST101"), initlint("rule", "sick-call")
    assert by_code.returncode == 0
    assert by_code.stdout == by_name.stdout
    for part in (
        "TST101 sick-call",
        "A call to ``sick``.",
        "Why: the tests need",
        "    sick()  # bad",
        "    healthy()",
    ):
        assert part in by_code.stdout


def test_a_rule_is_given_as_json(initlint) -> None:
    document = json.loads(initlint("rule", "TST101", "--format", "json").stdout)
    assert document["code"] == "TST101"
    assert document["severity"] == "warning"
    assert document["default"] is True
    assert document["document"]["Why"] == "the tests need something to report."
    assert document["bad"] == "sick()  # bad"


def test_all_rules_are_listed_one_a_line(initlint) -> None:
    done = initlint("rule", "--all")
    assert done.returncode == 0
    ours = [line for line in done.stdout.splitlines() if line.startswith("TST")]
    assert [line.split()[:4] for line in ours] == [
        ["TST101", "sick-call", "warning", "on"],
        ["TST102", "unwell-call", "warning", "opt"],
        ["TST201", "explosive-call", "warning", "on"],
    ]


def test_all_rules_are_given_as_json(initlint) -> None:
    listed = json.loads(initlint("rule", "--all", "--format", "json").stdout)
    assert {"TST101", "TST102", "TST201"} <= {one["code"] for one in listed}


def test_an_explanation_keeps_to_the_width_of_a_page(initlint) -> None:
    assert max(map(len, initlint("rule", "INL101").stdout.splitlines())) <= 100


def test_an_explanation_in_colour_says_the_same(initlint) -> None:
    coloured = initlint("rule", "TST101", "--color", "always").stdout
    assert "\x1b[" in coloured
    bare = re.sub(r"\x1b\[[\d;]*m", "", coloured)
    assert bare.split() == initlint("rule", "TST101").stdout.split()


def test_the_engine_s_own_rule_is_explained(initlint) -> None:
    assert "unused-suppression" in initlint("rule", "INL001").stdout


def test_an_unknown_rule_is_an_error_that_names_the_nearest(initlint) -> None:
    done = initlint("rule", "sick-cal")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "initlint: error: unknown rule 'sick-cal'; did you mean TST101 (sick-call)?\n"


def test_neither_a_rule_nor_all_is_a_usage_error(initlint) -> None:
    assert initlint("rule").returncode == 2
    assert initlint("rule", "TST101", "--all").returncode == 2
