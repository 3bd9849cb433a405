"""Benchmarks with their baselines in the same run: `python -m tests.bench SUBJECT`."""
