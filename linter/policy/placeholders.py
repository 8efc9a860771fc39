"""Values that somebody, or something, still has to fill in: ``${PORT}``, ``{{ .Values.host }}``, ``<your domain>``, ``TODO``.

Nobody can know what they will become, so no rule judges them as values. The forms are those found in public Medplum configurations.
"""

from __future__ import annotations

import re
from typing import Any

_REFERENCE = re.compile(r"\$\{[^}]*\}|\{\{.*?\}\}|\$\([^)]*\)", re.DOTALL)
_BLANK = re.compile(r"\s*(?:<[^<>@]*>|TODO\b.*|CHANGE[-_ ]?ME|REPLACE[-_ ]?ME|FIXME\b.*)\s*", re.IGNORECASE | re.DOTALL)


def is_unresolved(value: Any) -> bool:
    """Whether a value is, or holds, a reference or a blank to fill in."""
    if type(value) is not str:
        return False
    if ("$" in value or "{" in value) and _REFERENCE.search(value):
        return True
    return value[:1] in "<TtCcRrFf \t" and _BLANK.fullmatch(value) is not None
