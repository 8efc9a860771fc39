"""Texts with places: JSON and YAML read so that every value is found again. Knows nothing of Medplum."""
