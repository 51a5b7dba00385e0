"""From the name of a target to a model: what is imported and how, what is built, and what is said where that fails."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from initlint.probe.errors import ProbeError
from initlint.probe.loading import Builder, load, prepare, unwrapped
from initlint.probe.request import Reference


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A folder to write sources in; what is imported from it is forgotten afterwards."""
    path = list(sys.path)
    modules = set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def write(folder: Path, **sources: str) -> None:
    for name, source in sources.items():
        file = folder / (name.replace("__", "/", 1) + ".py" if "__" in name else f"{name}.py")
        file.parent.mkdir(exist_ok=True)
        file.write_text(source)


def package(folder: Path, name: str, **sources: str) -> None:
    (folder / name).mkdir(exist_ok=True)
    write(folder / name, **sources)
    (folder / name / "__init__.py").touch()


# ------------------------------------------------------------------------------------------------------------ importing


def test_a_file_of_its_own_sees_its_neighbours_and_is_no_main_program(project: Path) -> None:
    write(
        project,
        blocks_one="width = 3",
        net_one="from blocks_one import width\nname = __name__\nassert name != '__main__'",
    )
    assert load("net_one.py:width", project) == 3
    assert load("net_one.py:name", project) == "net_one"


def test_a_file_in_packages_is_imported_under_its_dotted_name(project: Path) -> None:
    package(project, "outer_one", net="from .blocks import width\nname = __name__", blocks="width = 3")
    assert load("outer_one/net.py:width", project) == 3
    assert load("outer_one/net.py:name", project) == "outer_one.net"


def test_an_init_file_is_its_package(project: Path) -> None:
    package(project, "outer_two")
    (project / "outer_two" / "__init__.py").write_text("name = __name__")
    assert load("outer_two/__init__.py:name", project) == "outer_two"


def test_a_dotted_name_starts_in_the_directory(project: Path) -> None:
    package(project, "outer_three", net="class models:\n    small = 3")
    assert load("outer_three.net:models.small", project) == 3


def test_a_file_with_the_name_of_a_loaded_module_is_loaded_beside_it(project: Path) -> None:
    write(project, torch="width = 3")
    assert load("torch.py:width", project) == 3
    assert sys.modules["torch"] is torch


def test_a_file_is_imported_once(project: Path) -> None:
    write(project, net_two="thing = object()")
    assert load("net_two.py:thing", project) is load(f"{project}/net_two.py:thing", project)


def test_a_module_that_fails_is_not_left_half_loaded(project: Path) -> None:
    write(project, net_three="1 / 0")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            load("net_three.py:Net", project)
    assert "net_three" not in sys.modules


def test_dataclasses_and_pickles_find_the_module_of_a_file(project: Path) -> None:
    source = """
from __future__ import annotations
import pickle
from dataclasses import dataclass

@dataclass
class Config:
    width: int = 3

copied = pickle.loads(pickle.dumps(Config()))
"""
    write(project, net_four=source)
    assert load("net_four.py:copied.width", project) == 3


def test_a_module_that_lacks_another_raises_its_own_error(project: Path) -> None:
    write(project, net_five="import not_there_at_all")
    with pytest.raises(ModuleNotFoundError, match="not_there_at_all"):
        load("net_five:Net", project)


@pytest.mark.parametrize(
    ("target", "message", "remedy"),
    [
        (
            "net_six.py:Nett",
            "net_six has no 'Nett'; did you mean 'Net'?",
            "Give .*net_six.py:Name; .*: Net, small, build.",
        ),
        ("net_six:Net.missing", "Net has no 'missing'", ""),
        ("net_six.py", "the target names no object in it", "Net, small, build"),
        ("net_sixx:Net", "there is no module net_sixx; did you mean net_six?", "Run initlint where it can be imported"),
        ("torch.nnn:Linear", "there is no module torch.nnn; did you mean torch.nn?", ""),
        ("torch.nn:Linaer", "torch.nn has no 'Linaer'; did you mean 'Linear'?", ""),
        ("nett_six.py:Net", "no such file; did you mean 'net_six.py'?", ""),
    ],
)
def test_what_is_not_there_is_told_with_what_is(project: Path, target: str, message: str, remedy: str) -> None:
    source = """
from torch.nn import Linear, Module

class Net(Module): pass
small = Net()
def build(): return Net()
def _private(): pass
"""
    write(project, net_six=source)
    with pytest.raises(ProbeError) as error:
        load(target, project)
    assert error.value.stage == "importing"
    assert error.value.message == message
    assert not remedy or re.search(remedy, error.value.remedy)


def test_relative_imports_outside_a_package_are_told_the_way_out(project: Path) -> None:
    (project / "loose").mkdir()
    write(project / "loose", net="\nfrom .blocks import width", blocks="width = 3")
    with pytest.raises(ProbeError) as error:
        load("loose/net.py:width", project)
    assert error.value.line == 2
    assert "loose.net:Name" in error.value.remedy
    assert load("loose.net:width", project) == 3


def test_a_package_with_the_name_of_a_loaded_one_is_not_mistaken_for_it(project: Path) -> None:
    package(project, "torch", nn="width = 3")
    with pytest.raises(ProbeError, match=r"the name torch\.nn belongs to another module"):
        load("torch/nn.py:width", project)


# ------------------------------------------------------------------------------------------------------------- building


class Net(nn.Module):
    def __init__(self, width: int, rate: float = 0.0, sides: tuple[int, ...] = (), norm: type = nn.LayerNorm) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 2)
        self.given = (width, rate, sides, norm)


def make(width: int = 3) -> nn.Module:
    return nn.Linear(width, 2)


def test_a_class_is_built_anew_each_time() -> None:
    builder = prepare(Net, {"width": 3})
    first, second = builder.build(), builder.build()
    assert (builder.kind, builder.is_rebuildable, builder.target) == ("class", True, Net)
    assert first is not second
    assert not torch.equal(first.linear.weight, second.linear.weight)


def test_a_function_a_partial_and_a_callable_object_are_factories() -> None:
    from functools import partial

    class Maker:
        def __call__(self, width: int) -> nn.Module:
            return make(width)

    for target in (make, partial(make), lambda width: make(width), Maker()):
        builder = prepare(target, {"width": 5})
        assert builder.kind == "factory"
        assert builder.build().weight.shape == (2, 5)


def test_an_instance_is_the_same_each_time_and_takes_no_arguments() -> None:
    model = make()
    builder = prepare(model, {})
    assert (builder.kind, builder.is_rebuildable) == ("instance", False)
    assert builder.build() is model
    with pytest.raises(ProbeError, match="built already: it takes no arguments"):
        prepare(model, {"width": 3})


def test_the_first_of_several_objects_is_taken_and_that_is_said() -> None:
    builder = prepare(lambda: (make(), "tokenizer"), {})
    assert isinstance(builder.build(), nn.Linear)
    builder.build()
    assert builder.notes == ["the target gives 2 objects; the first, a Linear, is probed"]


def test_wrapped_models_are_unwrapped_and_that_is_said() -> None:
    model = make()
    builder = prepare(torch.compile(nn.DataParallel(model), backend="eager"), {})
    assert builder.build() is model
    assert builder.notes == ["the model inside OptimizedModule is probed"]
    assert unwrapped(model) is model


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # scripting is deprecated, and still in use
def test_a_scripted_model_is_a_model() -> None:
    scripted = torch.jit.script(make())
    assert prepare(scripted, {}).build() is scripted


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (lambda: None, "the target gives None, not a torch.nn.Module"),
        (lambda: nn.Linear, "the target gives the class Linear, not a torch.nn.Module"),
        (lambda: [make()], "the target gives a list, not a torch.nn.Module"),
        ({"model": 3}, "the target is a dict, which gives no model"),
        (None, "the target is None, which gives no model"),
    ],
)
def test_what_gives_no_model_is_told_what_it_gives(target: object, message: str) -> None:
    with pytest.raises(ProbeError, match=message):
        prepare(target, {}).build()


# ------------------------------------------------------------------------------------------------------------ arguments


def test_values_are_typed_as_their_annotations_ask() -> None:
    model = prepare(Net, {"width": 3.0, "rate": 1, "sides": [3, 4]}).build()
    assert model.given == (3, 1.0, (3, 4), nn.LayerNorm)
    assert [type(value) for value in model.given[:3]] == [int, float, tuple]


def test_objects_are_looked_up_where_they_are_named(project: Path) -> None:
    write(project, parts_one="from dataclasses import dataclass\n@dataclass\nclass Config:\n    width: int = 7")
    arguments = {"width": Reference("parts_one:Config.width"), "norm": Reference("torch.nn:BatchNorm1d")}
    assert prepare(Net, arguments, project).build().given == (7, 0.0, (), nn.BatchNorm1d)
    config = prepare(lambda config: make(config.width), {"config": Reference("parts_one.py:Config", True)}, project)
    assert config.build().weight.shape == (2, 7)


def test_missing_arguments_are_named_with_their_types_and_the_option() -> None:
    def build(width: int, depth, *, norm: str | None) -> nn.Module:
        raise AssertionError

    with pytest.raises(ProbeError) as error:
        prepare(build, {"norm": "layer"})
    assert error.value.message.endswith("build needs arguments: width: int, depth")
    assert error.value.remedy == "Give --arg width=VALUE --arg depth=VALUE."


def test_an_unknown_argument_is_told_the_nearest() -> None:
    with pytest.raises(ProbeError, match=r"Net takes no argument 'witdh'; did you mean 'width'\?"):
        prepare(Net, {"witdh": 3})


def test_a_function_of_any_keywords_takes_them_all() -> None:
    def build(**options: int) -> nn.Module:
        return make(options["wide"])

    assert prepare(build, {"wide": 4}).build().weight.shape == (2, 4)


def test_positional_only_arguments_are_given_by_name() -> None:
    def build(width: int, /, out: int = 2) -> nn.Module:
        return nn.Linear(width, out)

    assert prepare(build, {"width": 4, "out": 5}).build().weight.shape == (5, 4)


SETTINGS = """
from __future__ import annotations
from dataclasses import dataclass, field
from torch import nn

@dataclass(frozen=True)
class Inner:
    rate: float = 0.5

@dataclass(frozen=True)
class Config:
    width: int = 3
    inner: Inner = field(default_factory=Inner)

class Net(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.config = config
"""


def settings_of(builder: Builder) -> tuple[int, float]:
    config: object = builder.build().config
    return config.width, config.inner.rate


def test_settings_with_defaults_are_made_where_none_are_given_and_that_is_said(project: Path) -> None:
    write(project, net_seven=SETTINGS)
    builder = prepare(load("net_seven.py:Net", project), {})
    assert settings_of(builder) == (3, 0.5)
    assert builder.notes == ["config is Config() with its defaults"]


def test_dotted_names_and_tables_set_what_is_inside_an_argument(project: Path) -> None:
    write(project, net_eight=SETTINGS)
    target = load("net_eight.py:Net", project)
    assert settings_of(prepare(target, {"config.width": 8, "config.inner.rate": 1})) == (8, 1.0)
    assert settings_of(prepare(target, {"config": {"width": 9}})) == (9, 0.5)
    with pytest.raises(ProbeError, match=r"Config has no 'widht'; did you mean 'width'\?"):
        prepare(target, {"config.widht": 8})
    with pytest.raises(ProbeError, match="there is no config to set 'width' on"):
        prepare(lambda config: make(), {"config.width": 8})


def test_each_build_gets_arguments_of_its_own() -> None:
    def build(sizes: list[int]) -> nn.Module:
        return nn.Linear(sizes.pop(), 2)

    builder = prepare(build, {"sizes": [3]})
    assert [builder.build().in_features for _ in range(2)] == [3, 3]


# --------------------------------------------------------------------------------------------------------- Hugging Face


class TinyConfig:
    model_type = "tiny"

    def __init__(self, hidden: int = 4) -> None:
        self.hidden = hidden

    def to_dict(self) -> dict[str, object]:
        return vars(self)


class TinyModel(nn.Module):
    config_class = TinyConfig

    def __init__(self, config: TinyConfig, with_head: bool = True) -> None:
        super().__init__()
        self.linear = nn.Linear(config.hidden, 2)
        self.with_head = with_head


def test_what_a_model_class_does_not_take_goes_to_its_configuration() -> None:
    model = prepare(TinyModel, {"hidden": 6, "with_head": False}).build()
    assert (model.linear.in_features, model.with_head) == (6, False)
    with pytest.raises(ProbeError, match=r"TinyConfig has no 'hiden'; did you mean 'hidden'\?"):
        prepare(TinyModel, {"hiden": 6})


class StrictConfig(TinyConfig):
    def __init__(self, hidden: int = 4) -> None:
        super().__init__(hidden)
        self.labels = 2


def test_a_configuration_takes_what_it_has_and_declares_no_argument_for() -> None:
    class Model(TinyModel):
        config_class = StrictConfig

        def __init__(self, config: StrictConfig) -> None:
            super().__init__(config)
            self.labels = config.labels

    assert prepare(Model, {"labels": 5, "hidden": 6}).build().labels == 5


def test_a_configuration_given_is_the_one_used() -> None:
    assert prepare(TinyModel, {"config": TinyConfig(8)}).build().linear.in_features == 8


@pytest.mark.filterwarnings("ignore")
def test_configurations_of_transformers_are_built_without_a_download() -> None:
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    by_class = prepare(transformers.BertConfig, sizes)
    assert type(by_class.build()).__name__ == "BertModel"
    assert by_class.notes == ["the configuration names no architecture; AutoModel chose the model, which has no head"]
    config = transformers.BertConfig(**sizes, architectures=["BertForMaskedLM"])
    by_instance = prepare(config, {"num_hidden_layers": 2})
    assert type(by_instance.build()).__name__ == "BertForMaskedLM"
    assert (by_instance.build().config.num_hidden_layers, config.num_hidden_layers) == (2, 1)
    assert by_instance.kind == "config"
    model = prepare(transformers.BertForMaskedLM, {**sizes, "vocab_size": 50}).build()
    assert model.config.vocab_size == 50
    labelled = prepare(transformers.BertForSequenceClassification, {**sizes, "num_labels": 5}).build()
    assert labelled.num_labels == 5
