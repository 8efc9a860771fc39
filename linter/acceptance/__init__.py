"""Which findings are accepted, and what accepts nothing."""
