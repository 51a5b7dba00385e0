"""What language models are made of, predicted from source against the same modules run."""

from __future__ import annotations

import pytest

import initlint
from initlint.network.prediction import predict
from initlint.signal.size import as_float

torch = pytest.importorskip("torch")
HEADER = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n\n"
BUILDS = 40


def predicted(source: str, shape: tuple[int, ...]) -> float | None:
    """Variance of the output."""
    (network,) = initlint.check_text(HEADER + source, "net.py").networks
    return as_float(predict(network, [shape])[-1].after.variance)


def measured(source: str, shape: tuple[int, ...], vocabulary: int) -> float:
    """Variance of the output for random tokens, averaged over builds."""
    space: dict[str, object] = {}
    exec(HEADER + source, space)
    total = 0.0
    for seed in range(BUILDS):
        torch.manual_seed(seed)
        model = space["Net"]()  # type: ignore[operator]
        total += float(model(torch.randint(vocabulary, shape)).detach().var())
    return total / BUILDS


PADDED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10, 64, padding_idx=0)
        nn.init.normal_(self.embedding.weight, std=0.5)
        nn.init.zeros_(self.embedding.weight[self.embedding.padding_idx])

    def forward(self, tokens):
        return self.embedding(tokens)
"""
ATTENDED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(1000, 64)
        self.value = nn.Linear(64, 64)

    def forward(self, tokens):
        x = self.embedding(tokens)
        return F.scaled_dot_product_attention(0.1 * x, 0.1 * x, self.value(x))
"""


def test_a_row_of_an_embedding_that_is_zeroed_counts_by_its_share() -> None:
    """As the padding row that an init function puts back."""
    found = predicted(PADDED, (64, 32))
    assert found == pytest.approx(0.9 * 0.25)
    assert found == pytest.approx(measured(PADDED, (64, 32), 10), rel=0.05)


def test_tokens_are_the_places_that_attention_goes_over() -> None:
    """A table of token numbers has one place for each."""
    for places in (8, 32):
        found = predicted(ATTENDED, (16, places))
        assert found == pytest.approx(measured(ATTENDED, (16, places), 1000), rel=0.08)


NORMED = """
class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.full((64,), 0.5))
        self.epsilon = 1e-2

    def forward(self, x):
        wide = x.to(torch.float32)
        size = wide.pow(2).mean(-1, keepdim=True)
        return self.weight * (wide * torch.rsqrt(size + self.epsilon)).to(x.dtype)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(1000, 64)
        nn.init.normal_(self.embedding.weight, std=0.2)
        self.norm = Norm()

    def forward(self, tokens):
        return self.norm(self.embedding(tokens))
"""


def test_a_norm_written_by_hand_is_one() -> None:
    """Root mean squares and what divides by them, with the epsilon that is added."""
    divided = NORMED.replace("wide * torch.rsqrt(size + self.epsilon)", "wide / (size + self.epsilon).sqrt()")
    for source in (NORMED, divided):
        assert predicted(source, (8, 16)) == pytest.approx(measured(source, (8, 16), 1000), rel=0.05)
    other = NORMED.replace("wide * torch", "(wide + 1) * torch")
    assert predicted(other, (8, 16)) is None


ROTATED = """
def turn(x):
    one, other = x[..., : x.shape[-1] // 2], x[..., x.shape[-1] // 2 :]
    return torch.cat((-other, one), dim=-1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(1000, 64)
        self.register_buffer("speed", 1.0 / 10000 ** (torch.arange(0, 64, 2) / 64))

    def forward(self, tokens):
        x = self.embedding(tokens)
        angles = torch.arange(tokens.shape[1])[:, None].float() * self.speed
        angles = torch.cat((angles, angles), dim=-1)
        cos, sin = angles.cos()[None], angles.sin().unsqueeze(0)
        return x * cos + turn(x) * sin
"""


def test_a_rotation_keeps_the_size() -> None:
    """Of queries and keys that are turned by their places; two products with other angles are not followed."""
    assert predicted(ROTATED, (8, 16)) == pytest.approx(measured(ROTATED, (8, 16), 1000), rel=0.05)
    other = ROTATED.replace("angles.sin()", "(2 * angles).sin()")
    assert predicted(other, (8, 16)) is None


CAUSAL = """
class Net(nn.Module):
    def __init__(self, causal=True):
        super().__init__()
        self.causal = causal
        self.embedding = nn.Embedding(1000, 64)

    def forward(self, tokens, mask=None):
        x = self.embedding(tokens)
        is_causal = tokens.shape[1] > 1 and mask is None and self.causal
        return F.scaled_dot_product_attention(0.05 * x, 0.05 * x, x, is_causal=is_causal)
"""


@pytest.mark.parametrize("places", [2, 12, 64])
def test_a_place_that_sees_only_those_before_it_averages_less(places: int) -> None:
    """Also where that has a condition that is not known."""
    assert predicted(CAUSAL, (8, places)) == pytest.approx(measured(CAUSAL, (8, places), 1000), rel=0.1)
    both = CAUSAL.replace("causal=True", "causal=False")
    assert predicted(both, (8, places)) == pytest.approx(measured(both, (8, places), 1000), rel=0.1)
    assert predicted(CAUSAL.replace("self.causal\n        return", "unknown(x)\n        return"), (8, places)) is None


TRANSPOSED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(1000, 64)
        self.weight = nn.Parameter(torch.randn(64, 128) * 0.1)
        self.bias = nn.Parameter(torch.full((128,), 0.3))

    def forward(self, tokens):
        x = self.embedding(tokens)
        return torch.addmm(self.bias, x.view(-1, x.size(-1)), self.weight).view(*x.size()[:-1], 128)
"""


def test_a_linear_map_that_adds_its_bias_first_is_one() -> None:
    """``addmm`` of a bias, a signal and an (in, out) weight."""
    assert predicted(TRANSPOSED, (8, 16)) == pytest.approx(measured(TRANSPOSED, (8, 16), 1000), rel=0.05)


INHERITED = """
class Places(nn.Embedding):
    def __init__(self, count, width):
        self.offset = 2
        super().__init__(count + self.offset, width)

    def forward(self, mask, places=None):
        if places is None:
            places = torch.cumsum(mask, dim=1).long() - 1
        return super().forward(places + self.offset)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(1000, 64)
        self.places = Places(64, 64)

    def forward(self, tokens):
        x = self.embedding(tokens) + self.places(torch.ones(tokens.shape))
        if x.dtype == torch.float16:
            x = torch.cumsum(x, dim=1)
        return x
"""


def test_the_forward_that_a_layer_inherits_is_followed_through_super() -> None:
    """An embedding of places that are not known is one all the same, here 2 with the embedding of tokens."""
    assert predicted(INHERITED, (8, 16)) == pytest.approx(measured(INHERITED, (8, 16), 1000), rel=0.1)


def test_what_is_done_for_a_type_of_numbers_waits_for_that_type() -> None:
    """Layers compute in float32 until they are converted."""
    assert predicted(INHERITED.replace("torch.float16", "torch.float"), (8, 16)) is None
    converted = INHERITED.replace("        x = self", "        self.half()\n        x = self")
    assert predicted(converted, (8, 16)) is None


SEGMENTS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.segments, self.places = nn.Embedding(1000, 64), nn.Embedding(2, 64), nn.Embedding(64, 64)
        self.value = nn.Linear(64, 64)
        self.ids = nn.Buffer(torch.zeros(1, 64, dtype=torch.long))
        self.register_buffer("order", torch.arange(64).expand((1, -1)))

    def forward(self, tokens):
        order = self.order[:, : tokens.shape[1]]
        segments = torch.gather(self.ids, 1, order).expand(tokens.shape)
        x = self.words(tokens) + self.segments(segments) + self.places(order)
        return F.scaled_dot_product_attention(0.1 * x, 0.1 * x, self.value(x))
"""


def test_a_row_that_is_looked_up_everywhere_outlasts_the_mean_of_attention() -> None:
    """All tokens are of the first segment: its embedding is common to all places."""
    found = predicted(SEGMENTS, (8, 32))
    assert found == pytest.approx(measured(SEGMENTS, (8, 32), 1000), rel=0.15)
    apart = predicted(SEGMENTS.replace("segments = torch.gather(self.ids, 1, order)", "segments = order"), (8, 32))
    assert found is not None
    assert apart is not None
    assert found > 5 * apart


LOGITS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(1000, 64)
        self.q, self.k = nn.Linear(64, 64), nn.Linear(64, 64)
        self.register_buffer("shift", torch.full((1,), 2.0))

    def forward(self, tokens):
        x = self.embedding(tokens)
        q, k = (each(x).view(8, -1, 4, 16).transpose(1, 2) for each in (self.q, self.k))
        return q @ k.transpose(-2, -1) / torch.sqrt(torch.tensor(16.0)) + self.shift
"""


def test_products_of_queries_and_keys_are_as_large_as_their_width_makes_them() -> None:
    """A tensor that is one number scales and shifts as the number does."""
    assert predicted(LOGITS, (8, 32)) == pytest.approx(measured(LOGITS, (8, 32), 1000), rel=0.1)
    assert predicted(LOGITS.replace("q @ k.", "q @ q."), (8, 32)) is None


HEAD = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.token = nn.Embedding(1000, 64), nn.Linear(64, 64)
        self.value, self.head = nn.Linear(64, 64), nn.Linear(64, 2)

    def forward(self, tokens):
        x = self.embedding(tokens)
        x = torch.cat([self.token(x[:, :1]), 3 * x], dim=1)
        return self.head(self.value(x)[:, 0])
"""


def test_places_that_are_picked_and_joined_count() -> None:
    """A part of one place weighs little beside one of 32; of one place that is picked there are no others."""
    (network,) = initlint.check_text(HEADER + HEAD, "net.py").networks
    found = predict(network, [(8, 32)])
    joined = next(each for each in found if each.layer.op == "concat")
    assert joined.extents[1].places == 33
    assert as_float(joined.after.second) == pytest.approx((32 * 9 + 0.339) / 33, rel=0.02)
    assert found[-1].extents[0].places == 1


SEQUENCES = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(80, 64, 3, padding=1)
        self.q, self.v = nn.Linear(64, 64), nn.Linear(64, 64)

    def forward(self, x):
        x = self.conv(x).relu().transpose(1, 2)
        return F.scaled_dot_product_attention(0.1 * self.q(x), 0.1 * x, self.v(x))
"""


def test_a_convolution_takes_a_sequence_whose_units_come_first() -> None:
    """(samples, units, places), not (samples, places, units): attention goes over 200 places."""
    (network,) = initlint.check_text(HEADER + SEQUENCES, "net.py").networks
    found = predict(network, [(4, 80, 200)])
    assert found[-1].extents[0].places == 200
    assert as_float(found[-1].after.variance) is not None


ADDED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(1000, 64)
        table = torch.zeros(64, 64)
        table[:, 0::2] = torch.arange(64.0)[:, None].sin()
        self.register_buffer("table", table)

    def forward(self, tokens):
        return self.embedding(tokens) + self.table[: tokens.shape[1]]
"""


def test_a_signal_and_a_tensor_that_is_not_known_are_not_known() -> None:
    """As a table of sines is that tells places apart."""
    assert predicted(ADDED, (8, 32)) is None
    filled = ADDED.replace("        table[:, 0::2] = torch.arange(64.0)[:, None].sin()\n", "")
    assert predicted(filled, (8, 32)) == pytest.approx(1)


TOKENS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.mlp = nn.Embedding(1000, 64), nn.Linear(64, 64)
        self.token, self.norm = nn.Parameter(torch.zeros(1, 1, 64)), nn.LayerNorm(64)

    def forward(self, tokens):
        x = self.mlp(self.embedding(tokens))
        x = torch.cat([self.token.expand(tokens.shape[0], -1, -1), x], dim=1)
        x = x + self.mlp(x)
        return PICKED
"""


def test_a_place_that_a_parameter_was_put_at_is_not_like_the_others() -> None:
    """Until a norm makes all places as large as each other."""
    assert predicted(TOKENS.replace("PICKED", "x[:, 0]"), (8, 32)) is None
    assert predicted(TOKENS.replace("PICKED", "x[:, :1]"), (8, 32)) is None
    assert predicted(TOKENS.replace("PICKED", "x[:, 1:]"), (8, 32)) is not None
    assert predicted(TOKENS.replace("PICKED", "self.norm(x)[:, 0]"), (8, 32)) == pytest.approx(1, rel=1e-3)
