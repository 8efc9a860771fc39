"""Values that somebody, or something, still has to fill in: ``${PORT}``, ``{{ .Values.host }}``, ``<your domain>``, ``TODO``.

Nobody can know what they will become, so no rule judges them as values. The forms are those found in public Medplum configurations.
"""

from __future__ import annotations

import re
from typing import Any

_REFERENCE = re.compile(r"\$\{[^}]*\}|\{\{.*?\}\}|\$\([^)]*\)", re.DOTALL)
_BLANK = re.compile(r"<[^<>@]*[A-Za-z][^<>@]*>|\A\s*(?:TODO\b.*|FIXME\b.*|CHANGE[-_ ]?ME|REPLACE[-_ ]?ME)\s*\Z", re.IGNORECASE | re.DOTALL)


def is_reference(value: Any) -> bool:
    """Whether a text holds something that a program replaces: ``${NAME}``, ``{{ name }}``, ``$(name)``."""
    return type(value) is str and ("$" in value or "{" in value) and _REFERENCE.search(value) is not None


def is_blank(value: Any) -> bool:
    """Whether a text holds something that a person has to replace: ``<your domain>``, ``TODO``, ``CHANGEME``."""
    return type(value) is str and ("<" in value or value[:1] in "TtCcRrFf \t") and _BLANK.search(value) is not None


def is_unresolved(value: Any) -> bool:
    """Whether a value is, or holds, a reference or a blank to fill in."""
    return is_reference(value) or is_blank(value)
