"""How good a matte is: metrics, methods, benchmarks, the paper's tables, and tables of results."""
