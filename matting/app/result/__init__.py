"""Step 3 of the page: the cutout, its new background and the downloads."""
