"""MITRE's CWE weaknesses of rules, as their tags name them: ``external/cwe/cwe-312``, as CodeQL does."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..typed import Final

NAMES: Final = {
    "CWE-94": "Improper Control of Generation of Code ('Code Injection')",
    "CWE-200": "Exposure of Sensitive Information to an Unauthorized Actor",
    "CWE-269": "Improper Privilege Management",
    "CWE-295": "Improper Certificate Validation",
    "CWE-307": "Improper Restriction of Excessive Authentication Attempts",
    "CWE-312": "Cleartext Storage of Sensitive Information",
    "CWE-319": "Cleartext Transmission of Sensitive Information",
    "CWE-326": "Inadequate Encryption Strength",
    "CWE-532": "Insertion of Sensitive Information into Log File",
    "CWE-770": "Allocation of Resources Without Limits or Throttling",
    "CWE-778": "Insufficient Logging",
    "CWE-798": "Use of Hard-coded Credentials",
    "CWE-799": "Improper Control of Interaction Frequency",
    "CWE-918": "Server-Side Request Forgery (SSRF)",
    "CWE-942": "Permissive Cross-domain Security Policy with Untrusted Domains",
    "CWE-1188": "Initialization of a Resource with an Insecure Default",
    "CWE-1392": "Use of Default Credentials",
}
"""The names of the weaknesses of built-in rules; a policy may have others."""

_TAG: Final = re.compile(r"external/cwe/cwe-0*([1-9]\d{0,6})", re.ASCII | re.IGNORECASE)


def weaknesses(tags: Iterable[str]) -> list[str]:
    """The ids of the weaknesses in tags (``CWE-312``), each once, in order."""
    found = (_TAG.fullmatch(tag) for tag in tags)
    return list(dict.fromkeys(f"CWE-{match[1]}" for match in found if match is not None))


def page_of(weakness: str) -> str:
    """The address of MITRE's page about a weakness."""
    return f"https://cwe.mitre.org/data/definitions/{weakness.removeprefix('CWE-')}.html"
