"""Training: losses (Eq. 10-12), one loop, one stage per network."""
