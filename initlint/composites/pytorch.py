"""Modules that PyTorch builds of its own layers.

What is said of their layers is said of the line that builds or calls the whole. Names of submodules and defaults are those
of PyTorch, so that what is read and what is measured meet.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

Activation = str | Callable[[Tensor], Tensor]


def _function(activation: Activation) -> Callable[[Tensor], Tensor]:
    if activation == "relu":
        return functional.relu
    return functional.gelu if isinstance(activation, str) else activation


class FloatFunctional(nn.Module):
    """Operations as a module, for quantisation to watch."""

    def add(self, x: Tensor, y: Tensor | float) -> Tensor:
        return x + y

    def add_scalar(self, x: Tensor, y: float) -> Tensor:
        return x + y

    def mul(self, x: Tensor, y: Tensor | float) -> Tensor:
        return x * y

    def mul_scalar(self, x: Tensor, y: float) -> Tensor:
        return x * y

    def matmul(self, x: Tensor, y: Tensor) -> Tensor:
        return x @ y

    def cat(self, x: list[Tensor], dim: int = 0) -> Tensor:
        return torch.cat(x, dim)

    def add_relu(self, x: Tensor, y: Tensor) -> Tensor:
        return functional.relu(x + y)


class _Layer(nn.Module):
    """What an encoder's and a decoder's layer have in common."""

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = functional.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: object = None,
        dtype: object = None,
    ) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first)
        self.linear1 = nn.Linear(d_model, dim_feedforward, bias=bias)
        self.dropout = nn.Dropout(dropout)
        self.linear2 = nn.Linear(dim_feedforward, d_model, bias=bias)
        self.norm_first = norm_first
        self.norm1 = nn.LayerNorm(d_model, eps=layer_norm_eps, bias=bias)
        self.norm2 = nn.LayerNorm(d_model, eps=layer_norm_eps, bias=bias)
        self.dropout1 = nn.Dropout(dropout)
        self.dropout2 = nn.Dropout(dropout)
        self.activation = _function(activation)
        self._extend(d_model, nhead, dropout, layer_norm_eps, bias)

    def _extend(self, d_model: int, nhead: int, dropout: float, layer_norm_eps: float, bias: bool) -> None:
        """Adds what only one of them has."""

    def _sa_block(
        self, x: Tensor, attn_mask: object, key_padding_mask: object = None, is_causal: bool = False
    ) -> Tensor:
        dropped: Tensor = self.dropout1(self.self_attn(x, x, x)[0])
        return dropped

    def _inner(self, x: Tensor) -> Tensor:
        mapped: Tensor = self.linear2(self.dropout(self.activation(self.linear1(x))))
        return mapped


class TransformerEncoderLayer(_Layer):
    def forward(
        self, src: Tensor, src_mask: object = None, src_key_padding_mask: object = None, is_causal: bool = False
    ) -> Tensor:
        if self.norm_first:
            src = src + self._sa_block(self.norm1(src), src_mask)
            return src + self._ff_block(self.norm2(src))
        src = self.norm1(src + self._sa_block(src, src_mask))
        normed: Tensor = self.norm2(src + self._ff_block(src))
        return normed

    def _ff_block(self, x: Tensor) -> Tensor:
        dropped: Tensor = self.dropout2(self._inner(x))
        return dropped


class TransformerDecoderLayer(_Layer):
    def _extend(self, d_model: int, nhead: int, dropout: float, layer_norm_eps: float, bias: bool) -> None:
        self.multihead_attn = nn.MultiheadAttention(d_model, nhead, dropout=dropout, bias=bias)
        self.norm3 = nn.LayerNorm(d_model, eps=layer_norm_eps, bias=bias)
        self.dropout3 = nn.Dropout(dropout)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: object = None,
        memory_mask: object = None,
        tgt_key_padding_mask: object = None,
        memory_key_padding_mask: object = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        if self.norm_first:
            tgt = tgt + self._sa_block(self.norm1(tgt), tgt_mask)
            tgt = tgt + self._mha_block(self.norm2(tgt), memory, memory_mask)
            return tgt + self._ff_block(self.norm3(tgt))
        tgt = self.norm1(tgt + self._sa_block(tgt, tgt_mask))
        tgt = self.norm2(tgt + self._mha_block(tgt, memory, memory_mask))
        normed: Tensor = self.norm3(tgt + self._ff_block(tgt))
        return normed

    def _mha_block(
        self, x: Tensor, mem: Tensor, attn_mask: object, key_padding_mask: object = None, is_causal: bool = False
    ) -> Tensor:
        dropped: Tensor = self.dropout2(self.multihead_attn(x, mem, mem)[0])
        return dropped

    def _ff_block(self, x: Tensor) -> Tensor:
        dropped: Tensor = self.dropout3(self._inner(x))
        return dropped


class TransformerEncoder(nn.Module):
    def __init__(
        self,
        encoder_layer: nn.Module,
        num_layers: int,
        norm: nn.Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList([copy.deepcopy(encoder_layer) for _ in range(num_layers)])
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self, src: Tensor, mask: object = None, src_key_padding_mask: object = None, is_causal: bool | None = None
    ) -> Tensor:
        for layer in self.layers:
            src = layer(src, src_mask=mask, src_key_padding_mask=src_key_padding_mask)
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(nn.Module):
    def __init__(self, decoder_layer: nn.Module, num_layers: int, norm: nn.Module | None = None) -> None:
        super().__init__()
        self.layers = nn.ModuleList([copy.deepcopy(decoder_layer) for _ in range(num_layers)])
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: object = None,
        memory_mask: object = None,
        tgt_key_padding_mask: object = None,
        memory_key_padding_mask: object = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        for layer in self.layers:
            tgt = layer(tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask)
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(nn.Module):
    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = functional.relu,
        custom_encoder: nn.Module | None = None,
        custom_decoder: nn.Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: object = None,
        dtype: object = None,
    ) -> None:
        super().__init__()
        if custom_encoder is not None:
            self.encoder = custom_encoder
        else:
            encoder_layer = TransformerEncoderLayer(
                d_model,
                nhead,
                dim_feedforward,
                dropout,
                activation,
                layer_norm_eps,
                norm_first=norm_first,
                bias=bias,
            )
            last = nn.LayerNorm(d_model, eps=layer_norm_eps, bias=bias)
            self.encoder = TransformerEncoder(encoder_layer, num_encoder_layers, last)
        if custom_decoder is not None:
            self.decoder = custom_decoder
        else:
            decoder_layer = TransformerDecoderLayer(
                d_model,
                nhead,
                dim_feedforward,
                dropout,
                activation,
                layer_norm_eps,
                norm_first=norm_first,
                bias=bias,
            )
            last = nn.LayerNorm(d_model, eps=layer_norm_eps, bias=bias)
            self.decoder = TransformerDecoder(decoder_layer, num_decoder_layers, last)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: object = None,
        tgt_mask: object = None,
        memory_mask: object = None,
        src_key_padding_mask: object = None,
        tgt_key_padding_mask: object = None,
        memory_key_padding_mask: object = None,
    ) -> Tensor:
        decoded: Tensor = self.decoder(tgt, self.encoder(src))
        return decoded
