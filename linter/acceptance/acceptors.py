"""The three ways to accept a finding, in order of precedence: a comment, ``[[accept]]``, a baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ..model import Acceptance, Document, Finding, Notice, Related, gathered
from ..typed import TYPE_CHECKING, Final, Protocol
from . import Checked, Listed, Reach

if TYPE_CHECKING:
    from datetime import date

    from .baseline import Baseline, KnownFindings
    from .comments import Comments


SOON: Final = 14
"""Days before the end of an acceptance from which on a notice is given."""


class Acceptor(Protocol):
    """One source of acceptances for some documents: the comments of a file, the tables of a configuration, or a baseline."""

    def acceptance(self, finding: Finding) -> Acceptance | None:
        """The acceptance that covers a finding in one of its documents, which may have expired; None if there is none."""

    def listed(self, reach: Reach) -> Iterable[Listed]:
        """Each of its acceptances that is for one of its documents, once :meth:`acceptance` has seen every finding."""

    def notices(self, reach: Reach) -> Iterable[Notice]:
        """What accepts nothing or is stale, once :meth:`acceptance` has seen every finding."""


class Acceptors:
    """Everything that accepts findings in a run, as of a day: comments first, then ``[[accept]]``, then baselines.

    ``baselines`` are keyed by the path of the configuration that names them; the one under None applies to all files.
    """

    def __init__(self, checked: Sequence[Checked], baselines: Mapping[Path | None, Baseline], today: date | None) -> None:
        self._today = today
        self._all: list[Acceptor] = []
        self._of: dict[Document, list[Acceptor]] = {}
        self._ending: dict[Acceptance, None] = {}
        """The acceptances of findings that have expired or soon will."""
        self.comments: list[Comments] = []
        self.new_baseline: KnownFindings | None = None
        """The baseline to write."""
        self.baseline_of: dict[Document, KnownFindings] = {}
        for of_file in gathered((one.document.uri, one) for one in checked if one.loaded.suppressions).values():
            from .comments import Comments  # only where there are some

            self.comments.append(Comments(of_file))
            self._add(self.comments[-1], of_file)
        for of_config in gathered((one.config.path, one) for one in checked if one.config.accept).values():
            from .configured import Acceptances  # only for a configuration that accepts something

            self._add(Acceptances(of_config, today), of_config)
        for path, baseline in baselines.items():
            from .baseline import KnownFindings  # only where there is one

            of_baseline = [one for one in checked if path in (None, one.config.baseline)]
            known = KnownFindings(baseline, of_baseline, today, is_for_all=path is None)
            self.baseline_of.update((one.document, known) for one in of_baseline)
            self.new_baseline = known if baseline.new is not None else None
            self._add(known, of_baseline)

    def _add(self, acceptor: Acceptor, checked: Iterable[Checked]) -> None:
        self._all.append(acceptor)
        for document in dict.fromkeys(one.document for one in checked):
            self._of.setdefault(document, []).append(acceptor)

    def accept(self, finding: Finding) -> Finding:
        """The finding, with what accepts it if anything does."""
        found = next(filter(None, (self._valid(one, finding) for one in self._of.get(finding.document, ()))), None)
        return finding._replace(acceptance=found)

    def by_comment(self, finding: Finding) -> Acceptance | None:
        """The comment that accepts a finding; None if there is none."""
        return next((self._valid(one, finding) for one in self._of.get(finding.document, ()) if one in self.comments), None)

    def _valid(self, acceptor: Acceptor, finding: Finding) -> Acceptance | None:
        """The acceptance of a finding, unless it has expired."""
        found = acceptor.acceptance(finding)
        if found is None:
            return None
        found, days = _shown(found), found.days_left(self._today)
        if days is not None and days <= SOON:
            self._ending[found] = None
        return None if found.is_over(self._today) else found

    def alike(self, finding: Finding) -> tuple[Related, ...]:
        """The places of baselined findings that look the same as a new one."""
        return self.baseline_of[finding.document].alike(finding) if finding.document in self.baseline_of else ()

    def listed(self, reach: Reach) -> list[Listed]:
        """Each acceptance that is for one of the documents, once all findings are known."""
        return [(_shown(found), is_used, why_not) for one in self._all for found, is_used, why_not in one.listed(reach)]

    def notices(self, reach: Reach) -> Iterator[Notice]:
        """What has expired, accepts nothing or is stale, once all findings are known. Comments are reported by a rule instead."""
        for one in self._all:
            yield from one.notices(reach)
        # The entries of a baseline may all end together, so they share a notice for each day.
        ending = ((one if one.source != "baseline" else (one.file, one.until), one) for one in self._ending)
        for first, *others in gathered(ending).values():
            over, more = first.is_over(self._today), f" and {len(others):,} more" if others else ""
            what = f"the acceptance of {first.described}{more} {'expired on' if over else 'ends with'} {first.until}"
            remedy = "fix the finding, or decide again and give a later date"
            yield Notice("expired-acceptance" if over else "expiring-acceptance", first.file, first.line, f"{what}: {remedy}")


def _shown(found: Acceptance) -> Acceptance:
    """An acceptance as reports can show it: someone may have put a secret where a name belongs."""
    if found.by is None:
        return found
    from ..redaction.credentials import without_credentials  # whose patterns take long to compile

    return found._replace(by=without_credentials(found.by, is_mail=True))
