"""Training data: drawn foregrounds, pools of them on disk, and how they are put before backgrounds."""
