"""Accept: which findings are accepted, which acceptances accept nothing, and what a new baseline has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from ..acceptance import UNUSED_SUPPRESSION, Checked, Reach
from ..acceptance.acceptors import Acceptors
from ..model import LEVELS, Document, Finding, Notice
from ..options.choose import RuleSet
from .load import breaks_off
from .state import Batch, NewBaseline, Run, Subject


def checked(subjects: Iterable[Subject], compared: Mapping[Document, set[str]], given: Collection[str]) -> Iterator[Checked]:
    """The checked documents, each with its rules, for acceptances."""
    for subject in subjects:
        plan = subject.rules.plan(subject.document)
        for text in subject.loaded.texts:
            file, uri = subject.file, text.document.uri
            path = file.given.path if uri == file.given.uri else Path(uri)
            rules = plan.ids, plan.together, frozenset(compared.get(text.document, ()))
            whole = uri in given and not breaks_off(text)
            yield Checked(text, file.config, path, *rules, subject.rules.known, whole, subject.document.complete)


def accept(batches: Iterable[Batch], acceptors: Acceptors) -> list[Batch]:
    """The batches with the reason for each finding that is accepted."""
    return [batch._replace(findings=list(map(acceptors.accept, batch.findings))) for batch in batches]


def unused(acceptors: Acceptors, rules_of: Mapping[Document, RuleSet], in_part: Collection[str]) -> Iterator[Batch]:
    """The suppression comments that cover nothing, once all findings are known; for a file checked ``in_part`` that is unknown."""
    every = (comment for comments in acceptors.comments for comment in comments.unused())
    for document, span, message in (comment for comment in every if comment.document.uri not in in_part):
        rules = rules_of[document]
        rule = rules.active.get(UNUSED_SUPPRESSION)
        level = rules.level(rule.info, document.target) if rule is not None else None
        if level is not None:
            yield Batch([Finding(UNUSED_SUPPRESSION, level, message, document, None, span)], rules)


def fails(batch: Batch) -> bool:
    """Whether an unaccepted finding is as severe as ``fail-on`` requires."""
    fail_on = batch.rules.overrides.fail_on or "error"
    levels = LEVELS[: LEVELS.index(fail_on) + 1] if fail_on != "never" else ()
    return any(finding.severity in levels for finding in batch.findings if finding.suppressed is None)


def note_leftovers(run: Run, acceptors: Acceptors, reach: Reach, documents: list[Document]) -> bool:
    """Record what there is to tidy up in configurations and baselines; returns whether the run fails because of it."""
    if run.log.bugs:  # a bug can hide the finding that an entry accepts
        return False
    found: list[Notice] = []
    with run.log.surviving("all files", "looking at what accepts findings"):
        found = [*acceptors.notices(reach), *run.choices.unused_patterns(reach.searched, documents)]
    run.log.notices.extend(found)
    return run.options.fail_on_stale_baseline and any(notice.kind == "stale-baseline" for notice in found)


def new_baseline(acceptors: Acceptors, reach: Reach, findings: Iterable[Finding]) -> NewBaseline | None:
    """The baseline to write; None if the options ask for none."""
    if acceptors.new_baseline is None:
        return None
    return NewBaseline(*acceptors.new_baseline.updated(reach), sum(finding.accepted_by == "baseline" for finding in findings))
