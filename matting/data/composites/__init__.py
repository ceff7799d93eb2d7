"""Foregrounds before backgrounds: composites with exact alpha, coarse masks and trimaps to learn from."""
