"""Published networks that ours build on: EfficientNet-Lite0, the ResNet-34 of matting, U2Net."""
