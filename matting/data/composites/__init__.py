"""Foregrounds on backgrounds: composites with exact alpha, and coarse masks and trimaps to learn from."""
