"""Inputs of Hugging Face models: ``main_input_name`` says what, the configuration says how large."""

from __future__ import annotations

import inspect
from typing import Any

from torch import nn

from initlint.probe.inputs.plan import Argument, Plan
from initlint.probe.inputs.spec import BATCH, Input, Size

TOKENS = 32
"""Length of a text; cut to the model's positions."""

AUDIO_SAMPLES = 16_000
"""One second at 16 kHz, the rate of wav2vec 2.0 and its kin."""

FRAMES = 16
"""Of a video, where the configuration names none."""

_NESTED = ("text_config", "text_encoder", "vision_config", "audio_config", "encoder", "decoder", "backbone_config")
_POSITIONS = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "max_sequence_length")


def transformers_plan(model: nn.Module) -> Plan | None:
    """The main input, and what else must be given with it; ``None`` for a model of another library."""
    config, main = getattr(model, "config", None), getattr(model, "main_input_name", None)
    if config is None or not isinstance(main, str) or not hasattr(config, "model_type"):
        return None
    names = [name for name in inspect.signature(model.forward).parameters if name != "kwargs"]
    wanted = [main] if main in names else names[:1]
    wanted += [name for name in _COMPANIONS.get(main, ()) if name in names]
    if "future_time_features" in names:  # a forecaster that decodes
        wanted += ["future_values", "future_time_features"]
    if getattr(config, "is_encoder_decoder", False) and "decoder_input_ids" in names:
        wanted.append("decoder_input_ids")
    arguments = [_argument(name, config) for name in dict.fromkeys(wanted)]
    return Plan(tuple(argument for argument in arguments if argument is not None)) if any(arguments) else None


_COMPANIONS = {
    "input_ids": ("pixel_values",),  # CLIP and its kin take both
    "pixel_values": ("input_ids",),
    "past_values": ("past_time_features", "past_observed_mask"),  # forecasters
}


def _argument(name: str, config: Any) -> Argument | None:
    spec = _spec(name, config)
    if spec is None:
        return None
    return Argument(name, spec, is_keyword=True, reason=f"{type(config).__name__}, {name}")


def _spec(name: str, config: Any) -> Input | None:
    if name in ("input_ids", "decoder_input_ids"):
        positions = _setting(config, *_POSITIONS) or TOKENS
        return Input((BATCH, min(TOKENS, positions)), "int64", low=0, high=_setting(config, "vocab_size") or 2)
    if name in ("pixel_values", "pixel_values_videos"):
        return Input(_image(config))
    if name == "input_values":
        mels = _setting(config, "num_mel_bins")
        length = _setting(config, "max_length") if mels else None
        return Input((BATCH, length, mels) if mels and length else (BATCH, AUDIO_SAMPLES))
    if name == "input_features":
        return Input(_spectrogram(config))
    return _series(name, config)


def _series(name: str, config: Any) -> Input | None:
    """Of a forecaster, which looks back over the context and as far as its longest lag."""
    lags = getattr(config, "lags_sequence", None) or [0]
    past = (_setting(config, "context_length") or TOKENS) + max(lags)
    future, channels = _setting(config, "prediction_length") or 1, _setting(config, "num_input_channels")
    features = getattr(config, "num_time_features", 1)
    wide: tuple[Size, ...] = (channels,) if channels else ()
    shapes: dict[str, tuple[Size, ...]] = {
        "past_values": (BATCH, past, *wide),
        "past_time_features": (BATCH, past, features),
        "past_observed_mask": (BATCH, past, *wide),
        "future_values": (BATCH, future, *wide),
        "future_time_features": (BATCH, future, features),
    }
    if name not in shapes:
        return None
    return Input(shapes[name], low=1, high=2, dtype="bool") if name.endswith("mask") else Input(shapes[name])


def _image(config: Any) -> tuple[Size, ...]:
    height, width = _sides(_found(config, "image_size", "input_size", "img_size"))
    channels = _setting(config, "num_channels", "in_channels", "num_input_channels", "in_chans") or 3
    frames = _setting(config, "num_frames", "frames")
    return (BATCH, frames, channels, height, width) if frames else (BATCH, channels, height, width)


def _sides(size: Any) -> tuple[int, int]:
    if isinstance(size, dict):
        return int(size.get("height", 224)), int(size.get("width", 224))
    if isinstance(size, (tuple, list)) and len(size) >= 2:
        return int(size[-2]), int(size[-1])
    return (size, size) if isinstance(size, int) and size > 1 else (224, 224)


def _spectrogram(config: Any) -> tuple[Size, ...]:
    """Whisper takes (mels, twice its positions); the others (frames, features)."""
    mels, positions = _setting(config, "num_mel_bins"), _setting(config, "max_source_positions")
    per_channel = _setting(config, "input_feat_per_channel", "feature_projection_input_dim")
    if per_channel:
        return (BATCH, 128, per_channel)
    if mels and positions:
        return (BATCH, mels, 2 * positions)
    return (BATCH, 128, mels or 80)


def _setting(config: Any, *names: str) -> int | None:
    """The first of the settings that is a positive number."""
    value = _found(config, *names)
    if isinstance(value, (list, tuple)) and value:
        value = value[0]
    return value if isinstance(value, int) and value > 0 else None


def _found(config: Any, *names: str) -> Any:
    """A setting of the configuration, or of those within it."""
    for part in [config, *(getattr(config, name, None) for name in _NESTED)]:
        for name in names:
            value = part.get(name) if isinstance(part, dict) else getattr(part, name, None)
            if value is not None and not isinstance(value, bool):
                return value
    return None
