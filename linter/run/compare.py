"""Compare: the findings of rules that see several documents of a deployment side by side. Imported only where there are several."""

from __future__ import annotations

from collections.abc import Iterable

from ..deployment.members import beside, deployments, side_by_side
from ..model import Document
from ..policy.engine import without_repetitions
from ..settings.kinds import COMPANIONS
from .check import Checker
from .state import Batch, Compared, Run, Subject


def compare(run: Run, subjects: list[Subject], companions: Iterable[tuple[Document, Document]]) -> Compared:
    """Compare the documents of each deployment, and each server with its ``companions``, by the rules of the server's file."""
    compared = Compared([], [], {}, {})
    checkable = [subject for subject in subjects if subject.loaded.checkable]
    if len(checkable) < 2:
        return compared
    rules_of = {subject.document: subject.rules for subject in checkable}
    found_in = {subject.document: subject.findings for subject in checkable}
    checker = Checker(run.log, several=False)
    compared.deployments.extend(deployments(rules_of))
    pairs = beside(((companion, server) for companion, server in companions if server in rules_of), compared.deployments)
    for deployment in (*compared.deployments, *pairs):
        for combined in side_by_side(deployment):
            rules = rules_of[combined.members.get("server", deployment.documents[0])]
            plan = rules.plan(combined)
            nearby = COMPANIONS & combined.members.keys()
            checks = [(rule, levels) for rule, levels in plan.checks if nearby <= rule.members]
            findings = checker.found_with(checks, combined)
            # The environment of a server can explain findings in its settings, and the settings other findings in the environment.
            own = found_in[combined.members["server"]] if nearby else []
            kept, compared_ids = without_repetitions([*own, *findings], rules.active), {*map(id, findings)}
            compared.batches.append(Batch([finding for finding in kept if id(finding) in compared_ids], rules))
            own[:] = [finding for finding in kept if id(finding) not in compared_ids]
            compared.infos.update(plan.infos)
            ran = {rule.info.id for rule, _ in plan.checks if rule.members <= combined.members.keys()}
            for member in combined.members.values():
                for document in (member, *member.texts):
                    compared.rules.setdefault(document, set()).update(ran)
    return compared
