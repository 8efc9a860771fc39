"""Texts with places: JSON and YAML parsed so that every value can be located. Knows nothing of Medplum."""
