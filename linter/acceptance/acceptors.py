"""The three ways to accept a finding, in order of precedence: a comment, ``[[accept]]``, a baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ..model import AcceptedBy, Document, Finding, Notice, Related, gathered
from ..typed import TYPE_CHECKING, Protocol
from . import Checked, Reach

if TYPE_CHECKING:
    from datetime import date

    from .baseline import Baseline, KnownFindings
    from .comments import Comments


class Acceptor(Protocol):
    """One source of acceptances for some documents: the comments of a file, the tables of a configuration, or a baseline."""

    def reason(self, finding: Finding) -> str | None:
        """Why a finding in one of its documents is accepted; None if it is not."""

    def notices(self, reach: Reach) -> Iterable[Notice]:
        """What has expired, accepts nothing or is stale, once :meth:`reason` has seen every finding."""


class Acceptors:
    """Everything that accepts findings in a run, as of a day: comments first, then ``[[accept]]``, then baselines.

    ``baselines`` are keyed by the path of the configuration that names them; the one under None applies to all files.
    """

    def __init__(self, checked: Sequence[Checked], baselines: Mapping[Path | None, Baseline], today: date | None) -> None:
        self._all: list[Acceptor] = []
        self._of: dict[Document, list[tuple[AcceptedBy, Acceptor]]] = {}
        self.comments: list[Comments] = []
        self.written: KnownFindings | None = None
        """The baseline that is written."""
        self._known: dict[Document, KnownFindings] = {}
        for of_file in gathered((one.document.uri, one) for one in checked if one.loaded.suppressions).values():
            from .comments import Comments  # only where there are some

            self.comments.append(Comments(of_file))
            self._add("comment", self.comments[-1], of_file)
        for of_config in gathered((one.config.path, one) for one in checked if one.config.accept).values():
            from .configured import Acceptances  # only for a configuration that accepts something

            self._add("configuration", Acceptances(of_config, today), of_config)
        for path, baseline in baselines.items():
            from .baseline import KnownFindings  # only where there is one

            of_baseline = [one for one in checked if path in (None, one.config.baseline)]
            known = KnownFindings(baseline, of_baseline, is_for_all=path is None)
            self._known.update((one.document, known) for one in of_baseline)
            self.written = known if baseline.is_written else None
            self._add("baseline", known, of_baseline)

    def _add(self, by: AcceptedBy, acceptor: Acceptor, checked: Iterable[Checked]) -> None:
        self._all.append(acceptor)
        for document in dict.fromkeys(one.document for one in checked):
            self._of.setdefault(document, []).append((by, acceptor))

    def accept(self, finding: Finding) -> Finding:
        """The finding, marked as accepted if it is."""
        for by, one in self._of.get(finding.document, ()):
            reason = one.reason(finding)
            if reason is not None:
                return finding._replace(suppressed=reason, accepted_by=by)
        return finding

    def by_comment(self, finding: Finding) -> str | None:
        """The reason of the comment that accepts a finding; None if there is none."""
        return next((one.reason(finding) for by, one in self._of.get(finding.document, ()) if by == "comment"), None)

    def alike(self, finding: Finding) -> tuple[Related, ...]:
        """The places of baselined findings that look the same as a new one."""
        return self._known[finding.document].alike(finding) if finding.document in self._known else ()

    def count(self, finding: Finding) -> None:
        """Count a finding in a baseline for the configuration that names it."""
        self._known[finding.document].count(finding)

    def notices(self, reach: Reach) -> Iterator[Notice]:
        """What has expired, accepts nothing or is stale, once all findings are known. Comments are reported by a rule instead."""
        for one in self._all:
            yield from one.notices(reach)
