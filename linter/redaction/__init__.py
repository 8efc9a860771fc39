"""What may be shown of values: every output asks this package before it prints one (text, JSON, SARIF, ``show``, ``diff``, errors).

Masking is by allow-list. A value is shown only after a setting that the catalogue knows as public (:mod:`linter.settings`), and only if it
looks like a value of that setting (``values``), without the credentials in it (``credentials``).
"""
