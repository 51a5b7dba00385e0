"""Widths that are not known: monomials of named sizes, so that what cancels, cancels.

A symbol stands for a positive whole number. ``4 * hidden / hidden`` is the plain number 4, while ``hidden + 1`` stays
symbolic. Formulas written with ``+ - * / **`` work on plain numbers and on sizes alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import TypeAlias, TypeGuard

MAX_TERMS = 16
"""A product of sums is multiplied out while it has at most this many terms."""
MAX_DENOMINATOR = 1000
"""A power given as a float is taken for the nearest fraction with at most this denominator."""


@dataclass(frozen=True)
class Size:
    """``coefficient * product(atom ** power)`` with at least one atom; anything less collapses to a plain number.

    >>> hidden = Size.symbol("hidden")
    >>> str(4 * hidden), 4 * hidden / hidden, str(1 / hidden**0.5)
    ('4*hidden', 4, 'hidden**-0.5')
    """

    coefficient: float
    powers: Powers
    """Sorted by the atom's name; no power is 0."""

    @staticmethod
    def symbol(name: str) -> Size:
        """The size called `name`."""
        return Size(1, ((name, Fraction(1)),))

    def __mul__(self, other: Number) -> Number:
        coefficient, powers = _split(other)
        return _assemble(self.coefficient * coefficient, _merge(self.powers, powers))

    __rmul__ = __mul__

    def __truediv__(self, other: Number) -> Number:
        return divide(self, other)

    def __rtruediv__(self, other: float) -> Number:
        return divide(other, self)

    def __pow__(self, power: Number | Fraction) -> Number:
        if isinstance(power, Size):
            return Size.symbol(f"({self} ** {power})")
        exponent = Fraction(power).limit_denominator(MAX_DENOMINATOR)
        return _assemble(_raise(self.coefficient, exponent), {a: p * exponent for a, p in self.powers})

    def __rpow__(self, base: float) -> Number:
        return Size.symbol(f"({base} ** {self})")

    def __add__(self, other: Number) -> Number:
        return _add(self, other)

    __radd__ = __add__

    def __sub__(self, other: Number) -> Number:
        return _add(self, -other)

    def __rsub__(self, other: float) -> Number:
        return _add(-self, other)

    def __neg__(self) -> Size:
        return Size(-self.coefficient, self.powers)

    def __floordiv__(self, other: Number) -> Number:
        return _floor_divide(self, other)

    def __rfloordiv__(self, other: float) -> Number:
        return _floor_divide(other, self)

    def __mod__(self, other: Number) -> Number:
        return _remainder(self, other)

    def __rmod__(self, other: float) -> Number:
        return _remainder(other, self)

    def __str__(self) -> str:
        factors = [str(atom) if power == 1 else f"{atom}**{_text(power)}" for atom, power in self.powers]
        if abs(self.coefficient) != 1:
            factors.insert(0, _text(self.coefficient))
        return ("-" if self.coefficient == -1 else "") + "*".join(factors)


@dataclass(frozen=True)
class Sum:
    """An atom that is a sum of two or more terms, scaled so that equal sums are equal atoms."""

    terms: tuple[Number, ...]

    def __str__(self) -> str:
        return "(" + " + ".join(map(str, self.terms)).replace("+ -", "- ") + ")"


Number: TypeAlias = int | float | Size
Value: TypeAlias = int | float | Size | None
"""A number, or ``None``: unknown."""
Atom: TypeAlias = str | Sum
Powers: TypeAlias = tuple[tuple[Atom, Fraction], ...]


def is_known(value: object) -> TypeGuard[float]:
    """Whether `value` is a plain number."""
    return isinstance(value, (int, float, Fraction))


def as_float(value: object) -> float | None:
    """`value` as a float, ``None`` if it is symbolic or unknown. An int that no float can hold is infinite."""
    if not is_known(value):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def combine(formula: Callable[..., Number], *values: Value) -> Value:
    """``formula(*values)``, or ``None`` as soon as one of the values is unknown or the formula has none there."""
    if any(value is None for value in values):
        return None
    try:
        return formula(*values)
    except (ArithmeticError, ValueError):
        return None


def divide(left: Number, right: Number) -> Number:
    """``left / right``, a whole number as an int."""
    (above, powers), (below, others) = _split(left), _split(right)
    is_exact = isinstance(above, int) and isinstance(below, int) and below != 0 and above % below == 0
    quotient = above // below if is_exact else above / below
    return _assemble(quotient, _merge(powers, tuple((atom, -power) for atom, power in others)))


def largest(left: Value, right: Value) -> Value:
    """The larger of two positive numbers, ``None`` where that cannot be told."""
    ratio = as_float(combine(lambda a, b: a / b, left, right))
    if ratio is None:
        return None
    return left if ratio >= 1 else right


def positive_part(value: Number) -> Number:
    """A number, or 0 in place of a negative one, which rounding leaves of nothing; a symbolic one as it is."""
    return max(value, 0) if is_known(value) else value


def is_positive(value: Number) -> bool:
    """Whether `value` is above 0 whatever its symbols are."""
    if not isinstance(value, Size):
        return value > 0
    return value.coefficient > 0 and all(map(_is_positive_atom, (atom for atom, _ in value.powers)))


def _is_positive_atom(atom: Atom) -> bool:
    """Of a sum, if all its terms are; a quotient that is rounded may be 0, as a remainder may."""
    return all(map(is_positive, atom.terms)) if isinstance(atom, Sum) else "(" not in atom


def is_vanishing(value: Value) -> bool:
    """Whether a symbolic `value` goes to zero as every width grows (``1 / hidden`` does)."""
    return isinstance(value, Size) and all(power < 0 for _, power in value.powers)


def _split(value: Number) -> tuple[float, Powers]:
    return (value.coefficient, value.powers) if isinstance(value, Size) else (value, ())


def _merge(left: Powers, right: Powers) -> dict[Atom, Fraction]:
    merged = dict(left)
    for atom, power in right:
        merged[atom] = merged.get(atom, Fraction(0)) + power
    return merged


def _assemble(coefficient: float, powers: dict[Atom, Fraction]) -> Number:
    coefficient = _tidy(coefficient)
    kept = tuple(sorted(((a, p) for a, p in powers.items() if p), key=lambda item: str(item[0])))
    return Size(coefficient, kept) if kept and coefficient != 0 else coefficient


def _tidy(value: float) -> float:
    """Whole floats as ints, so that ``4 * h / 2`` is ``2 * h`` and stays exact."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _raise(coefficient: float, exponent: Fraction) -> float:
    if coefficient < 0 and exponent.denominator != 1:
        raise ValueError("a fractional power of a negative size")
    if exponent.denominator == 1:
        return coefficient**exponent.numerator
    return math.sqrt(coefficient) if exponent == Fraction(1, 2) else float(coefficient ** float(exponent))


def _add(left: Number, right: Number) -> Number:
    totals: dict[Powers, float] = {}
    for term in (*_terms(left), *_terms(right)):
        coefficient, powers = _split(term)
        totals[powers] = totals.get(powers, 0) + coefficient
    return _sum({powers: _tidy(total) for powers, total in totals.items() if total != 0})


def _terms(value: Number) -> tuple[Number, ...]:
    """`value` with the sums in it multiplied out, unless there would be too many terms."""
    if not isinstance(value, Size):
        return (value,)
    for atom, power in value.powers:
        if isinstance(atom, Sum) and power == 1:
            rest = divide(value, Size(1, ((atom, power),)))
            terms = tuple(term for part in atom.terms for term in _terms(part * rest))
            return terms if len(terms) <= MAX_TERMS else (value,)
    return (value,)


def _sum(totals: dict[Powers, float]) -> Number:
    """The sum of monomials with different powers: common factor times an atom that is the remaining sum."""
    if len(totals) < 2:
        return next((_assemble(total, dict(powers)) for powers, total in totals.items()), 0)
    ordered = sorted(totals, key=lambda powers: (not powers, str([(str(a), p) for a, p in powers])))
    common = _common_powers(ordered)
    content = _content([totals[powers] for powers in ordered])
    factor = _assemble(content, common)
    terms = (divide(_assemble(totals[powers], dict(powers)), factor) for powers in ordered)
    return factor * Size(1, ((Sum(tuple(terms)), Fraction(1)),))


def _common_powers(monomials: list[Powers]) -> dict[Atom, Fraction]:
    tables = [dict(powers) for powers in monomials]
    atoms = {atom for table in tables for atom in table}
    return {atom: min(table.get(atom, Fraction(0)) for table in tables) for atom in atoms}


def _content(coefficients: list[float]) -> float:
    """The number to take out of a sum, so that its first term has a positive, and if possible whole, coefficient."""
    leading = coefficients[0]
    whole = [c for c in coefficients if isinstance(c, int)]
    if len(whole) < len(coefficients):
        return leading
    return reduce(math.gcd, whole) * (1 if leading > 0 else -1)


def _floor_divide(left: Number, right: Number) -> Number:
    quotient = left / right
    if not isinstance(quotient, Size):
        return math.floor(quotient)
    return quotient if _is_whole(quotient) else Size.symbol(f"({left} // {right})")


def _remainder(left: Number, right: Number) -> Number:
    quotient = left / right
    if not isinstance(quotient, Size) or _is_whole(quotient):
        return left - right * _floor_divide(left, right)
    return Size.symbol(f"({left} % {right})")


def _is_whole(value: Number) -> bool:
    """Whether `value` is a whole number whatever its symbols are."""
    if not isinstance(value, Size):
        return isinstance(value, int)
    return isinstance(value.coefficient, int) and all(
        power > 0 and power.denominator == 1 and all(map(_is_whole, _parts(atom))) for atom, power in value.powers
    )


def _parts(atom: Atom) -> tuple[Number, ...]:
    return atom.terms if isinstance(atom, Sum) else ()


def _text(value: float | Fraction) -> str:
    return repr(value if isinstance(value, (int, float)) else _tidy(float(value)))
