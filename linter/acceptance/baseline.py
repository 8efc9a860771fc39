"""Baselines: the findings that were there before, so that only new ones are reported, and the file that holds them.

A finding is known again by what it is about (:attr:`linter.model.Finding.identity`), not by its line. The file has one entry a line and is
sorted, so that git merges it as any other text; it holds names, and no value of a setting.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ..config import Config, ConfigError
from ..files import STANDARD_INPUT, Unreadable, is_within, read_regular, relative_to_here
from ..model import Document, Finding, Notice, Related
from ..redaction.mask import name_in_file
from ..text import printable
from ..typed import Any, Final, NamedTuple
from . import Checked, Reach

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of a baseline at most: some 400,000 entries."""
_HEADER: Final = "# Findings that medplum-lint does not report, because they were there before (version 1). Written by --write-baseline.\n"
_NAMES: Final = ("path", "environment", "setting", "rule")
_MOST_NAMED: Final = 10
"""Entries at most that a notice names."""


class Entry(NamedTuple):
    """What an entry is about; what it does not have is empty. ``environment`` is the name of the document in its file."""

    path: str
    environment: str
    setting: str
    rule: str


class Baseline(NamedTuple):
    """A file of entries: how many findings each stands for, and its line. The paths in it are relative to the folder of the file."""

    path: Path
    counts: Mapping[Entry, int]
    lines: Mapping[Entry, int]


def read_baseline(path: Path) -> Baseline:
    """The baseline in a file. Raises :exc:`~linter.config.ConfigError`, with the line, for what is none."""
    try:
        text = read_regular(path, LARGEST).decode("utf-8-sig")
    except Unreadable as error:
        if not os.path.lexists(path):
            raise ConfigError(f"{path}: there is no such baseline; write it with --write-baseline {path}") from None
        raise ConfigError(f"{path}: the baseline cannot be read: {error}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is no baseline: it is not UTF-8") from None
    counts: dict[Entry, int] = {}
    lines: dict[Entry, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if line and not line.startswith("#"):
            entry, count = _parsed(line, f"{path}:{number}")
            # What two branches have added is there twice after a merge.
            counts[entry] = max(count, counts.get(entry, 0))
            lines.setdefault(entry, number)
    return Baseline(path, counts, lines)


def replaced_baseline(path: Path) -> Baseline | None:
    """The baseline that a new one replaces; None where there is none. Raises :exc:`~linter.config.ConfigError` for another file."""
    if not os.path.lexists(path):
        return None
    try:
        return read_baseline(path)
    except ConfigError as error:
        raise ConfigError(f"{error}; the file is not overwritten") from None


def _parsed(line: str, place: str) -> tuple[Entry, int]:
    if line.startswith(("<<<<<<<", "=======", ">>>>>>>", "|||||||")):
        raise ConfigError(f"{place}: a merge conflict is left in the baseline; keep the lines of both sides")
    try:
        data: Any = json.loads(line)
    except (ValueError, RecursionError):
        data = None
    count = data.pop("count", 1) if isinstance(data, dict) else 0
    texts = isinstance(data, dict) and {"path", "rule"} <= data.keys() <= {*_NAMES} and all(isinstance(one, str) for one in data.values())
    if not texts or not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise ConfigError(f"{place}: this is no entry of a baseline")
    return Entry(*(data.get(name, "") for name in _NAMES)), count


def baseline_text(counts: Mapping[Entry, int]) -> str:
    """The file that holds entries, each with how many findings it stands for: one a line, in their order, in ASCII."""
    return _HEADER + "".join(f"{json.dumps(_as_data(entry, counts[entry]))}\n" for entry in sorted(counts))


def _as_data(entry: Entry, count: int) -> dict[str, Any]:
    names = {name: value for name, value in entry._asdict().items() if value or name in ("path", "rule")}
    return {**names, "count": count} if count > 1 else names


_RUNNING: Final = frozenset({"service", "container", "task definition", "stage", "job"})
"""What runs a server: other variables, of a ConfigMap or an ``.env``, may be a part of what one gets."""


class _File(NamedTuple):
    """What a run has shown of a file, from all of its documents that were checked.

    ``rules`` are those that they were checked with, ``together`` those that compare them with others. ``alone`` are the environments of
    documents in which a finding does not depend on other files, ``shared`` those of all others; ``variables``: it has process variables.
    """

    rules: frozenset[str]
    together: frozenset[str]
    alone: frozenset[str]
    shared: frozenset[str]
    variables: bool
    whole: bool

    @classmethod
    def of(cls, documents: list[Checked]) -> _File:
        """The summary of a file's documents."""
        alone = frozenset(_environment(one.document) for one in documents if _is_alone(one))
        shared = frozenset(_environment(one.document) for one in documents if not _is_alone(one))
        rules = frozenset[str]().union(*(one.rules for one in documents))
        together = frozenset[str]().union(*(one.together for one in documents))
        variables = any(one.document.kind == "server/env" for one in documents)
        return cls(rules, together, alone, shared, variables, all(one.whole for one in documents))


class _Used:
    """A baseline in a run: which findings are in it, which are new, and which of its entries are stale.

    ``path`` is its file; ``old`` is None where there was none. With ``taking`` each finding is taken into it, whether it was there or not.
    """

    def __init__(self, path: Path, old: Baseline | None, *, taking: bool = False) -> None:
        self.path = path
        self.old = old
        self.taking = taking
        self._left = dict(old.counts) if old is not None else {}
        self._taken: dict[Entry, int] = {}
        self._covered: dict[Entry, list[Finding]] = {}
        self._files: dict[str, list[Checked]] = {}
        self._names: dict[Document, str] = {}
        self._compared: set[tuple[str, str, str]] = set()
        """Files, environments and the rules with which these were compared with others."""

    def take(self, checked: Checked) -> None:
        """Add a document that was checked."""
        uri = checked.document.uri
        name = self._names[checked.document] = uri if uri == STANDARD_INPUT else self._relative(checked.path)
        self._files.setdefault(name, []).append(checked)

    def compare(self, document: Document, rules: Iterable[str]) -> None:
        """Record the rules with which a document was compared with others."""
        self._compared.update((self._names[document], _environment(document), rule) for rule in rules)

    def _relative(self, path: Path) -> str:
        """A path as entries have it: the same wherever the command runs, for links of folders are followed; one of a file is not."""
        absolute = os.path.join(os.path.realpath(path.absolute().parent), path.name)
        try:
            return printable(Path(os.path.relpath(absolute, os.path.realpath(self.path.parent))).as_posix())
        except ValueError:  # on another drive
            return printable(Path(absolute).as_posix())

    def holds(self, finding: Finding) -> bool:
        """Whether a finding is in the baseline; each entry stands for as many as it says."""
        entry = self._entry(finding)
        if self.taking:
            self._taken[entry] = self._taken.get(entry, 0) + 1
            return True
        if not self._left.get(entry):
            return False
        self._left[entry] -= 1
        self._covered.setdefault(entry, []).append(finding)
        return True

    def alike(self, finding: Finding) -> list[Finding]:
        """The findings in the baseline that nothing tells from a new one: they may be what is new as well."""
        return self._covered.get(self._entry(finding), [])

    def _entry(self, finding: Finding) -> Entry:
        about = finding.identity
        return Entry(self._names[finding.document], _environment(finding.document), printable(about.setting), printable(about.rule))

    def written(self, reach: Reach) -> tuple[str, int, int]:
        """The text of the new baseline, with how many entries it has, and how many of these are old ones that this run says nothing of."""
        shows = self._shown(reach)
        kept = {one: count for one, count in self._left.items() if one not in self._taken and not shows(one)}
        return baseline_text({**kept, **self._taken}), len(kept) + len(self._taken), len(kept)

    def stale(self, reach: Reach) -> list[Entry]:
        """The entries that stand for more findings than there are, as far as the run shows that."""
        shows = self._shown(reach)
        return [one for one in sorted(self._left) if self._left[one] and shows(one)]

    def _shown(self, reach: Reach) -> Callable[[Entry], bool]:
        """What says of an entry whether the run shows if the finding is there."""
        unread = set(map(self._relative, reach.unread))
        folder = Path(os.path.realpath(self.path.parent))
        has_all = reach.searched(folder)
        files = {name: _File.of(documents) for name, documents in self._files.items()}

        def shows(entry: Entry) -> bool:
            file = files.get(entry.path)
            if entry.path in unread:
                return False
            if file is None:
                return entry.path != STANDARD_INPUT and reach.is_gone(folder / entry.path)
            if not file.whole or entry.rule not in self._files[entry.path][-1].known:
                return file.whole
            if has_all and not entry.path.startswith("../"):  # all the files are there that it may depend on
                return entry.rule in file.rules or entry.rule in file.together
            if entry.rule in file.together:
                return (entry.path, entry.environment, entry.rule) in self._compared
            # Which variables are a server's is also said by other files: what is not seen here may be seen with them.
            is_alone = entry.environment in file.alone or not file.variables
            return entry.rule in file.rules and is_alone and entry.environment not in file.shared

        return shows

    def notice(self, stale: list[Entry]) -> Notice:
        """The notice about stale entries, of which there is one at least."""
        assert self.old is not None  # where the entries come from
        count = f"{len(stale):,} entries are" if len(stale) > 1 else "1 entry is"
        named = "; ".join(f"{_described(one)} (line {self.old.lines[one]})" for one in stale[:_MOST_NAMED])
        more = f"; and {len(stale) - _MOST_NAMED:,} more" if len(stale) > _MOST_NAMED else ""
        message = f"{count} stale, because the finding is gone: {named}{more}; delete what is stale, or write the baseline anew"
        return Notice("stale-baseline", relative_to_here(self.path), self.old.lines[stale[0]], f"{message} with --write-baseline")


def _is_alone(checked: Checked) -> bool:
    """Whether what is found in a document is found in it whatever other files there are."""
    document = checked.document
    return document.kind != "server/env" or (checked.complete and any(word in _RUNNING for word, _ in document.holders))


def _environment(document: Document) -> str:
    """What tells a document from others in its file; an infra config is alone, and its environment a setting that can change."""
    return "" if document.kind == "infra/json" else name_in_file(document)


def _described(entry: Entry) -> str:
    setting = f" at {entry.setting}" if entry.setting else ""
    environment = f" ({entry.environment})" if entry.environment else ""
    return f"{entry.rule}{setting} in {entry.path}{environment}"


class Baselines:
    """The baselines of a run: one that the command line names for all files, else that of the configuration of each file.

    ``given`` is the file to read, ``new`` the one to write.
    Raises :exc:`~linter.config.ConfigError` for a file that is no baseline.
    """

    def __init__(self, given: Path | None, new: Path | None, configs: Iterable[Config]) -> None:
        self._of: dict[Path | None, _Used] = {}
        """By their paths; the one of the command line under None."""
        self._documents: dict[Document, _Used] = {}
        self._configs: dict[Document, Config] = {}
        if new is not None:
            self._of[None] = _Used(new, replaced_baseline(new), taking=True)
        elif given is not None:
            self._of[None] = _Used(given, read_baseline(given))
        for config in configs if not self._of else ():
            self._read(config)

    @property
    def paths(self) -> list[Path]:
        """The files that were read as baselines."""
        return [one.path for one in self._of.values() if not one.taking]

    def _read(self, config: Config) -> None:
        path = config.baseline
        if path is None or path in self._of:
            return
        if not config.trusted and config.path is not None and not is_within(os.path.realpath(path), os.path.realpath(config.path.parent)):
            outside = "leads outside the folder of this configuration file, which was only found: name the baseline with --baseline"
            raise ConfigError(f"{config.path}:{config.line('baseline')}: {path.name} {outside}")
        self._of[path] = _Used(path, read_baseline(path))

    def take(self, checked: Checked) -> None:
        """Add a document that was checked."""
        used = self._of.get(None) or self._of.get(checked.config.baseline)
        if used is not None:
            used.take(checked)
            self._documents[checked.document] = used
            self._configs[checked.document] = checked.config

    def compare(self, documents: Iterable[Document], rules: Iterable[str]) -> None:
        """Record the rules with which documents were compared with each other."""
        for document in documents:
            if document in self._documents:
                self._documents[document].compare(document, rules)

    def reason(self, finding: Finding) -> str | None:
        """The reason for accepting a finding that is in the baseline, which is its file."""
        used = self._documents.get(finding.document)
        return f"in the baseline {relative_to_here(used.path)}" if used is not None and used.holds(finding) else None

    def count(self, finding: Finding) -> None:
        """Count a finding that is accepted for the configuration that names its baseline."""
        if None not in self._of:
            self._configs[finding.document].use.accepted.append(finding.rule)

    def alike(self, finding: Finding) -> tuple[Related, ...]:
        """The places of findings in the baseline that cannot be told from a new one: a value is not in a baseline."""
        used = self._documents.get(finding.document)
        alike = used.alike(finding) if used is not None else []
        count = f"{len(alike):,} findings" if len(alike) > 1 else "1 finding"
        message = f"this may be the new one instead: the baseline counts {count} like it, without saying which"
        return tuple(Related(one.document, one.path or (), one.span, message) for one in alike[-_MOST_NAMED:])

    def notices(self, reach: Reach) -> list[Notice]:
        """The notices about stale entries, once :meth:`reason` has seen every finding; none where a baseline is written."""
        used = [(one, one.stale(reach)) for one in self._of.values() if not one.taking]
        return [one.notice(stale) for one, stale in used if stale]

    def written(self, reach: Reach) -> tuple[str, int, int] | None:
        """The new baseline where one is to be written: its text, how many entries it has, and how many the run says nothing of."""
        new = self._of.get(None)
        return new.written(reach) if new is not None and new.taking else None
