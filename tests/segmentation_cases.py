"""A tiny image-segmentation model of transformers' own classes, whose answers are certain, whatever they are."""

import torch
from transformers import SegformerConfig, SegformerForSemanticSegmentation, SegformerImageProcessor

LABELS = {0: "wall", 1: "person, individual", 2: "Hat", 3: "windowpane;window"}
NAMES = {"id2label": LABELS, "label2id": {name: number for number, name in LABELS.items()}}
SIDE = {"height": 64, "width": 64}


def semantic():
    config = SegformerConfig(
        num_encoder_blocks=2, depths=[1, 1], sr_ratios=[4, 2], hidden_sizes=[8, 12], patch_sizes=[7, 3],
        strides=[4, 2], num_attention_heads=[1, 2], mlp_ratios=[2, 2], decoder_hidden_size=8, **NAMES,
    )  # fmt: skip
    return SegformerForSemanticSegmentation(config), SegformerImageProcessor(size=SIDE)


DECISIVE = ("class_predictor.w", "class_labels_classifier.w", "decode_head.classifier.w", "queries")


def lively(model):
    """Make the answers certain, whatever they are: large weights in what decides, and "no object" never wins."""
    generator = torch.Generator().manual_seed(5)
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1:
            parameter.data = torch.randn(parameter.shape, generator=generator) * parameter[0].numel() ** -0.5
        if any(part in name for part in DECISIVE):
            parameter.data *= 30
        if name in ("class_predictor.bias", "class_labels_classifier.bias"):
            parameter.data[-1] = -1000
    return model.eval()
