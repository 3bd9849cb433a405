"""The tabs of the version detail: each one builds a page from the catalog; the screen shows it."""
