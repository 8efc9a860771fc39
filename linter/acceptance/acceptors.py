"""The three ways to accept a finding, in the order in which they count: a comment, ``[[accept]]``, a baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ..config import Config
from ..model import ACCEPTED_BY, Finding, Notice
from ..typed import TYPE_CHECKING, NamedTuple
from . import Checked, Reach

if TYPE_CHECKING:
    from datetime import date

    from ..documents.source import Loaded
    from .baseline import Baselines
    from .comments import Suppressions
    from .configured import Acceptances


class Acceptors(NamedTuple):
    """What accepts findings in a run; each is called as :attr:`linter.model.Finding.accepted_by` calls it."""

    comment: Suppressions | None = None
    configuration: Acceptances | None = None
    baseline: Baselines | None = None

    @classmethod
    def of(cls, configs: Iterable[Config], today: date | None, given: Path | None, new: Path | None) -> Acceptors:
        """The acceptors of a run with some configurations, as of a day; ``given`` and ``new`` are the baselines to read and to write.

        Raises :exc:`~linter.config.ConfigError` for a baseline.
        """
        configuration, baseline = None, None
        if any(config.accept for config in configs):
            from datetime import date

            from .configured import Acceptances  # only for a configuration that accepts something

            configuration = Acceptances(today or date.today())
        if given or new or any(config.baseline for config in configs):
            from .baseline import Baselines  # only where there is one

            baseline = Baselines(given, new, configs)
        return cls(None, configuration, baseline)

    def with_comments(self, documents: Iterable[Loaded]) -> Acceptors:
        """These, and the suppression comments of documents where they have any."""
        if not any(one.suppressions for one in documents):
            return self
        from .comments import Suppressions  # only where there are some

        return self._replace(comment=Suppressions())

    def take(self, checked: Checked) -> None:
        """Add a document that was checked."""
        for one in self:
            if one is not None:
                one.take(checked)

    def accept(self, finding: Finding) -> Finding:
        """A finding, accepted if it is."""
        for by, one in zip(ACCEPTED_BY, self, strict=True):
            reason = one.reason(finding) if one is not None else None
            if reason is not None:
                return finding._replace(suppressed=reason, accepted_by=by)
        return finding

    def notices(self, reach: Reach) -> Iterator[Notice]:
        """What has expired, accepts nothing or is stale, once all findings are known; comments are reported by a rule instead."""
        yield from self.configuration.notices(reach) if self.configuration is not None else ()
        yield from self.baseline.notices(reach) if self.baseline is not None else ()
