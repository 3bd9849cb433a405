"""What is known: records, the catalog over one TinyDB file, decisions, formats and registries. Knows no screen."""
