"""The rules of a run: the built-in ones, and those in the user's folders.

The built-in rules are written in YAML (``rules/``); ``_built/rules.json`` is built from them, because parsing YAML would take longer than
the rest of a run.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from .. import _built
from ..files import is_within, reason_of
from ..model import RuleInfo
from ..typed import TYPE_CHECKING, Any, Final, NamedTuple
from .errors import did_you_mean
from .rule import Rule, is_fixable

if TYPE_CHECKING:
    from .rule_file import RuleFile

_PACKAGE: Final = Path(__file__).parent.parent


class FoundFolder(NamedTuple):
    """A rule folder or file named by a configuration that was merely found: its rules must be inside the folder ``within``.

    ``place`` (``file:line``) is where the configuration names it.
    """

    path: Path
    within: Path
    place: str


Folder = Path | FoundFolder
"""A folder or file of rules that the user named, or one of a configuration that was found; ``package:NAME`` is an installed package."""


RuleFilePath = tuple[Path, bool]
"""A rule file of a user's folder, and whether it is trusted: one that the user named, by itself or by a configuration."""
PACKAGE: Final = "package:"
"""The prefix of the name of an installed package in place of a rule folder."""
MOST_ENTRIES: Final = 10_000
"""The maximum number of files and folders in a rule folder, at any depth. One with more, such as the root of a disk, is a mistake."""

_SUFFIXES: Final = (".yaml", ".yml")


def rules_folder() -> Path:
    """The folder of the built-in rules: inside the installed package, or beside it in a checkout."""
    installed = _PACKAGE / "rules"
    return installed if installed.is_dir() else _PACKAGE.parent / "rules"


def rule_files(folder: Path) -> list[Path]:
    """The rule files beneath a folder, sorted by path. Links to folders are not followed, and hidden folders are skipped.

    A loop, because folders can be nested more deeply than Python's stack allows. Raises :class:`OSError` for a folder that cannot be read,
    and :class:`ValueError` for one with too many files.
    """
    paths: list[str] = []
    waiting = [str(folder)]
    entries = 0
    while waiting:
        with os.scandir(waiting.pop()) as inner:
            for entry in inner:
                entries += 1
                if entries > MOST_ENTRIES:
                    raise ValueError(f"holds more than {MOST_ENTRIES:,} files and folders, too many to search for rules")
                if os.path.splitext(entry.name)[1] in _SUFFIXES:
                    paths.append(entry.path)
                elif not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return [Path(path) for path in sorted(paths, key=lambda path: path.split(os.sep))]


@cache
def built_in_rules() -> tuple[Rule, ...]:
    """Every built-in rule, sorted by id."""
    return tuple(map(Rule, _built.read("rules", made_of, _read_rules)))


def made_of() -> list[str]:
    """The paths of everything that the built file depends on: the rules and the code that reads them."""
    return [*map(str, rule_files(rules_folder())), __file__]


_FOR_READERS_OF_RULES: Final = frozenset({"controls", "equivalent", "evidence", "examples"})
"""Keys that are in no run: the commands that test or explain a rule read its own file, and controls have a built file of their own."""


def _read_rules() -> list[dict[str, Any]]:
    from .known import with_links

    rules = []
    for path in rule_files(rules_folder()):
        data = _built.read_yaml(path)
        kept = {key: value for key, value in data.items() if key not in _FOR_READERS_OF_RULES}
        fixable = {"fixable": True} if is_fixable(data) else {}
        rules.append({"id": kept["id"], "category": path.parent.name, **with_links(kept), **fixable})
    return sorted(rules, key=lambda rule: str(rule["id"]))


def build() -> str:
    """The text of the built file, one rule per line, so that a diff shows one line per changed rule."""
    rules = ",\n".join(json.dumps(rule, ensure_ascii=False, separators=(",", ":")) for rule in _read_rules())
    return _built.text(f"[\n{rules}\n]", made_of())


class ReadRules(NamedTuple):
    """The rules, and an error (``file:line: what is wrong``) for each invalid one."""

    rules: list[Rule]
    errors: list[str]


def all_rules(folders: Iterable[Folder]) -> ReadRules:
    """The built-in rules and those of folders, sorted by id, and the errors in the latter."""
    own = read_folders(folders)
    return own._replace(rules=sorted([*built_in_rules(), *own.rules], key=lambda rule: rule.info.id))


def read_folders(folders: Iterable[Folder]) -> ReadRules:
    """The rules of a user's folders."""
    files, errors = files_of(folders)
    if not files:
        return ReadRules([], errors)
    from .rule_file import read_rule_file  # with PyYAML and jsonschema: 70 ms that only a user's own rules cost

    read = [read_rule_file(path, trusted=trusted) for path, trusted in files]
    wrong_ids = errors_of_ids(read)
    rules = {one.rule.info.id: one.rule for one in read if one.rule is not None}
    for one in read:
        errors += [*one.errors, *_errors_of_causes(one, rules)]
        errors += [wrong_ids[one.path]] if one.path in wrong_ids else []
    kept = [one.rule for one in read if one.rule is not None and one.path not in wrong_ids]
    return ReadRules(kept, errors)


def _errors_of_causes(read: RuleFile, rules: Mapping[str, Rule]) -> Iterator[str]:
    """An error for each rule that yields to a missing rule, or to one that yields to it: both would be silent."""
    known = [*(rule.info.id for rule in built_in_rules()), *rules]
    for cause, place in read.rule.causes if read.rule is not None else ():
        other, where = rules.get(cause), f"{read.path}:{read.line(place)}"
        if cause not in known:
            yield f'{where}: there is no rule "{cause}" to yield to{did_you_mean(cause, known)}'
        elif other is not None and read.rule is not None and read.rule.info.id in dict(other.causes):
            says = "itself" if other is read.rule else f'"{cause}", which yields to it'
            yield f"{where}: a rule cannot yield to {says}"


def errors_of_ids(read: Iterable[RuleFile]) -> dict[Path, str]:
    """For each rule file whose rule conflicts with the others, by its path, the error that says why."""
    errors: dict[Path, str] = {}
    ids = {rule.info.id: "a built-in rule" for rule in built_in_rules()}
    groups = {rule.info.category: "a category" for rule in built_in_rules()}
    for one in read:
        if one.rule is None:
            continue
        rule_id, group = one.rule.info.id, one.rule.info.category
        owner = ids.get(rule_id) or groups.get(rule_id)
        key, wrong = "id", f'the id "{rule_id}" is taken by {owner}' if owner is not None else ""
        if not wrong and group in ids:
            wrong = f'the name "{group}" in front of the slash is taken by {ids[group]}'
        elif not wrong and one.rule.found_by:
            key, wrong = "found_by", '"found_by" is only for rules whose findings medplum-lint makes itself'
        if wrong:
            errors[one.path] = f"{one.path}:{one.line((key,))}: {wrong}"
        ids.setdefault(rule_id, str(one.path))
        if group:
            groups.setdefault(group, f"the name in front of the slash of {rule_id}")
    return errors


def files_of(folders: Iterable[Folder]) -> tuple[list[RuleFilePath], list[str]]:
    """The rule files of folders that may be read, each once, and an error for each other folder, and for one without any.

    If both the user and a found configuration name a folder or file, it is trusted.
    """
    folders = list(folders)
    named = {_real(folder) for folder in folders if isinstance(folder, Path)}
    files: dict[str, RuleFilePath] = {}
    errors: list[str] = []
    for folder in folders:
        trusted = isinstance(folder, Path)
        if isinstance(folder, FoundFolder) and _real(folder.path) in named:
            continue
        try:
            found = _files_of(folder, errors)
        except ValueError as error:
            errors.append(str(error))
            continue
        for path in found:
            name = _real(path) or str(path)
            if name not in files or trusted > files[name][1]:
                files[name] = path, trusted
    return list(files.values()), errors


def _files_of(folder: Folder, errors: list[str]) -> list[Path]:
    """The rule files of a folder. Raises ValueError, with the path, if there are none; adds an error for each link to the outside."""
    path, within, place = folder if isinstance(folder, FoundFolder) else (folder, None, str(folder))
    if str(path).startswith(PACKAGE):
        from .installed import folders_of_package  # only for a run that names a package

        try:
            inner = folders_of_package(str(path).removeprefix(PACKAGE))
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
        return [file for one in inner for file in _files_in(one) if _is_inside(file, one)]
    if within is not None and not _is_inside(path, within):
        outside = "leads outside the folder of this configuration file, which was only found: name the folder of policies with --rules"
        raise ValueError(f"{place}: {path.name} {outside}")
    files = _files_in(path)
    elsewhere = [file for file in files if within is not None and not _is_inside(file, within)]
    errors += [f"{file}: leads outside the folder of the configuration file that names it" for file in elsewhere]
    return [file for file in files if file not in elsewhere]


def _files_in(path: Path) -> list[Path]:
    """The rule files of a folder, or a rule file itself. Raises ValueError, with the path, if there is none."""
    try:
        is_folder = path.is_dir()
        files = rule_files(path) if is_folder else [path] if path.is_file() else []
    except OSError as error:
        raise ValueError(f"{error.filename or path}: cannot be read: {reason_of(error)}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if not files:
        raise ValueError(f"{path}: {'there is no rule file (*.yaml) in this folder' if is_folder else 'no such file or folder'}")
    if not is_folder and path.suffix not in _SUFFIXES:
        raise ValueError(f"{path}: is not a rule file (*.yaml)")
    return files


def _is_inside(path: Path, folder: Path) -> bool:
    real, within = _real(path), _real(folder)
    return real is not None and within is not None and is_within(real, within)


def _real(path: Path) -> str | None:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):  # the working directory is gone; an impossible file name
        return None


CONTROL: Final = "control:"
"""The prefix of a control in a selector."""
_BY_ID: Final = 1_000
"""The rank of a rule's id: more than that of any pattern, which counts its letters."""


def rank(info: RuleInfo, selectors: Iterable[str]) -> int:
    """How specifically selectors name a rule: most by id, then by a pattern (more with more letters), 1 by category, 0 if none does."""
    return max((_BY_ID if word == info.id else _rank_of_pattern(info, word) for word in selectors), default=0)


def _rank_of_pattern(info: RuleInfo, word: str) -> int:
    """The same for one pattern or category; one that ends with a slash, optionally followed by a star, is a category."""
    if word.startswith(CONTROL):
        from .controls import supports  # only for a run that names one

        return int(supports(info, word.removeprefix(CONTROL)))
    group, slash, rest = word.partition("/")
    if slash and rest in ("", "*"):
        return int(info.category == group)
    if "*" in word and word != "*":
        fits = fnmatchcase(info.id, re.sub(r"([?\[])", r"[\1]", word))
        return 2 + len(word) - word.count("*") if fits else 0
    return int(word in ("*", info.category))


def check_selectors(selectors: Iterable[str], rules: Iterable[RuleInfo]) -> list[str]:
    """For each selector that matches no rule, an error with the nearest one."""
    infos = list(rules)
    known = dict.fromkeys((*(one.id for one in infos), *(one.category for one in infos if one.category)))
    others = (word for word in dict.fromkeys(selectors) if word not in known)
    return [_unknown(word, known, infos) for word in others if not any(rank(info, (word,)) for info in infos)]


def _unknown(word: str, known: Collection[str], infos: Sequence[RuleInfo]) -> str:
    if word.startswith(CONTROL):
        from .controls import controls_of

        named = dict.fromkeys(control for one in infos for control in controls_of(one))
        control = word.removeprefix(CONTROL)
        return f'no rule supports the control "{control}"{did_you_mean(control, named)}'
    if "*" in word:
        return f'no rule has an id that matches "{word}"'
    beginning = f"{word.rstrip('-')}-"
    is_beginning = len(beginning) > 1 and any(one.id.startswith(beginning) for one in infos)
    hint = f'; did you mean "{beginning}*"?' if is_beginning else did_you_mean(word, known)
    return f'there is no rule "{word}"{hint}' if hint else f'there is no rule or category "{word}"'


def check_ids(ids: Iterable[str], rules: Iterable[RuleInfo]) -> list[str]:
    """For each unknown rule id, an error with the nearest one."""
    infos = list(rules)
    known, categories = [one.id for one in infos], {one.category for one in infos}
    return [
        f'there is no rule "{word}"{": that is a category" if word in categories else did_you_mean(word, known)}'
        for word in ids
        if word not in known
    ]
