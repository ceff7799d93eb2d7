"""A ViTMatte of a few thousand parameters, saved in the hub's format: transformers' own classes, random weights."""

from pathlib import Path

import torch
from transformers import VitDetConfig, VitMatteConfig, VitMatteForImageMatting, VitMatteImageProcessor


def save_tiny_vitmatte(folder: Path) -> Path:
    """Write network and processor into a folder and return it."""
    backbone = VitDetConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=32, pretrain_image_size=32,
        patch_size=16, num_channels=4, out_features=["stage1"], window_size=0,
    )  # fmt: skip
    config = VitMatteConfig(
        backbone_config=backbone, hidden_size=16, convstream_hidden_sizes=[4, 6, 8], fusion_hidden_sizes=[12, 8, 6, 4]
    )
    network = VitMatteForImageMatting(config)
    for parameter in network.parameters():  # so that photo and trimap both matter
        torch.nn.init.normal_(parameter, std=0.3)
    network.save_pretrained(folder)
    VitMatteImageProcessor().save_pretrained(folder)
    return folder
