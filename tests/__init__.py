"""Tests; a package only so that `python -m tests.bench` runs from the root of the repository."""
