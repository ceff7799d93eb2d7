"""Step 2 of the page: the trimap, its editor and its doctor."""
