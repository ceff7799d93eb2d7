"""Recipes: how a matte was made, as JSON, and the same matte again, bit for bit."""
