"""What the tracer sees of init functions, loads and copies, as the rules INL103 to INL110 report it."""

from __future__ import annotations

from textwrap import dedent

from initlint import check_text

HEAD = """\
import copy
import torch
from torch import nn
"""


def findings(text: str, *codes: str) -> list[tuple[str, int]]:
    """Code and line, counted from the line behind the imports, of what the rules report on a text."""
    report = check_text(HEAD + dedent(text), "model.py", select=codes or ("INL1",))
    assert not report.errors
    return [(found.code, found.place.line - HEAD.count("\n")) for found in report.findings]


# ------------------------------------------------------------------------------------------------------- silent cases


def test_init_function_may_match_a_layer_that_a_call_of_something_unknown_gives() -> None:
    source = """
        from elsewhere import make_backbone

        def init(m):
            if isinstance(m, nn.Conv3d):
                nn.init.kaiming_normal_(m.weight)

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.backbone = make_backbone()
                self.head = nn.Linear(4, 2)
                self.apply(init)

            def forward(self, x):
                return self.head(self.backbone(x))
    """
    assert findings(source) == []


def test_init_function_may_match_a_module_that_is_an_argument() -> None:
    source = """
        class Net(nn.Module):
            def __init__(self, backbone):
                super().__init__()
                self.backbone = backbone
                self.head = nn.Linear(4, 2)
                for m in self.modules():
                    if isinstance(m, nn.Conv3d):
                        nn.init.kaiming_normal_(m.weight)

            def forward(self, x):
                return self.head(self.backbone(x))
    """
    assert findings(source) == []


def test_selector_with_a_fallback_leaves_no_layer_out() -> None:
    source = """
        def init(m):
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight)
            elif hasattr(m, "weight"):
                nn.init.xavier_uniform_(m.weight)
            else:
                nn.init.zeros_(m.bias)

        model = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
        model.apply(init)
    """
    assert findings(source, "INL107") == []


def test_tensor_from_an_argument_is_not_taken_for_a_size() -> None:
    source = """
        class Anchors(nn.Module):
            def __init__(self, values):
                super().__init__()
                self.anchors = nn.Parameter(torch.Tensor(values))

            def forward(self, x):
                return x + self.anchors
    """
    assert findings(source) == []


def test_parameter_of_a_class_with_an_unknown_base_may_be_filled_there() -> None:
    source = """
        from elsewhere import Base

        class Layer(Base, nn.Module):
            def __init__(self):
                super().__init__()
                self.mixing = nn.Parameter(torch.empty(4, 4))

            def forward(self, x):
                return x @ self.mixing
    """
    assert findings(source) == []


def test_parameter_may_be_filled_by_a_loop_over_the_parameters_of_any_model() -> None:
    source = """
        class Layer(nn.Module):
            def __init__(self):
                super().__init__()
                self.mixing = nn.Parameter(torch.empty(4, 4))

            def forward(self, x):
                return x @ self.mixing

        def init(model):
            for p in model.parameters():
                if p.dim() > 1:
                    nn.init.xavier_uniform_(p)
    """
    assert findings(source, "INL103") == []


def test_parameter_may_be_replaced_by_a_function_that_gets_its_module() -> None:
    source = """
        class Mix(nn.Module):
            def __init__(self):
                super().__init__()
                self.decay = nn.Parameter(torch.empty(4, 4))

            def forward(self, x):
                return x @ self.decay

        def init(module):
            if isinstance(module, Mix):
                module.decay = nn.Parameter(torch.eye(4))
    """
    assert findings(source) == []


def test_pretrained_embedding_beside_an_init_of_linear_layers_is_kept() -> None:
    source = """
        class Net(nn.Module):
            def __init__(self, vectors):
                super().__init__()
                self.embed = nn.Embedding.from_pretrained(vectors, freeze=False)
                self.head = nn.Linear(300, 2)
                self.apply(self.init)

            def init(self, m):
                if isinstance(m, nn.Linear):
                    nn.init.xavier_uniform_(m.weight)

            def forward(self, x):
                return self.head(self.embed(x).mean(1))
    """
    assert findings(source) == []


def test_loop_that_picks_by_name_may_leave_the_loaded_layers_alone() -> None:
    source = """
        from torchvision.models import resnet18

        def build():
            model = resnet18(weights="DEFAULT")
            for name, p in model.named_parameters():
                if "fc" in name and p.dim() > 1:
                    nn.init.xavier_uniform_(p)
            return model
    """
    assert findings(source) == []


def test_load_on_an_unknown_branch_is_no_certain_load() -> None:
    source = """
        def init(m):
            if isinstance(m, nn.Linear):
                nn.init.xavier_uniform_(m.weight)

        def build(path=None, fresh=None, checkpoint=None):
            model = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
            if checkpoint:
                model.load_state_dict(torch.load(checkpoint))
            if not checkpoint:
                model.apply(init)
            return model

        def run(checkpoint):
            return build(checkpoint=checkpoint)
    """
    assert findings(source) == []


def test_tensor_that_is_initialised_and_returned_is_kept() -> None:
    source = """
        def draw(layer):
            weight = torch.empty_like(layer.weight)
            nn.init.orthogonal_(weight)
            return weight
    """
    assert findings(source) == []


def test_state_that_an_object_starts_with_is_no_weight() -> None:
    source = """
        class Cell(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 4)

            def _init_state(self, batch):
                return self.fc.weight.new(batch, 4).zero_()

            def forward(self, x):
                return self.fc(x)
    """
    assert findings(source) == []


def test_method_that_a_sibling_base_calls_is_used() -> None:
    source = """
        class Builder(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 4)
                self._init_weights()

        class Mixin(nn.Module):
            def _init_weights(self):
                nn.init.xavier_uniform_(self.fc.weight)

        class Net(Builder, Mixin):
            def forward(self, x):
                return self.fc(x)
    """
    assert findings(source, "INL104") == []


def test_two_deep_copies_at_two_places_are_targets() -> None:
    source = """
        class Agent(nn.Module):
            def __init__(self):
                super().__init__()
                self.online = nn.Linear(4, 2)
                self.first = copy.deepcopy(self.online)
                self.second = copy.deepcopy(self.online)

            def forward(self, x):
                return self.online(x) + self.first(x) + self.second(x)
    """
    assert findings(source) == []


def test_layers_in_a_list_that_no_forward_uses_are_not_reported() -> None:
    source = """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 4)
                self.probes = [nn.Linear(4, 1) for _ in range(3)]

            def forward(self, x):
                return self.fc(x)
    """
    assert findings(source) == []


def test_fans_of_a_vector_under_a_condition_that_is_not_known_are_not_reported() -> None:
    source = """
        from elsewhere import wants

        model = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
        for p in model.parameters():
            if wants(p):
                nn.init.xavier_uniform_(p)
    """
    assert findings(source) == []


# --------------------------------------------------------------------------------------------------------- reported


def test_init_function_is_followed_through_partial_and_lambda() -> None:
    source = """
        from functools import partial

        def init(m, gain):
            if isinstance(m, nn.Conv2d):
                nn.init.xavier_uniform_(m.weight, gain=gain)

        model = nn.Sequential(nn.Conv1d(4, 4, 3), nn.Tanh())
        model.apply(partial(init, gain=2.0))
        model.apply(lambda m: init(m, 1.0))
    """
    assert findings(source) == [("INL107", 5)]


def test_init_behind_a_certain_load_is_reported_for_in_place_methods_too() -> None:
    source = """
        from transformers import AutoModel

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.encoder = AutoModel.from_pretrained("bert-base-uncased")
                self.head = nn.Linear(768, 2)
                for m in self.modules():
                    if isinstance(m, nn.Linear):
                        m.weight.data.normal_(0, 0.02)

            def forward(self, x):
                return self.head(self.encoder(x).pooler_output)
    """
    assert findings(source) == [("INL105", 11)]


def test_init_behind_the_load_of_an_embedding_is_reported_at_the_apply() -> None:
    source = """
        class Net(nn.Module):
            def __init__(self, vectors):
                super().__init__()
                self.embed = nn.Embedding.from_pretrained(vectors, freeze=False)
                self.head = nn.Linear(300, 2)
                self.apply(self.init)

            def init(self, m):
                if isinstance(m, (nn.Linear, nn.Embedding)):
                    nn.init.normal_(m.weight, std=0.02)

            def forward(self, x):
                return self.head(self.embed(x).mean(1))
    """
    assert findings(source, "INL105") == [("INL105", 7)]


def test_deep_copies_in_a_loop_of_unknown_length_are_several() -> None:
    source = """
        class Net(nn.Module):
            def __init__(self, depth):
                super().__init__()
                layer = nn.Linear(4, 4)
                self.layers = nn.ModuleList([copy.deepcopy(layer) for _ in range(depth)])

            def forward(self, x):
                for layer in self.layers:
                    x = torch.tanh(layer(x))
                return x
    """
    assert findings(source) == [("INL109", 6)]


def test_layers_in_a_dict_of_a_submodule_are_reported_once_for_the_class() -> None:
    source = """
        class Heads(nn.Module):
            def __init__(self):
                super().__init__()
                self.heads = {"a": nn.Linear(4, 1), "b": nn.Linear(4, 1)}

            def forward(self, x):
                return self.heads["a"](x) + self.heads["b"](x)

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.left, self.right = Heads(), Heads()

            def forward(self, x):
                return self.left(x) + self.right(x)
    """
    assert findings(source) == [("INL110", 5)]


def test_method_is_unused_though_another_class_calls_its_own_of_that_name() -> None:
    source = """
        class Used(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 4)
                self._init_weights()

            def _init_weights(self):
                nn.init.xavier_uniform_(self.fc.weight)

            def forward(self, x):
                return self.fc(x)

        class Forgotten(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 4)

            def _init_weights(self):
                nn.init.xavier_uniform_(self.fc.weight)

            def forward(self, x):
                return self.fc(x)
    """
    assert findings(source) == [("INL104", 19)]


def test_init_of_a_whole_slice_counts_as_an_init_of_the_tensor() -> None:
    source = """
        class Layer(nn.Module):
            def __init__(self):
                super().__init__()
                self.mixing = nn.Parameter(torch.empty(4, 4))
                self.other = nn.Parameter(torch.empty(4, 4))
                with torch.no_grad():
                    self.mixing[:] = torch.eye(4)

            def forward(self, x):
                return torch.tanh(x @ self.mixing) @ self.other
    """
    assert findings(source) == [("INL103", 6)]


def test_a_state_that_forward_keeps_does_not_reach_into_the_next_model() -> None:
    networks = check_text("""
import torch
from torch import nn


class Norm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.register_buffer("moving", torch.zeros(channels))

    def forward(self, x):
        self.moving = 0.9 * self.moving + 0.1 * x.mean(0)
        return x - self.moving


norm = Norm(8)
first = nn.Sequential(*[nn.Linear(8, 8) for _ in range(20)], norm)
second = nn.Sequential(nn.Linear(4, 8), norm, nn.Linear(8, 2))
""").networks
    for network in networks:
        known = {layer.id for layer in network.layers}
        assert known.issuperset(source for layer in network.layers for source in layer.inputs)
