"""Pools of foregrounds on disk: drawn ones, cutouts of photos, and where to find more."""
