"""What we compare with: classical matting by PyMatting, and ViTMatte."""
