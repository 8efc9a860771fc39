"""What an upgrade of the server means for a configuration: what is known of each release, and what is worked out by loading it twice.

``notes.yaml`` holds what the catalogue of settings does not say; :mod:`.notes` reads it.
"""
