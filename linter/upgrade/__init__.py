"""What an upgrade of the server means for a configuration: known facts about each release, and the results of loading it twice.

``notes.yaml`` has the facts that the catalogue of settings does not have; :mod:`.notes` reads it.
"""
