"""Whether the examples of a rule say enough about what it finds: by which case, how severe it is, and whether its fix is safe."""

from __future__ import annotations

from collections.abc import Mapping

from ..model import Finding, Target, dotted
from ..typed import Any, Final
from .errors import RuleError, did_you_mean
from .example import FIXES, Expected
from .rule import Rule
from .severity import PEDANTIC, STOPS, severities, stops_server

_SAMPLE: Final[Mapping[str, Any]] = {"case": 1, "severity": "error", "fix": "safe"}
"""What an example could say of a finding."""


def observed(finding: Finding, rule: Rule, target: Target | None) -> Expected:
    """A finding in full, as an example can describe it, except for its name."""
    severity: str = finding.severity
    if severity == "error" and finding.says.stops:
        severity = STOPS
    elif severity == "note" and target in rule.cases[finding.case].info.pedantic:
        severity = PEDANTIC
    fix = "unfixed" if finding.fix is None else "safe" if finding.fix.safe else "unsafe"
    return Expected(dotted(finding.path or ()), finding.case + 1, severity, finding.part, fix)


def check_proof(rule: Rule) -> None:
    """Raise :class:`RuleError`, with its place, for an example that leaves open what rules like this one can get wrong.

    Where a rule has several cases, an example says which one finds something; where these differ in severity, how severe it is; and where
    there is a fix, whether it is safe. Each case has an example.
    """
    words = {tuple(severities(case.data).values()) + (stops_server(case.data),) for case in rule.cases}
    asked = {
        "case": f"which of the {len(rule.cases)} cases finds it" if len(rule.cases) > 1 else "",
        "severity": "its severity, for the cases differ in it" if len(words) > 1 else "",
        "fix": f"whether its fix is safe: {', '.join(FIXES)}" if any(rule.fixes) else "",
    }
    found: set[int | None] = set()
    causes = [cause for cause, _ in rule.causes]
    for example in rule.examples:
        for index, cause in enumerate(example.yields_to):
            if cause not in causes:
                raise RuleError(f'the rule does not yield to "{cause}"{did_you_mean(cause, causes)}', (*example.place, "yields_to", index))
        for expected in example.expected:
            place = (*example.place, "finds", expected.name)
            lacking = {field: says for field, says in asked.items() if says and getattr(expected, field) is None}
            if lacking:
                sample = expected._replace(**{field: _SAMPLE[field] for field in lacking}).text
                raise RuleError(f"finds must say of {expected.name} {', and '.join(lacking.values())}, such as {{{sample}}}", place)
            if expected.case is not None and not 1 <= expected.case <= len(rule.cases):
                raise RuleError(f"the rule has {len(rule.cases)} cases, and no case {expected.case}", place)
            found.add(expected.case)
    for number in range(len(rule.cases)):
        if len(rule.cases) > 1 and number + 1 not in found:
            raise RuleError(f"no bad example shows what case {number + 1} finds", ("cases", number))
