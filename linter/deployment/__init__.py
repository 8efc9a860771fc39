"""Which documents configure one server, and how they are combined: by a start argument, by an environment, by an image."""
