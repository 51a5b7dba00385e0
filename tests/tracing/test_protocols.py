"""What the program's classes do through special methods: as Python does it, or not followed."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.gathering import Gathered
from initlint.tracing import trace_script

NET = """
import re
from collections.abc import MutableMapping

from torch import nn

{before}

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.map = nn.Linear(4, 4)

    def forward(self, x):
        {inside}
        return self.map(x).relu() if {test} else self.map(x).tanh()

model = Net()
"""


def activation(test: str, before: str = "", inside: str = "pass") -> list[str]:
    """Which of the two follows the linear map: the relu if the test holds; both where that is not known."""
    source = NET.format(before=before, inside=inside.replace("\n", "\n        "), test=test)
    gathered = Gathered.from_text(source, str(Path("script.py")))
    (network,) = trace_script(gathered.program, gathered.program.modules[0])
    return [layer.activation for layer in network.live() if layer.op == "activation"]


SETTINGS = """
class Settings:
    _names = {}

    def __init__(self, kind):
        self.kind = kind

    @property
    def kind(self):
        return self._kind

    @kind.setter
    def kind(self, value):
        self._kind = value or "default"
"""
RENAMED = """
class Settings:
    names = {"width": "n_units"}

    def __init__(self):
        self.n_units = 4

    def __setattr__(self, key, value):
        super().__setattr__(self.names.get(key, key), value)

    def __getattribute__(self, key):
        if key != "names" and key in super().__getattribute__("names"):
            key = super().__getattribute__("names")[key]
        return super().__getattribute__(key)

settings = Settings()
settings.width = 8
"""
REGISTRY = """
class Registry(MutableMapping):
    _shared = {"fast": 1, "slow": 2}

    def __init__(self):
        self._own = {}

    def __getitem__(self, key):
        return self._own[key] if key in self._own else self._shared[key]

    def __setitem__(self, key, value):
        self._own.update({key: value})

    def __delitem__(self, key):
        del self._own[key]

    def __iter__(self):
        return iter({**self._shared, **self._own})

    def __len__(self):
        return len(self._shared.keys() | self._own.keys())

    def pick(self, name, default):
        return super().get(name, default)

registry = Registry()
"""
CHECKED = """
class Checked:
    works = False

    def check(self):
        if not self.works:
            raise ValueError("it does not work")
        return True

    def choose(self):
        kind = "fast"
        try:
            self.check()
        except ValueError:
            kind = "slow"
        return kind
"""
ATTRIBUTES = """
class Options:
    def __init__(self, width, depth=2):
        self.__dict__.update({key: value for key, value in locals().items() if key != "self"})

    def __getattribute__(self, key):
        hidden = super().__getattribute__("__dict__").get("hidden")
        if hidden is not None and key in hidden:
            raise AttributeError(key)
        return super().__getattribute__(key)

options = Options(8)
vars(options)["extra"] = 5
closed = Options(8)
closed.hidden = ["depth"]
"""
TRUE = [
    ("Settings(None).kind == 'default'", SETTINGS),
    ("Settings('wide').kind == 'wide'", SETTINGS),
    ("settings.n_units == 8", RENAMED),
    ("settings.width == 8", RENAMED),
    ("hasattr(settings, 'width')", RENAMED),
    ("not hasattr(settings, 'depth')", RENAMED),
    ("'fast' in registry", REGISTRY),
    ("'other' not in registry", REGISTRY),
    ("registry.get('slow', 0) == 2", REGISTRY),
    ("registry.get('other', 0) == 0", REGISTRY),
    ("registry.pick('slow', 0) == 2", REGISTRY),
    ("list(registry.keys()) == ['fast', 'slow'] or len(list(registry.values())) == 2", REGISTRY),
    ("Checked().choose() == 'slow'", CHECKED),
    ("options.width == 8 and options.depth == 2", ATTRIBUTES),
    ("options.extra == 5 and len(vars(options)) == 3", ATTRIBUTES),
    ("not hasattr(options, 'other') and 'other' not in options.__dict__", ATTRIBUTES),
    ("options.__dict__.pop('width') == 8 and not hasattr(options, 'width')", ATTRIBUTES),
    ("'hidden' in vars(closed) and not hasattr(closed, 'absent')", ATTRIBUTES),
    ("re.match('^(a+)b', 'aab').group(1) == 'aa'", ""),
    ("re.search('c', 'aab') is None", ""),
    ("all(re.compile(r'^[a-z.]+(weight|bias)$').match(key) for key in {'a.weight': 1}.keys() | {'b.bias'})", ""),
    ("len({'a': 1}.keys() | {'a', 'b'}) == 2", ""),
]


@pytest.mark.parametrize(("test", "before"), TRUE)
def test_what_python_says_is_true_is_true(test: str, before: str) -> None:
    """And its opposite is false."""
    assert activation(test, before) == ["relu"]
    assert activation(f"not ({test})", before) == ["tanh"]


def test_attributes_set_from_something_unknown_may_be_any() -> None:
    inside = "from somewhere import given\noptions.__dict__.update(given)"
    assert sorted(activation("hasattr(options, 'other')", ATTRIBUTES, inside)) == ["relu", "tanh"]


def test_only_what_is_surely_raised_leads_to_a_handler() -> None:
    """Behind a test that is not known the program is taken to go on."""
    before = CHECKED.replace("not self.works", "unknown_function()")
    assert activation("Checked().choose() == 'fast'", before) == ["relu"]


WALK = """
class Options:
    width = 4

    def clean(self, values):
        for value in values.values():
            if isinstance(value, dict):
                self.clean(value)

options = Options()
options.clean({"a": unknown_function()})
"""


def test_a_recursive_call_that_is_not_followed_leaves_plain_objects_known() -> None:
    """What it does to them, the call around it does, too."""
    assert activation("getattr(options, 'depth', 0) == 0", WALK) == ["relu"]


OUTPUT = """
from collections import OrderedDict
from dataclasses import dataclass

class Output(OrderedDict):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)

@dataclass
class Hidden(Output):
    last: object = None
    other: object = None

class Named(Hidden):
    pass
"""


def test_an_output_that_is_a_dict_of_its_fields_is_handed_on_as_keywords() -> None:
    """Those that are set; the constructor is the one that the decorator wrote, also for a class derived from it."""
    inside = "made = Named(**Hidden(last=7, other=None), **{'other': 3})"
    assert activation("made.last == 7 and made.other == 3", OUTPUT, inside) == ["relu"]
    assert activation("made.last is None", OUTPUT, inside) == ["tanh"]


SIGNATURE = "import inspect\n\nclass Taken:\n    def __init__(self, a, b=2, *, c=None):\n        pass\n"


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("list(inspect.signature(Taken.__init__).parameters) == ['self', 'a', 'b', 'c']", "relu"),
        ("'a' in inspect.signature(Taken).parameters", "relu"),
        ("'x' in inspect.signature(self.forward).parameters", "relu"),
        ("'self' in inspect.signature(self.forward).parameters", "tanh"),
        ("inspect.signature(Taken).parameters['b'].default == 2", "relu"),
        ("inspect.signature(Taken).parameters['a'].default is inspect.Parameter.empty", "relu"),
        ("inspect.signature(lambda y: y).parameters['y'].name == 'y'", "relu"),
    ],
)
def test_a_program_may_ask_what_a_function_can_be_given(test: str, expected: str) -> None:
    assert activation(test, SIGNATURE) == [expected]


def test_an_attribute_that_is_asked_for_to_give_itself_is_not_there() -> None:
    """Asked on and on, it would take all the steps that the model has."""
    before = """
class Base(nn.Module):
    def __getattr__(self, name):
        if name in self.settings:
            return self.settings[name]
        return super().__getattr__(name)
"""
    source = NET.format(
        before=before, inside="for _ in range(100):\n            x = self.map(x) * self.gain", test="True"
    )
    gathered = Gathered.from_text(source.replace("class Net(nn.Module)", "class Net(Base)"), "script.py")
    (network,) = trace_script(gathered.program, gathered.program.modules[0])
    assert len([layer for layer in network.live() if layer.op == "linear"]) == 101


@pytest.mark.parametrize(
    "test",
    [
        "Pair(1, 2).second == 2",
        "Pair(1).second == 7",
        "Pair(second=5, first=4)[0] == 4",
        "list(Pair(1, 2)) == [1, 2]",
        "(lambda one, other: other)(*Pair(1, 2)) == 2",
    ],
)
def test_a_named_tuple_has_its_fields_by_name_and_in_order(test: str) -> None:
    before = "from collections import namedtuple\nPair = namedtuple('Pair', ['first', 'second'], defaults=(7,))"
    assert activation(test, before) == ["relu"]


def test_named_tuples_of_signals_are_outputs_and_may_differ_between_branches() -> None:
    before = "from collections import namedtuple\nPair = namedtuple('Pair', 'first second')"
    made = "x = self.map(x)\nmade = Pair(x.relu(), x) if x.sum() > 0 else Pair(x.tanh(), x)\n"
    inside = made + "return Pair(made.first, made.second)"
    assert sorted(activation("True", before, inside)) == ["relu", "tanh"]
