"""What the page's listeners call: the networks, other methods, a GPU that is lent, and stops."""
