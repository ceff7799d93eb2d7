"""Scenes for ClickNet: one or several objects before a photo, each with its mask, and clicks as people place them."""
