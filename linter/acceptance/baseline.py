"""Baselines: existing findings that are not reported, so that only new ones are, and the file that lists them.

A finding is recognised by its :attr:`linter.model.Finding.identity`, not by its line. The file has one entry per line and is sorted, so
that git merges it like any other text. It contains names, and no values of settings.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

from ..files import Unreadable, is_name, is_within, read_regular, relative_to_here
from ..model import Acceptance, Document, Finding, Notice, Related, gathered
from ..options.config import Config, ConfigError
from ..redaction.mask import name_in_file
from ..text import count, day_of, printable
from ..typed import Any, Final, NamedTuple
from . import Checked, Listed, Reach

LARGEST: Final = 64 * 1024 * 1024
"""The maximum size of a baseline in bytes: some 400,000 entries."""
_HEADER: Final = "# Findings that medplum-lint does not report, because they were there before (version 1). Written by --write-baseline.\n"
_NAMES: Final = ("path", "environment", "setting", "rule")
_TERMS: Final = ("by", "until", "since")
Terms = Mapping[str, Any]
"""Who accepts an entry, until when and since when, as far as that is given; see :class:`linter.model.Acceptance`."""
_MOST_NAMED: Final = 10
"""The maximum number of entries that a notice names."""


class Entry(NamedTuple):
    """What an entry identifies; fields that do not apply are empty. ``environment`` is the name of the document in its file."""

    path: str
    environment: str
    setting: str
    rule: str


class Known(NamedTuple):
    """How many findings an entry stands for, its line, and its terms."""

    findings: int
    line: int
    terms: Terms


class Baseline(NamedTuple):
    """A file of entries. Its paths are relative to the folder of the file.

    ``new`` are the terms of new entries if this run rewrites the file, which may not exist yet; else None.
    """

    path: Path
    entries: Mapping[Entry, Known]
    new: Terms | None = None


def read_baselines(configs: Iterable[Config], given: Path | None, new: Path | None, terms: Terms) -> dict[Path | None, Baseline]:
    """The baseline named on the command line, to be read or written, under None; else those of configurations by their paths.

    ``terms`` are for the new entries of one to be written.

    Raises :exc:`~linter.options.config.ConfigError` for a file that is not a baseline.
    """
    if new is not None:
        return {None: _replaced(new)._replace(new={name: one for name, one in terms.items() if one is not None})}
    if given is not None:
        return {None: read_baseline(given)}
    found: dict[Path | None, Baseline] = {}
    for config in configs:
        path = config.baseline
        if path is None or path in found:
            continue
        if not config.trusted and config.path is not None and not is_within(os.path.realpath(path), os.path.realpath(config.path.parent)):
            outside = "leads outside the folder of this configuration file, which was only found: name the baseline with --baseline"
            raise ConfigError(f"{config.path}:{config.line('baseline')}: {path.name} {outside}")
        found[path] = read_baseline(path)
    return found


def read_baseline(path: Path) -> Baseline:
    """Read a baseline. Raises :exc:`~linter.options.config.ConfigError`, with the line, for a file that is not one."""
    try:
        text = read_regular(path, LARGEST).decode("utf-8-sig")
    except Unreadable as error:
        if not os.path.lexists(path):
            raise ConfigError(f"{path}: there is no such baseline; write it with --write-baseline {path}") from None
        raise ConfigError(f"{path}: the baseline cannot be read: {error}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not a baseline: it is not UTF-8") from None
    entries: dict[Entry, Known] = {}
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if line and not line.startswith("#"):
            entry, count, terms = _parsed(line, f"{path}:{number}")
            first = entries.get(entry, Known(count, number, terms))
            # After a merge, an entry that both branches added is there twice.
            entries[entry] = first._replace(findings=max(count, first.findings))
    return Baseline(path, entries)


def _replaced(path: Path) -> Baseline:
    """The baseline to be replaced. Raises :exc:`~linter.options.config.ConfigError` for another kind of file."""
    if not os.path.lexists(path):
        return Baseline(path, {})
    try:
        return read_baseline(path)
    except ConfigError as error:
        raise ConfigError(f"{error}; the file is not overwritten") from None


def _parsed(line: str, place: str) -> tuple[Entry, int, Terms]:
    if line.startswith(("<<<<<<<", "=======", ">>>>>>>", "|||||||")):
        raise ConfigError(f"{place}: a merge conflict is left in the baseline; keep the lines of both sides")
    try:
        data: Any = json.loads(line)
    except (ValueError, RecursionError):
        data = None
    count = data.pop("count", 1) if isinstance(data, dict) else 0
    names = {*_NAMES, *_TERMS}
    texts = isinstance(data, dict) and {"path", "rule"} <= data.keys() <= names and all(isinstance(one, str) for one in data.values())
    if not texts or not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise ConfigError(f"{place}: this is not an entry of a baseline")
    terms = {name: data[name] if name == "by" else day_of(data[name]) for name in _TERMS if name in data}
    if not all(terms.values()):
        raise ConfigError(f'{place}: "until" and "since" must be dates such as 2026-01-31, and "by" a name')
    return Entry(*(data.get(name, "") for name in _NAMES)), count, terms


def baseline_text(counts: Mapping[Entry, int], terms: Callable[[Entry], Terms] = lambda _entry: {}) -> str:
    """The content of a baseline with these entries, their counts and their terms: one per line, sorted, in ASCII."""
    rows = ({**entry._asdict(), "count": counts[entry] if counts[entry] > 1 else "", **terms(entry)} for entry in sorted(counts))
    kept = ({name: one for name, one in row.items() if one or name in ("path", "rule")} for row in rows)
    return _HEADER + "".join(f"{json.dumps(row, default=str)}\n" for row in kept)


_RUNNING: Final = frozenset({"service", "container", "task definition", "stage", "job"})
"""Holders that run a server: it may also get variables of a ConfigMap or an ``.env``."""


class KnownFindings:
    """A baseline in a run: which findings it contains, which are new, and which of its entries are stale.

    A baseline that is being written accepts every finding, old or new.
    """

    def __init__(self, baseline: Baseline, documents: Iterable[Checked], today: date | None, *, is_for_all: bool) -> None:
        self._baseline = baseline
        self._file = relative_to_here(baseline.path)
        self._today = today
        self._is_for_all = is_for_all
        self._left = {entry: known.findings for entry, known in baseline.entries.items()}
        self._taken: dict[Entry, int] = {}
        self._covered: dict[Entry, list[Finding]] = {}
        self._files: dict[str, list[Checked]] = {}
        self._names: dict[Document, str] = {}
        self._configs: dict[Document, Config] = {}
        for checked in documents:
            uri = checked.document.uri
            name = self._names[checked.document] = printable(uri) if is_name(uri) else self._relative(checked.path)
            self._files.setdefault(name, []).append(checked)
            self._configs[checked.document] = checked.config

    def _relative(self, path: Path) -> str:
        """A path as entries have it: the same wherever the command runs. Links to folders are resolved, a link to the file is not."""
        absolute = os.path.join(os.path.realpath(path.absolute().parent), path.name)
        try:
            return printable(Path(os.path.relpath(absolute, os.path.realpath(self._baseline.path.parent))).as_posix())
        except ValueError:  # on another drive
            return printable(Path(absolute).as_posix())

    def acceptance(self, finding: Finding) -> Acceptance | None:
        """The entry for a finding; the reason names the file. Each entry accepts as many as its count."""
        entry = self._entry(finding)
        if self._baseline.new is not None:
            self._taken[entry] = self._taken.get(entry, 0) + 1
            return self._acceptance(entry)
        if not self._left.get(entry):
            return None
        self._left[entry] -= 1
        found = self._acceptance(entry)
        if not found.is_over(self._today):
            self._covered.setdefault(entry, []).append(finding)
        return found

    def _acceptance(self, entry: Entry) -> Acceptance:
        names = (entry.path, entry.setting, entry.environment or None)
        line = self._baseline.entries[entry].line if self._baseline.new is None else None
        terms = self._terms(entry)
        return Acceptance(entry.rule, f"in the baseline {self._file}", *names, line=line, file=self._file, source="baseline", **terms)

    def _terms(self, entry: Entry) -> Terms:
        """The terms of an entry. If the baseline is rewritten, one that is new or has expired gets new terms."""
        known = self._baseline.entries.get(entry)
        if known is None or (entry in self._taken and Acceptance("", "", **known.terms).is_over(self._today)):
            return self._baseline.new or {}
        return known.terms

    def count(self, finding: Finding) -> None:
        """Count a finding that is accepted for the configuration that names the baseline."""
        if not self._is_for_all:
            self._configs[finding.document].use.accepted.append(finding.rule)

    def alike(self, finding: Finding) -> tuple[Related, ...]:
        """The places of findings in the baseline that look the same as a new one, because a baseline holds no values."""
        alike = self._covered.get(self._entry(finding), [])
        message = f"this may be the new one instead: the baseline counts {count(len(alike), 'finding')} like it, without saying which"
        return tuple(Related(one.document, one.path or (), one.span, message) for one in alike[-_MOST_NAMED:])

    def _entry(self, finding: Finding) -> Entry:
        about = finding.identity
        return Entry(self._names[finding.document], _environment(finding.document), printable(about.setting), printable(about.rule))

    def updated(self, reach: Reach) -> tuple[str, int, int]:
        """The text of the new baseline, the number of its entries, and how many of these are old ones that this run did not check."""
        shows = self._shown(reach)
        kept = {one: count for one, count in self._left.items() if one not in self._taken and not shows(one)}
        return baseline_text({**kept, **self._taken}, self._terms), len(kept) + len(self._taken), len(kept)

    def listed(self, reach: Reach) -> Iterator[Listed]:
        """See :class:`~linter.acceptance.acceptors.Acceptor`; entries for files that are gone are among them."""
        shows = self._shown(reach)
        for entry, known in self._baseline.entries.items():
            is_used = self._left[entry] < known.findings
            why_not = "the finding is gone" if not is_used and shows(entry) else None
            if why_not or entry.path in self._files:
                yield self._acceptance(entry), is_used, why_not

    def notices(self, reach: Reach) -> Iterator[Notice]:
        """A notice about entries that stand for more findings than there are, as far as the run can tell."""
        known, shows = self._baseline.entries, self._shown(reach)
        stale = [one for one in sorted(self._left) if self._left[one] and shows(one)]
        if stale and self._baseline.new is None:
            named = "; ".join(f"{_described(one)} (line {known[one].line})" for one in stale[:_MOST_NAMED])
            more = f"; and {len(stale) - _MOST_NAMED:,} more" if len(stale) > _MOST_NAMED else ""
            what = f"{count(len(stale), 'entry is', 'entries are')} stale, because the finding is gone: {named}{more}"
            remedy = "delete stale entries, or write the baseline again with --write-baseline"
            yield Notice("stale-baseline", self._file, known[stale[0]].line, f"{what}; {remedy}")

    def _shown(self, reach: Reach) -> Callable[[Entry], bool]:
        """A function that says whether the run shows if the finding of an entry still exists."""
        unread = set(map(self._relative, reach.unread))
        folder = Path(os.path.realpath(self._baseline.path.parent))
        has_all = reach.searched(folder)
        files = {name: _shown_of_file(of, has_all=has_all and not name.startswith("../")) for name, of in self._files.items()}

        def shows(entry: Entry) -> bool:
            if entry.path in unread:
                return False
            if entry.path in files:
                return files[entry.path](entry)
            return not is_name(entry.path) and reach.is_gone(folder / entry.path)

        return shows


def _shown_of_file(documents: list[Checked], *, has_all: bool) -> Callable[[Entry], bool]:
    """The same for entries of one file, of which these documents were checked. ``has_all``: everything they depend on was checked too."""
    whole, known = all(checked.whole for checked in documents), documents[-1].known
    rules = frozenset[str]().union(*(checked.rules for checked in documents))
    together = frozenset[str]().union(*(checked.together for checked in documents))
    compared = {(_environment(checked.document), rule) for checked in documents for rule in checked.compared}
    has_variables = any(checked.document.kind == "server/env" for checked in documents)
    by_name = gathered((_environment(checked.document), checked) for checked in documents)
    alone = {name: all(map(_is_alone, some)) for name, some in by_name.items()}

    def shows(entry: Entry) -> bool:
        if not whole or entry.rule not in known:
            return whole
        if has_all:
            return entry.rule in rules or entry.rule in together
        if entry.rule in together:
            return (entry.environment, entry.rule) in compared
        # Other files decide too which variables belong to a server, so a finding may be missing here only because they are.
        return entry.rule in rules and alone.get(entry.environment, not has_variables)

    return shows


def _is_alone(checked: Checked) -> bool:
    """Whether the findings in a document do not depend on other files."""
    document = checked.document
    return document.kind != "server/env" or (checked.complete and any(word in _RUNNING for word, _ in document.holders))


def _environment(document: Document) -> str:
    """What tells a document from others in its file. An infra config is the only one in its file, and its environment can change."""
    return "" if document.kind == "infra/json" else name_in_file(document)


def _described(entry: Entry) -> str:
    setting = f" at {entry.setting}" if entry.setting else ""
    environment = f" ({entry.environment})" if entry.environment else ""
    return f"{entry.rule}{setting} in {entry.path}{environment}"
