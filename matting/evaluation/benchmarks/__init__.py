"""The paper's benchmarks: data sets, protocols, guidance, and how they run."""
