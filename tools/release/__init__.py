"""What a release of the server does with its settings, found by running its own loader, against what the catalogue says of it.

Needs a checkout of Medplum, Node.js and npm. Nothing of Medplum's sources is kept.
"""
