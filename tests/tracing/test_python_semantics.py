"""The tracer computes what Python computes, or says that it does not know: tried on random programs."""

from __future__ import annotations

from textwrap import indent

from hypothesis import given, settings
from hypothesis import strategies as st

import initlint
from initlint.signal.size import Size

MODULE = """
from somewhere import hidden
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
{program}
        self.map = nn.Linear(abs(answer) % 61 + 1, 1)

    def forward(self, x):
        return self.map(x)
"""
NAMES = st.sampled_from(["a", "b", "c"])
ATOMS = st.one_of(NAMES, st.integers(-3, 9).map(str).map("({})".format))
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        st.tuples(inner, st.sampled_from(["//", "%"]), st.integers(1, 5)).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} > {p[2]} else {p[0]} + 1)"),
        st.tuples(inner, inner).map(lambda p: f"max({p[0]}, {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"sum([{p[0]}, {p[1]}, 1])"),
        st.tuples(inner, inner).map(lambda p: f"[{p[0]}, {p[1]}][-1]"),
        st.tuples(inner, inner).map(lambda p: f"dict(x={p[0]}, y={p[1]})['x']"),
        st.tuples(inner, inner).map(lambda p: f"(lambda u, v=2: u + v)({p[0]}, v={p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"len([i for i in range(4) if i != {p[0]}])"),
        inner.map(lambda e: f"int({e} > 2)"),
    ),
    max_leaves=5,
)
ASSIGNMENTS = st.one_of(
    st.tuples(NAMES, EXPRESSIONS).map(" = ".join),
    st.tuples(NAMES, EXPRESSIONS).map(" += ".join),
    st.tuples(NAMES, NAMES).map(lambda p: f"{p[0]}, {p[1]} = {p[1]}, {p[0]}"),
)


def _block(statements: list[str]) -> str:
    return indent("\n".join(statements), "    ")


def _compound(inner: st.SearchStrategy[str], tests: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    blocks = st.lists(inner, min_size=1, max_size=3).map(_block)
    plain = st.lists(ASSIGNMENTS, min_size=1, max_size=3).map(_block)
    return st.one_of(
        st.tuples(tests, blocks, blocks).map(lambda p: f"if {p[0]}:\n{p[1]}\nelse:\n{p[2]}"),
        st.tuples(NAMES, st.integers(0, 3), blocks).map(lambda p: f"for {p[0]} in range({p[1]}):\n{p[2]}"),
        st.tuples(NAMES, ATOMS, ATOMS, blocks).map(lambda p: f"for {p[0]}, _ in zip(({p[1]}, {p[2]}), 'xyz'):\n{p[3]}"),
        st.tuples(blocks, tests).map(lambda p: f"for _ in range(3):\n{p[0]}\n    if {p[1]}:\n        break"),
        st.tuples(st.integers(1, 3), plain, tests).map(
            lambda p: f"d = 0\nwhile d < {p[0]}:\n    d += 1\n{p[1]}\n    if {p[2]}:\n        continue\n    a += 1"
        ),
        st.tuples(st.integers(1, 3), plain, tests).map(
            lambda p: f"d = 0\nwhile True:\n    d += 1\n{p[1]}\n    if d > {p[0]} or {p[2]}:\n        break"
        ),
        st.tuples(blocks, EXPRESSIONS).map(
            lambda p: f"def compute(a, b, c):\n{p[0]}\n    return {p[1]}\nb = compute(a, b, c=c)"
        ),
    )


KNOWN_TESTS = st.tuples(EXPRESSIONS, st.sampled_from(["<", "==", ">="]), EXPRESSIONS).map(" ".join)
KNOWN = st.recursive(ASSIGNMENTS, lambda inner: _compound(inner, KNOWN_TESTS), max_leaves=6)
HIDDEN_TESTS = st.one_of(KNOWN_TESTS, st.just("hidden()"))
HIDDEN_LOOPS = st.lists(ASSIGNMENTS, min_size=1, max_size=3).map(lambda b: f"for _ in range(hidden()):\n{_block(b)}")
HIDDEN_WHILES = st.lists(ASSIGNMENTS, min_size=1, max_size=3).map(lambda b: f"while hidden() > 0:\n{_block(b)}")
MIXED = st.one_of(
    st.recursive(ASSIGNMENTS, lambda inner: _compound(inner, HIDDEN_TESTS), max_leaves=6), HIDDEN_LOOPS, HIDDEN_WHILES
)


def programs(statements: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Statements that leave a number in ``answer``."""
    return st.lists(statements, min_size=1, max_size=4).map(
        lambda body: "\n".join(["a, b, c = 1, 2, 3", *body, "answer = a + 7 * b + 49 * c"])
    )


def width_in_python(program: str, answers: list[int]) -> int:
    """What Python makes of it, if the calls of ``hidden`` give these answers, and 0 from then on."""
    rest = iter(answers)
    names: dict[str, object] = {"hidden": lambda: next(rest, 0)}
    exec(program, names)
    answer = names["answer"]
    assert isinstance(answer, int)
    return abs(answer) % 61 + 1


def width_as_traced(program: str) -> object:
    """The fan-in of the layer."""
    report = initlint.check_text(MODULE.format(program=indent(program, " " * 8)), "net.py")
    assert report.errors == ()
    network = next(each for each in report.networks if each.name == "Net")
    return next(layer.fan_in for layer in network.layers if layer.op == "linear")


@settings(deadline=None)
@given(programs(KNOWN))
def test_known_programs_give_the_number_that_python_gives(program: str) -> None:
    assert width_as_traced(program) == width_in_python(program, [])


@settings(deadline=None)
@given(programs(MIXED), st.lists(st.integers(0, 3), max_size=5))
def test_what_depends_on_something_hidden_is_right_or_unknown(program: str, answers: list[int]) -> None:
    width = width_as_traced(program)
    assert width is None or isinstance(width, Size) or width == width_in_python(program, answers)


@settings(max_examples=20, deadline=None)
@given(programs(MIXED))
def test_tracing_twice_gives_the_same(program: str) -> None:
    one, other = width_as_traced(program), width_as_traced(program)
    assert one == other or isinstance(one, Size)
