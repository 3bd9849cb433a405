"""Where records come from over a wire or a repository: one file a system; nothing here knows who asks."""
