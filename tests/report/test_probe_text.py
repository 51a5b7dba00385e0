"""The table of a probed model: what it shows, and that it fits from 60 to 120 columns on any terminal."""

from __future__ import annotations

import math
import re

import pytest
from msgspec.structs import replace
from probed_model import failed, probed, row, stack, statistics

from initlint.diagnosis.health import Health
from initlint.diagnosis.symptoms import GRADIENT, SIGNAL
from initlint.finding import Place, Severity
from initlint.probe.passes.results import Conditioning, Group, Step, TimeGradient, Unwritten
from initlint.report.excerpt import columns
from initlint.report.palette import Palette
from initlint.report.probe import Drawing, render
from initlint.report.report import ProbedTarget, Report
from initlint.report.sparkline import ASCII
from initlint.report.text import summary

FOLDED, WHOLE = 40, 80


def shown(target: ProbedTarget, **drawing: object) -> str:
    return render([target], Drawing(**{"width": 100, **drawing}))  # type: ignore[arg-type]


def table(target: ProbedTarget, **drawing: object) -> dict[str, list[str]]:
    """The cells of each row, by the layer's name."""
    lines = shown(target, **drawing).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("  layer"))
    rows = [line.split() for line in lines[start + 1 : lines.index("", start)]]
    return {cells[0]: cells for cells in rows}


def test_the_whole_picture_of_a_stack_that_loses_its_gradient() -> None:
    target = stack(6, 0.5, 1e-3)
    assert shown(target, width=80) == (
        "pkg/model.py:Net\n"
        "  model     Net (model.py:5)\n"
        "  ran on    cpu, float32, batch 32, median of 3 builds\n"
        "  inputs    x 32×64; worked out from layers.0\n"  # noqa: RUF001
        "  loss      2.41, expected 2.3 (ln 10): cross-entropy with random classes\n"
        "\n"
        "  variance  ▆▆▆▆▅▅▅▅▅▅▅▅▄▄▄▄▄▄▄▄▃▃▃▃  1 → 0.0312\n"
        "  gradient  ▁▁▁▁▂▂▂▂▄▄▄▄▅▅▅▅▇▇▇▇████  norm 1.4e-6 → 45.3\n"
        "\n"
        "  layer     op      line  var in var out gain grad rms var      grad\n"
        "  layers.0  Linear  10                 1        3.2e-8 ████▉    ▏      !\n"
        "  layers.1  Linear  11         1     0.5  0.5   1.0e-6 ████▎    █▍     !  first\n"
        "  layers.2  Linear  12       0.5    0.25  0.5   3.2e-5 ███▊     ██▊    !\n"
        "  layers.3  Linear  13      0.25   0.125  0.5   1.0e-3 ███▎     ████▎\n"
        "  layers.4  Linear  14     0.125  0.0625  0.5   0.0316 ██▊      █████▋\n"
        "  layers.5  Linear  15    0.0625  0.0312  0.5        1 ██▏      ███████\n"
        f"  ! is off by more than plain SGD trains: gradient {GRADIENT.risk:g} decades, variance {SIGNAL.risk:g}.\n"
        "\n"
        "  took      0.1 s to build, 0.02 s for one forward and backward pass\n"
        "\n"
        f"  broken, score {target.score:.2f}: vanishing gradients, first at layers.1 (model.py:11)\n"
        "\n"
    )


def test_a_healthy_network_is_drawn_flat_and_unmarked() -> None:
    told = shown(stack(20))
    assert "healthy, score 1.00" in told
    assert "!" not in told
    assert "first" not in told
    for label in ("variance", "gradient"):
        curve = next(line.split()[1] for line in told.splitlines() if line.startswith(f"  {label} "))
        assert len(set(curve)) == 1


@pytest.mark.parametrize("width", [60, 80, 100, 120])
@pytest.mark.parametrize("glyphs", ["unicode", "ascii"])
def test_no_line_is_wider_than_the_terminal(width: int, glyphs: str) -> None:
    long = Place("a/very/long/path/to/the_model_of_the_project.py", 1234, 1, 1234, 2)
    rows = [
        row(
            number,
            1e-9**number,
            1e-7 ** (4 - number),
            name=f"encoder.blocks.{number}.attention.projection.inner",
            built=long,
        )
        for number in range(5)
    ]
    rows[3] = row(3, 0.0, 0.0, name="mlp", kind="VeryParticularLinearLayer", built=long, call=2)
    target = probed(rows, inputs="worked out from " + "the first layer and " * 12, notes=("one note " * 30,))
    drawing = {"width": width, **({"glyphs": ASCII} if glyphs == "ascii" else {})}
    assert max(columns(line) for line in shown(target, **drawing).splitlines()) <= width


def test_names_lose_their_beginning_where_there_is_no_room() -> None:
    rows = [row(number, 1.0, 1.0, name=f"encoder.layers.{number}.feed_forward.linear") for number in range(3)]
    assert any(name.startswith("…") and name.endswith("linear") for name in table(probed(rows), width=60))


def test_what_is_needed_least_goes_first() -> None:
    narrow, wide = (shown(stack(4, 0.1), width=width) for width in (60, 120))
    assert "var in" in wide
    assert "var in" not in narrow
    assert all(heading in narrow for heading in ("layer", "line", "var out", "grad rms"))


def test_a_terminal_without_utf_8_gets_ascii_only() -> None:
    assert shown(stack(6, 0.5, 1e-3), glyphs=ASCII).isascii()


def test_colours_change_nothing_but_the_colour() -> None:
    coloured = shown(stack(6, 0.5, 1e-3), palette=Palette(True))
    assert "\x1b[31;1mbroken\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == shown(stack(6, 0.5, 1e-3))


def test_a_row_says_what_strikes_the_eye() -> None:
    rows = [
        row(0, 1.0, 1.0),
        row(1, 1.0, 1.0, op="activation", kind="ReLU", weight="", output=statistics(1.0, dead_fraction=0.8)),
        row(2, 1.0, 0.0, output=statistics(1.0, saturated_fraction=0.6)),
        row(3, 0.0, 1.0),
        row(4, 1.0, 1.0, output=statistics(math.inf, nonfinite_fraction=0.1)),
    ]
    cells = table(probed(rows), width=120)
    assert " ".join(cells["layers.1"]).endswith("80% dead")
    assert " ".join(cells["layers.2"]).endswith("no gradient, 60% saturated")
    assert "all zero" in " ".join(cells["layers.3"])
    assert "not finite" in " ".join(cells["layers.4"])


def test_a_functional_call_is_named_by_its_module_and_shown_where_it_is_called() -> None:
    called = Place("pkg/model.py", 50, 9, 50, 20)
    rows = [row(0, 1.0, 1.0), row(1, 1.0, 1.0, name="block", op="activation", kind="relu", is_module=False, weight="")]
    cells = table(probed(rows))
    assert cells["block"][1:3] == ["relu", f"model.py:{called.line}"]


def test_where_a_functional_call_goes_wrong_first_it_is_named_by_its_function_and_its_module() -> None:
    rows = [row(0, 1.0, 1.0), row(1, math.inf, 1.0, name="block", kind="exp", is_module=False, weight="", op="unknown")]
    rows[1] = replace(rows[1], output=statistics(0.0, nonfinite_fraction=0.5))
    assert "values that are not finite, first at exp in block (model.py:50)" in shown(probed(rows))


def test_a_module_that_runs_again_has_the_number_of_the_call() -> None:
    assert "cell #3" in shown(probed([row(0, 1.0, 1.0), row(1, 1.0, 1.0, name="cell", call=2)]))


def test_a_long_table_is_folded_and_keeps_the_place_where_it_goes_wrong() -> None:
    deep = stack(WHOLE, 0.5, 0.5)
    assert deep.health is not None
    assert deep.health.first is not None
    rows = table(deep, width=120)
    assert len([name for name in rows if name.startswith("layers.")]) == FOLDED
    assert deep.health.first.layer is not None
    assert "first" in rows[deep.health.first.layer.name]
    assert f"{FOLDED} of {WHOLE} rows; --all-layers shows the others." in shown(deep)


def test_in_a_long_table_rows_off_the_trunk_leave_room_for_it() -> None:
    rows = [row(0, 1.0, 1.0)]
    for number in range(1, WHOLE, 2):
        source = (number - 2) if number > 1 else 0
        rows.append(row(number, 1.0, 1.0, name=f"blocks.{number}", op="add", kind="add", inputs=(source,), weight=""))
        rows.append(row(number + 1, 1.0, 1.0, name=f"side.{number}", inputs=(source,)))
    names = table(probed(rows, outputs=(WHOLE - 1,)))
    assert sum(name.startswith("blocks.") for name in names) > 3 * sum(name.startswith("side.") for name in names)


def test_all_layers_shows_every_row() -> None:
    rows = table(stack(WHOLE, 0.5, 0.5), shows_all=True)
    assert len([name for name in rows if name.startswith("layers.")]) == WHOLE


def test_what_a_branch_holds_on_purpose_does_not_flatten_the_trunk() -> None:
    rows = [row(number, 10.0**-number, 1.0) for number in range(4)]
    mask = row(4, 1e76, 1.0, name="mask", inputs=(3,), weight="")
    joined = row(5, 1.0, 1.0, name="joined", op="add", kind="add", inputs=(3, 4), weight="")
    drawn = shown(probed([*rows, mask, joined]))
    curve = next(line.split()[1] for line in drawn.splitlines() if line.startswith("  variance "))
    assert len(set(curve)) > 1


def test_what_the_extra_passes_measured_is_told() -> None:
    group = Group(growth=1.25, update_ratio=0.1, gradient_rms=0.1)
    steps = [Step(index=0, loss=2.4, early=group, late=group, every=group)]
    lost = Group(growth=None, update_ratio=None, gradient_rms=None)
    steps.append(Step(index=1, loss=None, early=group, late=lost, every=lost, non_finite="loss"))
    conditioning = Conditioning(singular=(4.0, 0.5), is_exact=False, mean_square=1.0, outputs=10, inputs=64)
    time = TimeGradient(name="rnn", steps=11, mean_squares=(None,) * 11, rate=0.1, reach=11)
    unwritten = tuple(Unwritten(name=f"w{number}", share=1.0) for number in range(7))
    told = shown(
        stack(2, conditioning=conditioning, times=(time,), unwritten=unwritten, steps=tuple(steps)), width=120
    ).splitlines()
    for line in (
        "  jacobian  singular values from 4 to 0.5, condition 8 or more, seen through 2 random outputs",
        "  over time rnn: the gradient's square changes by -10.0 decades over 11 steps back in time, 0.1 a step",
        "  unwritten w0 (100%), w1 (100%), w2 (100%), w3 (100%), w4 (100%) and 2 more",
    ):
        assert line in told
    whole = " ".join(" ".join(told).split())
    assert "steps loss 2.4 → not finite over 2 steps of sgd, rate 0.1" in whole
    assert "early weights x1.25, late ones not finite; loss is not finite from step 2 on" in whole


def test_an_empty_jacobian_and_time_are_told_as_such() -> None:
    conditioning = Conditioning(singular=(), is_exact=True, mean_square=None, outputs=10, inputs=64)
    time = TimeGradient(name="rnn", steps=2, mean_squares=(None, None), rate=None, reach=0)
    told = shown(stack(2, conditioning=conditioning, times=(time,)))
    assert "no gradient gets from the output to the input" in told
    assert "rnn: nothing gets from the last output to its inputs" in told


def test_a_model_in_which_nothing_floats_still_has_its_verdict() -> None:
    assert "healthy" in shown(probed([]))


def test_a_target_that_failed_points_to_its_problem() -> None:
    assert shown(failed()) == "pkg/model.py:Broken\n  not probed: see pkg/model.py:7 below\n\n"


def test_control_characters_of_the_user_s_names_cannot_steer_the_terminal() -> None:
    rows = [row(0, 1.0, 1.0, name="\x1b[2J", kind="\x1b[31mLinear")]
    assert "\x1b" not in shown(probed(rows, target="a\x1b[2J.py:Net", notes=("\x1b]0;title\x07",)))


def test_the_closing_line_counts_the_verdicts() -> None:
    report = Report(targets=(stack(3), stack(3), failed()), errors=(failed().problem,))  # type: ignore[arg-type]
    assert summary(report, Palette(False)) == "1 problem in 3 targets: 2 healthy, 1 not probed."


def test_a_health_without_a_place_names_the_symptom_alone() -> None:
    target = stack(6, 0.5, 1e-3)
    assert target.health is not None
    assert target.health.first is not None
    placeless = type(target.health.first)(target.health.first.symptom, Severity.WARNING, 0.5, 1.0, 1.0)
    told = shown(ProbedTarget("net", target.network, Health("at risk", 0.5, placeless, ())))
    assert told.rstrip().splitlines()[-1] == "  at risk, score 0.50: vanishing gradients"
