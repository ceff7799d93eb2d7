"""How good a matte is: metrics, benchmarks (one protocol per file), baselines, and tables of the results."""
