"""Real architectures with random weights: from torchvision, timm and transformers, nothing downloaded; and fixtures."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from torch import nn

SMALL: dict[str, Any] = {"hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 128}


@dataclass(frozen=True)
class Architecture:
    """One model: the factory in this file, and what it is told."""

    library: str
    name: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """As for ``--input``; none: worked out."""
        return (SMALLER[self.name],) if self.name in SMALLER else ()


def torchvision_model(name: str) -> nn.Module:
    """A model of torchvision's, by its name there."""
    declare_missing_operators()
    options: dict[str, object] = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
    if name in SEGMENTATION:
        options["weights_backbone"] = None
    made: nn.Module = import_module("torchvision.models").get_model(name, weights=None, **options)
    return made


def timm_model(name: str) -> nn.Module:
    """A model of timm's, by its name there."""
    declare_missing_operators()
    made: nn.Module = import_module("timm").create_model(name, pretrained=False)
    return made


def transformers_model(name: str) -> nn.Module:
    """A small model of transformers', by the name of its class, from a configuration of `CONFIGURATIONS`."""
    declare_missing_operators()  # transformers imports torchvision where it is installed
    transformers = import_module("transformers")
    kind, options = CONFIGURATIONS[name]
    configuration = getattr(transformers, kind)(**options)
    made: nn.Module = getattr(transformers, name)(configuration)
    return made


def fixtures_model(name: str) -> nn.Module:
    """The model of one of the projects in fixtures/."""
    module, expression = PROJECTS[name]
    folder = FIXTURES / name
    own = {path.stem for path in folder.iterdir()}
    for loaded in [each for each in sys.modules if each.split(".")[0] in own]:
        del sys.modules[loaded]  # of another project, whose files have the same names
    sys.path.insert(0, str(folder))
    try:
        made: nn.Module = eval(expression, vars(import_module(module)))
    finally:
        sys.path.remove(str(folder))
    return made


def declare_missing_operators() -> None:
    """torchvision built for another PyTorch does not import before the operators that it lacks are declared."""
    import torch

    found = find_spec("torchvision")
    if found is None or found.origin is None or hasattr(torch.ops.torchvision, "nms"):
        return
    source = (Path(found.origin).parent / "_meta_registrations.py").read_text(encoding="utf-8")
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in sorted({*re.findall(r'register_meta\("(\w+)"\)', source), *re.findall(r"torchvision::(\w+)", source)}):
        library.define(f"{name}(Tensor x) -> Tensor")  # type: ignore[no-untyped-call]
    KEPT.append(library)


KEPT: list[object] = []
"""A library of operators lasts as long as its object."""

SEGMENTATION = ("fcn_resnet50", "deeplabv3_mobilenet_v3_large", "lraspp_mobilenet_v3_large")
VIDEO = ("r3d_18", "mc3_18", "s3d")
TORCHVISION = (
    "alexnet", "vgg11", "vgg11_bn", "vgg16", "squeezenet1_0", "squeezenet1_1", "googlenet", "inception_v3", "resnet18",
    "resnet50", "resnext50_32x4d", "densenet121", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x0_5",
    "mnasnet0_5", "efficientnet_b0", "regnet_y_400mf", "regnet_x_400mf", "convnext_tiny", "vit_b_16", "swin_t",
)  # fmt: skip
TIMM = (
    "vit_tiny_patch16_224", "deit_tiny_patch16_224", "mixer_s32_224", "resmlp_12_224", "gmlp_s16_224", "convnext_atto",
    "convnextv2_atto", "tf_efficientnetv2_b0", "ghostnet_100", "mobilevit_xxs", "mobilenetv4_conv_small", "repvgg_a0",
    "res2net50_26w_4s", "resnest14d", "skresnet18", "cspdarknet53", "dla34", "hrnet_w18_small", "nf_regnet_b0",
    "ese_vovnet19b_dw", "levit_128s", "pit_ti_224", "poolformer_s12", "xcit_nano_12_p16_224", "coat_lite_tiny",
    "cait_xxs24_224", "edgenext_xx_small", "efficientformer_l1", "visformer_tiny", "fastvit_t8", "tinynet_e",
    "lcnet_050", "inception_v4", "sequencer2d_s", "rexnet_100", "swin_tiny_patch4_window7_224",
)  # fmt: skip
SMALLER = {
    **dict.fromkeys((
        "densenet121", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x0_5", "mnasnet0_5", "efficientnet_b0",
        "regnet_y_400mf", "regnet_x_400mf", "convnext_tiny", "skresnet18", "cspdarknet53", "dla34", "hrnet_w18_small",
        "nf_regnet_b0", "ese_vovnet19b_dw", "poolformer_s12", "tinynet_e", "lcnet_050", "rexnet_100", "fastvit_t8",
    ), "8,3,96,96"),
    **dict.fromkeys(SEGMENTATION, "4,3,64,64"),
    **dict.fromkeys(VIDEO, "4,3,16,64,64"),
    **dict.fromkeys(("good_vision_mlp", "bad_vision_mlp"), "16,3,32,32"),
    **dict.fromkeys(("good_speech_rnn", "bad_speech_rnn"), "8,64,40"),
    "inception_v4": "8,3,139,139",
    "s3d": "2,3,16,224,224",
}  # fmt: skip
"""Inputs of those that take any size, and would take minutes at the size that is worked out."""
IMAGES = {"text_config": SMALL, "vision_config": {**SMALL, "image_size": 32, "patch_size": 8}}
T5 = {"d_model": 64, "d_kv": 16, "d_ff": 128, "num_layers": 3, "num_heads": 4}
SEQUENCE = {"d_model": 64, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
            "decoder_attention_heads": 4, "encoder_ffn_dim": 128, "decoder_ffn_dim": 128}  # fmt: skip
CONFIGURATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "BertForSequenceClassification": ("BertConfig", SMALL),
    "BertForMaskedLM": ("BertConfig", SMALL),
    "RobertaForMaskedLM": ("RobertaConfig", SMALL),
    "GPT2LMHeadModel": ("GPT2Config", {"n_embd": 64, "n_layer": 3, "n_head": 4}),
    "LlamaForCausalLM": ("LlamaConfig", {**SMALL, "num_key_value_heads": 4, "vocab_size": 1000}),
    "MistralForCausalLM": ("MistralConfig", {**SMALL, "num_key_value_heads": 2, "vocab_size": 1000}),
    "OPTForCausalLM": ("OPTConfig", {**SMALL, "ffn_dim": 128, "word_embed_proj_dim": 64}),
    "T5ForConditionalGeneration": ("T5Config", T5),
    "ViTForImageClassification": ("ViTConfig", {**SMALL, "image_size": 32, "patch_size": 4}),
    "CLIPModel": ("CLIPConfig", IMAGES),
    "WhisperForConditionalGeneration": ("WhisperConfig", SEQUENCE),
    "MambaForCausalLM": ("MambaConfig", {"hidden_size": 64, "num_hidden_layers": 3, "vocab_size": 1000}),
    "DistilBertForSequenceClassification": ("DistilBertConfig", {"dim": 64, "n_layers": 3, "n_heads": 4, "hidden_dim": 128}),
    "AlbertForMaskedLM": ("AlbertConfig", SMALL),
    "BartForConditionalGeneration": ("BartConfig", SEQUENCE),
    "DebertaV2ForMaskedLM": ("DebertaV2Config", SMALL),
    "ElectraForPreTraining": ("ElectraConfig", {**SMALL, "embedding_size": 64}),
}  # fmt: skip
"""Class of the model -> class of its configuration, and its options."""

FIXTURES = Path(__file__).parent.parent / "fixtures" / "projects"
PROJECTS = {
    **dict.fromkeys(("good_vision_mlp", "bad_vision_mlp"), ("vision_mlp", "VisionMLP(ModelConfig())")),
    **dict.fromkeys(("good_speech_rnn", "bad_speech_rnn"), ("model", "PhoneRecogniser()")),
}
"""Project -> module to import, and what builds the model with the module's names."""

ZOO: tuple[Architecture, ...] = (
    *(Architecture("torchvision", name) for name in (*TORCHVISION, *SEGMENTATION, *VIDEO)),
    *(Architecture("timm", name) for name in TIMM),
    *(Architecture("transformers", name) for name in CONFIGURATIONS),
    *(Architecture("fixtures", name) for name in PROJECTS),
)
