"""Example photos that open with everything done."""
