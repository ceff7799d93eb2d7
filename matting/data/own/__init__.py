"""One's own photos with mattes: what is wrong with a folder, and whether a test photo leaked into the training."""
