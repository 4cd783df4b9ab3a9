"""The paper's experiments, one package each, and the benchmarks."""
