"""What PyTorch and models say when an input does not fit, as patterns."""

from __future__ import annotations

import re

from initlint.probe.inputs.trial import Failure

NUMBERS = (
    re.compile(
        r"expect\D{0,60}?(?P<wanted>\d+)\D{0,40}?(?:got|found|but|received|instead of)\D{0,30}?(?P<actual>\d+)", re.I
    ),
    re.compile(r"\((?P<actual>\d+)\) doesn't match model \((?P<wanted>\d+)\)"),
    re.compile(r"Given groups=.*expected input\[.*\] to have (?P<wanted>\d+) channels, but got (?P<actual>\d+)"),
    re.compile(r"size of tensor a \((?P<actual>\d+)\) must match the size of tensor b \((?P<wanted>\d+)\)"),
    re.compile(r"weights shape of \(\d+, (?P<actual>\d+)\), but got torch.Size\(\[\d+, (?P<wanted>\d+)\]\)"),
    re.compile(r"running_mean should contain (?P<actual>\d+) elements not (?P<wanted>\d+)"),
)
"""Errors that name the size found and the size needed."""

MULTIPLE = re.compile(r"divisible by(?: the)?(?: patch size)?\D{0,20}(\d+)|in chunks of (\d+)|multiple of (\d+)", re.I)
RANK = re.compile(
    r"(?:expected|requires?|be)\D{0,40}?(?P<rank>\d)[- ]?D\b|expected (?P<dims>\d) dims?\b|must have (?P<more>\d) dim",
    re.I,
)
UNPACK = re.compile(r"values to unpack \(expected (?P<rank>\d)")
LACKS_AXIS = re.compile(
    r"Dimension out of range|tuple index out of range|too many indices for tensor|number of dims", re.I
)
VIEW = re.compile(r"shape '\[(?P<shape>[-\d, ]+)\]' is invalid for input of size (?P<size>\d+)")
SHOULD_BE = re.compile(
    r"\(?(?P<actual>(?:\d+, ?)*\d+)[\])].{0,20}should be \[?\(?(?P<wanted>(?:\d+, ?)+\d*)\)?|"
    r"[Ee]xpected hidden(?:\[\d\])? size \((?P<state>[\d, ]+)\)"
)
TOO_SMALL = re.compile(
    r"Kernel size can't be greater|[Oo]utput size is too small|Padding size should be less|too small|non-empty|"
    r"smaller than kernel|non-zero size|more than 1 value per channel|must be greater|Padding length|mask_length",
)
WANTS_INTEGERS = re.compile(
    r"scalar types?:? (?:Long|Int)|expected.{0,40}\b(?:Long|int64)\b|must be (?:long|int)|used as indices must be|"
    r"index tensor|integer type|only integer",
    re.I,
)
WANTS_FLOATS = re.compile(
    r"but (?:got|found) (?:Long|Int|Bool)|Long and Float|float.{0,40}(?:Long|Int|Bool)\b|not implemented for '(?:Long|Int|Bool)'|"
    r"(?:floating point|complex) .{0,20}dtype|Long(?:Tensor)?\) and weight type|Long != float|Input type \(long int\)",
    re.I,
)


FAULTS = (NameError, ImportError, ZeroDivisionError, NotImplementedError, RecursionError)
"""What no other input would mend."""


def is_about_inputs(failure: Failure) -> bool:
    """Whether the failure looks like one of shapes or types, rather than a fault that any input would meet."""
    if isinstance(failure.error, FAULTS):
        return False
    if isinstance(failure.error, (AttributeError, TypeError, KeyError, OSError, MemoryError)) and failure.call is None:
        return bool(re.search(r"NoneType|'Tensor' object|not Tensor", failure.text))
    patterns = (MULTIPLE, RANK, UNPACK, LACKS_AXIS, VIEW, SHOULD_BE, TOO_SMALL, WANTS_INTEGERS, WANTS_FLOATS, *NUMBERS)
    is_check = isinstance(failure.error, AssertionError)
    return is_check or failure.call is not None or any(pattern.search(failure.text) for pattern in patterns)
