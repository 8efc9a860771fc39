"""Baselines: the findings that were there before, so that only new ones are reported, and the file that holds them.

A finding is known again by what it is about (:attr:`linter.model.Finding.identity`), not by its line. The file has one entry a line and is
sorted, so that git merges it as any other text; it holds names, and no value of a setting.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from .choose import Checked, relative_to_here
from .config import Config, ConfigError
from .files import Unreadable, read_regular
from .load import STANDARD_INPUT
from .model import Document, Finding, Notice, Related
from .redaction.mask import name_in_file
from .text import printable
from .typed import Any, Final, NamedTuple

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


class Reach(NamedTuple):
    """How far a run went: the files that it could not read, and whether a file is gone and a folder was searched."""

    unread: Iterable[Path]
    is_gone: Callable[[Path], bool]
    has_searched: Callable[[Path], bool]


class _File:
    """What a run has shown of a file: the rules that it was checked with, and those with which it is held against others.

    ``compared`` are the latter where the others were there, each with the environment. ``sure`` are the environments of which nothing can
    stand in files that were not there, and ``apart`` all others; ``variables``: it has such ones.
    """

    def __init__(self) -> None:
        self.checked: set[str] = set()
        self.together: set[str] = set()
        self.compared: set[tuple[str, str]] = set()
        self.sure: set[str] = set()
        self.apart: set[str] = set()
        self.variables = False
        self.known: frozenset[str] = frozenset()
        self.whole = True


class Known:
    """A baseline in a run: which findings are in it, which are new, and which of its entries are stale.

    ``path`` is its file; with ``old`` None there was none. With ``taking`` each finding is taken into it, whether it was there or not.
    """

    def __init__(self, path: Path, old: Baseline | None, *, taking: bool = False) -> None:
        self.path = path
        self._folder = os.path.realpath(path.parent)
        self._old = old
        self._left = dict(old.counts) if old is not None else {}
        self._taking = taking
        self._taken: dict[Entry, int] = {}
        self._held: dict[Entry, list[Finding]] = {}
        self._files: dict[str, _File] = {}
        self._names: dict[Document, str] = {}

    def take(self, checked: Checked) -> None:
        """Note a document that was checked."""
        document = checked.document
        name = self._names[document] = document.uri if document.uri == STANDARD_INPUT else self._relative(checked.path)
        file = self._files.setdefault(name, _File())
        file.checked |= checked.rules
        file.together |= checked.together
        file.known = checked.known
        file.whole &= checked.whole
        (file.sure if _is_by_itself(checked) else file.apart).add(_environment(document))
        file.variables |= document.kind == "server/env"

    def compare(self, document: Document, rules: Iterable[str]) -> None:
        """Note with which rules a document was held against others."""
        if document in self._names:
            environment = _environment(document)
            self._files[self._names[document]].compared.update((environment, rule) for rule in rules)

    def _relative(self, path: Path) -> str:
        """A path as entries have it: the same wherever the command runs, for links of folders are followed; one of a file is not."""
        absolute = os.path.join(os.path.realpath(path.absolute().parent), path.name)
        try:
            return printable(Path(os.path.relpath(absolute, self._folder)).as_posix())
        except ValueError:  # on another drive
            return printable(Path(absolute).as_posix())

    def holds(self, finding: Finding) -> bool:
        """Whether a finding is known; each entry stands for as many as it says."""
        entry = self._entry(finding)
        if entry is None:
            return False
        if self._taking:
            self._taken[entry] = self._taken.get(entry, 0) + 1
            return True
        if not self._left.get(entry):
            return False
        self._left[entry] -= 1
        self._held.setdefault(entry, []).append(finding)
        return True

    def alike(self, finding: Finding) -> list[Finding]:
        """The findings that are held and that nothing tells from a new one: they may be what is new as well."""
        entry = self._entry(finding)
        return self._held.get(entry, []) if entry is not None else []

    def _entry(self, finding: Finding) -> Entry | None:
        name = self._names.get(finding.document)
        if name is None:
            return None
        rule, _, _, setting = finding.identity
        return Entry(name, _environment(finding.document), printable(setting), printable(rule))

    def written(self, reach: Reach) -> tuple[str, int, int]:
        """The text of the new baseline, with how many entries it has, and how many of these are old ones that this run says nothing of."""
        shows = self._shown(reach)
        kept = {one: count for one, count in self._left.items() if one not in self._taken and not shows(one)}
        return baseline_text({**kept, **self._taken}), len(kept) + len(self._taken), len(kept)

    def stale(self, reach: Reach) -> Iterator[Entry]:
        """The entries that stand for more findings than there are, as far as the run shows that."""
        shows = self._shown(reach)
        return (one for one in sorted(self._left) if self._left[one] and shows(one))

    def _shown(self, reach: Reach) -> Callable[[Entry], bool]:
        """What says of an entry whether the run shows if the finding is there."""
        unread = set(map(self._relative, reach.unread))
        has_all = reach.has_searched(Path(self._folder))

        def shows(entry: Entry) -> bool:
            file = self._files.get(entry.path)
            if entry.path in unread:
                return False
            if file is None:
                return entry.path != STANDARD_INPUT and reach.is_gone(Path(self._folder, entry.path))
            return file.whole and _is_known(entry, file, beside=has_all and not entry.path.startswith("../"))

        return shows

    def notice(self, stale: list[Entry]) -> Notice:
        """What is to be said of stale entries, of which there is one at least."""
        assert self._old is not None  # where the entries come from
        count = f"{len(stale):,} entries are" if len(stale) > 1 else "1 entry is"
        named = "; ".join(f"{_described(one)} (line {self._old.lines[one]})" for one in stale[:_MOST_NAMED])
        more = f"; and {len(stale) - _MOST_NAMED:,} more" if len(stale) > _MOST_NAMED else ""
        message = f"{count} stale, because the finding is gone: {named}{more}; delete what is stale, or write the baseline anew"
        return Notice("stale-baseline", relative_to_here(self.path), self._old.lines[stale[0]], f"{message} with --write-baseline")


def _is_known(entry: Entry, file: _File, *, beside: bool) -> bool:
    """Whether a run shows if a finding of a file is there; ``beside``: it has all the files that it may depend on."""
    if entry.rule not in file.known:
        return True
    if beside:
        return entry.rule in file.checked or entry.rule in file.together
    if entry.rule in file.together:
        return (entry.environment, entry.rule) in file.compared
    # Which variables are a server's is also said by other files: what is not seen here may be seen with them.
    is_sure = entry.environment in file.sure if file.variables else True
    return entry.rule in file.checked and is_sure and entry.environment not in file.apart


_RUNNING: Final = frozenset({"service", "container", "task definition", "stage", "job"})
"""What runs a server: other variables, of a ConfigMap or an ``.env``, may be a part of what one gets."""


def _is_by_itself(checked: Checked) -> bool:
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

    ``count`` is called with each configuration whose baseline holds a finding.
    """

    def __init__(self, named: Known | None, count: Callable[[Config, str], object]) -> None:
        self._named = named
        self._count = count
        self._of: dict[Path, Known] = {}
        self._documents: dict[Document, tuple[Known, Config | None]] = {}

    @property
    def all(self) -> list[Known]:
        """The baselines that are used."""
        return [*([self._named] if self._named is not None else []), *self._of.values()]

    def read(self, config: Config) -> Path | None:
        """Read the baseline of a configuration, if it has one that counts; the file. Raises :exc:`~linter.config.ConfigError`."""
        path = config.baseline
        if self._named is not None or path is None:
            return None
        if path not in self._of:
            if not config.trusted and config.path is not None and not _stays(path, config.path.parent):
                outside = "leads outside the folder of this configuration file, which was only found: name the baseline with --baseline"
                raise ConfigError(f"{config.path}:{config.baseline_line}: {path.name} {outside}")
            self._of[path] = Known(path, read_baseline(path))
        return path

    def take(self, config: Config, checked: Checked) -> None:
        """Note a document that was checked, and the configuration that counts for it."""
        known = self._named if self._named is not None else self._of.get(config.baseline) if config.baseline is not None else None
        if known is not None:
            known.take(checked)
            self._documents[checked.document] = known, config if self._named is None else None

    def compare(self, documents: Iterable[Document], rules: frozenset[str]) -> None:
        """Note with which rules documents were held against each other."""
        for document in documents:
            if document in self._documents:
                self._documents[document][0].compare(document, rules)

    def apply(self, finding: Finding) -> Finding:
        """The finding, accepted where it is known."""
        known, _ = self._documents.get(finding.document, (None, None))
        if known is None or not known.holds(finding):
            return finding
        return finding._replace(suppressed=f"in the baseline {relative_to_here(known.path)}", accepted_by="baseline")

    def count(self, finding: Finding) -> None:
        """Count a finding that is accepted for the configuration that names its baseline."""
        _, config = self._documents.get(finding.document, (None, None))
        if config is not None:
            self._count(config, finding.rule)

    def with_doubt(self, finding: Finding) -> Finding:
        """A new finding with the places of those that are known and cannot be told from it: a value is not in a baseline."""
        known, _ = self._documents.get(finding.document, (None, None))
        alike = known.alike(finding) if known is not None else []
        if not alike:
            return finding
        count = f"{len(alike):,} findings" if len(alike) > 1 else "1 finding"
        message = f"this may be the new one instead: the baseline counts {count} like it, without saying which"
        others = (Related(one.document, one.path or (), one.span, message) for one in alike[-_MOST_NAMED:])
        return finding._replace(related=(*finding.related, *others))


def _stays(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
