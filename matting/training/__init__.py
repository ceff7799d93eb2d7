"""Training: schedules, losses (Eq. 10-12), one loop on Accelerate, one stage per network."""
