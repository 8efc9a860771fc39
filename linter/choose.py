"""Choosing: which rules a document is checked with, how grave each is there, and for what target."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from .config import Config, ConfigError, Overrides, Severity
from .configurations import Configurations
from .files import reason_of
from .model import Configuration, Document, RuleInfo, Target
from .policy.rule import Rule
from .policy.rule_set import Folder, FoundFolder, built_in_rules, check_ids, check_selectors, files_of, rank, read_folders
from .release import ANY_SERVER, ServerVersion
from .server.target import NOTHING_BESIDE, Beside, target_of
from .settings.kinds import DEPLOYMENT
from .sources import kinds


class RuleSet(NamedTuple):
    """The rules of a file: those that it is checked with (``active``, in the order of ids), and all that are ``known``."""

    active: tuple[Rule, ...]
    known: Mapping[str, RuleInfo]


def folders_of(config: Config) -> list[Folder]:
    """The folders of rules that a configuration names. Nobody vouches for those of one that was merely found."""
    if config.trusted or config.path is None:
        return list(config.rules)
    return [FoundFolder(folder, config.path.parent, f"{config.path}:{config.rules_line}") for folder in config.rules]


@lru_cache(maxsize=1)
def _built_in() -> tuple[Rule, ...]:
    return tuple(built_in_rules())


def rule_kinds() -> frozenset[str]:
    """Every kind of document that a rule can be for: those of the inputs, and deployments made of several."""
    return kinds() | {DEPLOYMENT}


def all_rules(folders: Iterable[Folder]) -> tuple[list[Rule], list[str]]:
    """The built-in rules and those of folders, in the order of the ids, and the errors in the latter."""
    folders = list(folders)
    rules = list(_built_in())
    if not folders:
        return rules, []
    own, errors = read_folders(folders, rule_kinds(), [rule.info.id for rule in rules], [rule.info.category for rule in rules])
    return sorted([*rules, *own], key=lambda rule: rule.info.id), errors


def is_selected(rule: Rule, overrides: Overrides) -> bool:
    """Whether a choice of rules covers a rule. The more exact of ``select`` and ``ignore`` counts; where neither is, ``ignore``."""
    ignored = rank(rule.info, overrides.ignore) if overrides.ignore else 0
    return not ignored if overrides.select is None else rank(rule.info, overrides.select) > ignored


def is_active(rule: Rule, overrides: Overrides) -> bool:
    """Whether a rule is checked: it is selected, and if it is off until it is asked for, by its id."""
    return is_selected(rule, overrides) and (rule.enabled or rule.info.id in (overrides.select or ()))


def target_for(overrides: Overrides, document: Document, beside: Beside = NOTHING_BESIDE) -> Target:
    """What a document is for, by its own content and that of those beside it in its file, unless the options say it."""
    if overrides.target in (None, "auto"):
        return target_of(document, beside)
    return "production" if overrides.target == "production" else "development"


OF_OLDER_SERVERS: Final = "older-servers"
"""The tag of rules about servers that are older than the one that is judged by: advice, unless a range of servers is given."""


def severity_of(info: RuleInfo, overrides: Overrides, server: ServerVersion = ANY_SERVER) -> Severity:
    """How grave a rule's findings are on each target, by the rule itself unless the options say it; None where it is not checked.

    Where a rule is pedantic it is checked only when it is asked for: all such rules by ``pedantic``, one by its id in ``select`` or
    ``severity``, those about older servers where the ``server`` can be one of several.
    """
    given = (overrides.severity or {}).get(info.id)
    if given is not None:
        return given
    asked = overrides.pedantic or info.id in (overrides.select or ()) or (server.is_known and OF_OLDER_SERVERS in info.tags)
    if not info.pedantic or asked:
        return info.severity
    return {target: None if target in info.pedantic else level for target, level in info.severity.items()}


def configured_server(config: Config, overrides: Overrides, document: Document) -> ServerVersion | None:
    """The server that a configuration says a document is for: what it says of its environment, else what holds for its file."""
    if config.environments:
        from .documents.deployment import environment_of  # only for a configuration that speaks of environments

        of_environment = config.environments.get(environment_of(document) or "")
        if of_environment is not None and of_environment.server is not None:
            return of_environment.server
    return overrides.server


class Checked(NamedTuple):
    """A document that was checked, and what a run shows of it. ``path`` is that of its file; ``searched``: a search found that.

    ``rules`` are those that it was checked with, ``together`` those with which it is held against others, ``known`` all that there are.
    ``whole``: all of it could be read.
    """

    document: Document
    path: Path
    rules: frozenset[str]
    together: frozenset[str]
    known: frozenset[str]
    whole: bool
    searched: bool


class _Use(NamedTuple):
    """A configuration file, the rules that it switched off, what a search passed over for it, and the rules whose findings it accepted."""

    config: Config
    off: set[str]
    excluded: set[str]
    accepted: list[str]


def relative_to_here(path: Path) -> str:
    """A path as seen from the current folder, so that a report does not depend on where on a machine that is."""
    try:
        return Path(os.path.relpath(path)).as_posix()
    except (OSError, ValueError):  # the current folder is gone, or on another drive
        return path.name


_ALL_IGNORED = "every selected rule is also ignored"


class Choices:
    """What the configurations and the command line choose for each file of a run, and what of the configurations counted.

    ``given`` and ``folders`` are what the command line says; mistakes go to ``report_error``, the files of rules to ``note_input``.
    """

    def __init__(
        self,
        given: Overrides,
        folders: tuple[Path, ...],
        configurations: Configurations,
        report_error: Callable[[str], None],
        note_input: Callable[[Path], None],
    ) -> None:
        self._given = given
        self._folders = folders
        self._configurations = configurations
        self._error = report_error
        self._note_input = note_input
        self._rule_sets: dict[tuple[Folder, ...], list[Rule]] = {}
        self.used: dict[Path, _Use] = {}
        """The configuration files that counted."""
        self.configs: tuple[Config, ...] = ()
        """The configurations of all files of the run."""

    def server_of(self, config: Config, overrides: Overrides, document: Document) -> ServerVersion | None:
        """The server that the command line says a document is for, else the configuration."""
        return self._given.server or configured_server(config, overrides, document)

    def prepare(self, files: list[Path]) -> None:
        """Read the configurations and rules that files need, and report what is wrong with them or with the command."""
        configs = {config.path: config for file in files or [Path("any")] if (config := self.config(file)) is not None}
        self.configs = tuple(configs.values())
        known: dict[str, RuleInfo] = {}
        for config in configs.values():
            known.update(self._known_rules(config))
        if configs:
            for error in check_selectors([*(self._given.select or ()), *(self._given.ignore or ())], known.values()):
                self._error(error)

    def of(self, file: Path) -> tuple[Config, Overrides, RuleSet]:
        """What counts for a file, once :meth:`prepare` has read it: its configuration, what that and the command line say, the rules."""
        config = self.config(file)
        assert config is not None
        overrides = self._given.over(config.overrides_for(file))
        if config.path is not None:
            self._use(config)
        return config, overrides, self._rules(config, overrides)

    def _known_rules(self, config: Config) -> Mapping[str, RuleInfo]:
        """The rules that there are under a configuration, by their ids; it must not name others."""
        known = {rule.info.id: rule.info for rule in self._rule_set(config)}
        for mention in config.mentions():
            check = check_selectors if mention.selects else check_ids
            for error in check([mention.name], known.values()):
                self._error(f"{mention.place}: {error}")
        return known

    def check_selection(self, file: Path) -> None:
        """Report a choice of rules of which none is left as an error: whatever is linted with it has no finding."""
        config = self.config(file)
        assert config is not None  # :meth:`prepare` has read it
        overrides = self._given.over(config.overrides_for(file))
        rules = self._rule_set(config)
        if overrides.select is None or any(is_active(rule, overrides) for rule in rules):
            return
        place = f"{config.path}: " if config.path is not None else ""
        off = any(is_selected(rule, overrides) for rule in rules)
        reason = 'what is selected is "enabled: false", and checked only when its id is selected' if off else _ALL_IGNORED
        self._error(f"{place}no rule is left to check: {reason}")

    def excluded(self, path: Path) -> bool:
        """Whether the configuration of a path's folder excludes it."""
        config = self.config(path)
        if config is None:
            return True
        excluded = config.excludes(path)
        if excluded and config.path is not None:
            self._use(config).excluded.add(os.path.normpath(path))
        return excluded

    def config(self, path: Path) -> Config | None:
        """The configuration that counts for a file; None, with an error noted, where it cannot be read."""
        try:
            return self._configurations.of(path.absolute().parent)
        except ConfigError as error:
            self._error(str(error))
        except OSError as error:
            self._error(f"{error.filename or 'the working directory'}: cannot be read: {reason_of(error)}")
        return None

    def _use(self, config: Config) -> _Use:
        """What a configuration file did in this run."""
        assert config.path is not None  # one that is there
        return self.used.setdefault(config.path, _Use(config, set(), set(), []))

    def note_accepted(self, config: Config, rule: str) -> None:
        """Note that a configuration accepts a finding of a rule."""
        self._use(config).accepted.append(rule)

    def _rules(self, config: Config, overrides: Overrides) -> RuleSet:
        rules = self._rule_set(config)
        active = tuple(rule for rule in rules if is_active(rule, overrides))
        return RuleSet(active, {rule.info.id: rule.info for rule in rules})

    def _rule_set(self, config: Config) -> list[Rule]:
        folders = (*folders_of(config), *self._folders)
        if folders not in self._rule_sets:
            self._rule_sets[folders], errors = all_rules(folders)
            for path, _ in files_of(folders)[0]:
                self._note_input(path)
            for error in errors:
                self._error(error)
        return self._rule_sets[folders]

    def note_off(self, config: Config, document: Document, rules: RuleSet, overrides: Overrides) -> None:
        """Note which rules a configuration switched off for a document."""
        if config.path is not None:
            self._use(config).off.update(self._off(config, document, rules, overrides))

    def _off(self, config: Config, document: Document, rules: RuleSet, overrides: Overrides) -> frozenset[str]:
        """The rules that a document would be checked with, were it not for its configuration."""
        given = self._given.over(Overrides())
        target = target_for(given, document)
        without = (rule.info for rule in self._rule_sets[(*folders_of(config), *self._folders)] if is_active(rule, given))
        on = frozenset(rule.info.id for rule in rules.active if severity_of(rule.info, overrides)[document.target] is not None)
        return frozenset(info.id for info in without if severity_of(info, given)[target] is not None) - on

    def configurations(self) -> tuple[Configuration, ...]:
        """What the report says of the configurations that counted, in the order of their paths."""
        return tuple(sorted(self._configuration(use) for use in self.used.values()))

    def _configuration(self, use: _Use) -> Configuration:
        on_command_line = self._given.fail_on is not None
        fail_on = None if on_command_line else use.config.general.fail_on
        assert use.config.path is not None  # a configuration that is used is there
        path, off = relative_to_here(use.config.path), tuple(sorted(use.off))
        return Configuration(path, use.config.trusted, off, len(use.excluded), fail_on, len(use.accepted))
