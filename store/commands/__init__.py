"""Every edit there is, as a method of the catalog: one file a subject."""
