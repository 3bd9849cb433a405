"""Bytes to validated records and back; no input or output of their own."""
