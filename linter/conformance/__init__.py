"""What the catalogue says of each value of a document: whether it conforms, and if not, why."""
