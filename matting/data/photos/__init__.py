"""Photographs to learn from as they are, with mattes or without."""
