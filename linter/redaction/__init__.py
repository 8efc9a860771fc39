"""What may be shown of values: the one room that every output asks before it prints one (text, JSON, SARIF, ``show``, ``diff``, errors).

Masking is by allow-list. A value is shown only behind a setting that the catalogue knows as public (:mod:`linter.settings`), and then
only if it reads like a value of that setting (``values``), without the credentials in it (``credentials``).
"""
