"""Checks of the notebooks' exercises: each tells a right answer from a wrong one, and gives a hint."""
