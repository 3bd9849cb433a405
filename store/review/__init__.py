"""Decisions: pure functions of records and `today` (rules and sources: docs/decisions.md)."""
