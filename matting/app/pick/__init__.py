"""Step 1 of the page: the photo and what is picked in it."""
