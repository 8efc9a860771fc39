"""Shared by all sources: from names and texts to documents, and from settings back to their places."""
