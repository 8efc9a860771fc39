"""Whether each value of a document conforms to the catalogue, and if not, why."""
