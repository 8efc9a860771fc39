"""Choosing: which configuration applies to a file, which rules a document is checked with, their severity, and the target."""

from __future__ import annotations

import os
import os.path
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

from ..files import LARGEST_CONFIGURATION, Unreadable, is_name, read_regular, reason_of, relative_to_here
from ..log import Log
from ..model import Configuration, Document, Level, Notice, RuleInfo, Target, level_on
from ..policy.engine import Levels, applies
from ..policy.rule import Rule
from ..policy.rule_set import CONTROL, Folder, FoundFolder, all_rules, check_ids, check_selectors, files_of, rank
from ..release import ANY_SERVER, ServerVersion
from ..server.target import Evidence, target_of
from ..settings.kinds import DEPLOYMENT
from ..typed import Any, Final, NamedTuple, cast
from .config import PROJECT_FILE, Config, ConfigError, Overrides, Severity

OWN_FILE: Final = ".medplum-lint.toml"
_NONE: Final = Config()


class Configurations:
    """Which configuration applies to a folder: the one on the command line, else the nearest one upwards; none if ``isolated``."""

    def __init__(self, named: Config | None = None, *, isolated: bool = False) -> None:
        self._always = Config() if isolated else named and named._replace()  # with a use of its own
        self._known: dict[str, Config] = {}
        """By the folders that were requested."""
        self._nearest_to: dict[Path, Config] = {}
        """By the absolute paths of folders."""

    def of(self, folder: Path | str) -> Config:
        """The configuration for the files of a folder. Raises :exc:`~linter.options.config.ConfigError` if it cannot be used.

        Its path is absolute or relative like the folder's, for messages.
        """
        if self._always is not None:
            return self._always
        text = str(folder)
        if text not in self._known:
            try:
                self._known[text] = self._nearest(Path(os.path.abspath(text)), is_absolute=os.path.isabs(text))
            except OSError as error:
                raise ConfigError(f"{error.filename or 'the working directory'}: cannot be read: {reason_of(error)}") from None
        return self._known[text]

    def _nearest(self, folder: Path, *, is_absolute: bool) -> Config:
        below = []
        for place in (folder, *folder.parents):
            below.append(place)
            found = self._nearest_to.get(place) or (_find(place) if is_absolute else _find(Path(os.path.relpath(place)), place))
            if found is not None:
                break
        config = found or _NONE
        self._nearest_to.update(dict.fromkeys(below, config))
        return config

    def used(self) -> list[Config]:
        """The configuration files that had an effect."""
        files = {id(config): config for config in (self._always, *self._nearest_to.values()) if config is not None}
        return [config for config in files.values() if config.path is not None and (config.use.counts or config.use.patterns)]


def _find(folder: Path, base: Path | None = None) -> Config | None:
    """The configuration in a folder; ``base`` is its absolute path if ``folder`` is a relative one."""
    own, project = folder / OWN_FILE, folder / PROJECT_FILE
    if os.path.lexists(own):
        path = own
    elif os.path.isfile(project) and _mentions_our_table(project):
        path = project
    else:
        return None
    from .config_file import read_config  # only if there is a file to read

    config = read_config(path, within=folder)
    return config._replace(base=base) if config is not None else None


def _mentions_our_table(project: Path) -> bool:
    """Whether a ``pyproject.toml`` contains our name, in any spelling, or cannot be read, which its reader reports."""
    try:
        return b"medplum" in read_regular(project, LARGEST_CONFIGURATION)
    except Unreadable:
        return True


def named_config(path: Path) -> Config:
    """The configuration in a file named on the command line; its globs are relative to the current folder.

    Raises :exc:`~linter.options.config.ConfigError` if it cannot be used.
    """
    from .config_file import read_config

    config = read_config(path)
    if config is None:
        raise ConfigError(f"{path}: there is no table [tool.medplum-lint] in this file")
    try:
        return config._replace(base=Path.cwd(), trusted=True)
    except OSError as error:
        raise ConfigError(f"the working directory: cannot be read: {reason_of(error)}") from None


class Plan(NamedTuple):
    """The rules for documents of one kind, target and server.

    ``checks`` are the enabled rules, each with the levels of its cases, and ``ids`` their ids; ``together`` are the ids of rules that
    compare documents with others, ``infos`` all rules that apply.
    """

    checks: tuple[tuple[Rule, Levels], ...]
    ids: frozenset[str]
    together: frozenset[str]
    infos: Mapping[str, RuleInfo]


class RuleSet:
    """The rules of a file, read on demand, combined with the options."""

    def __init__(self, rules: Callable[[], Sequence[Rule]], overrides: Overrides) -> None:
        self.overrides = overrides
        self._read = rules
        self._on: dict[Target | None, frozenset[str]] = {}
        self._plans: dict[tuple[Any, ...], Plan] = {}

    @cached_property
    def every(self) -> Mapping[str, Rule]:
        """All rules that there are, by their ids."""
        return {rule.info.id: rule for rule in self._read()}

    @cached_property
    def known(self) -> Mapping[str, RuleInfo]:
        """All existing rules."""
        return {id_: rule.info for id_, rule in self.every.items()}

    @cached_property
    def active(self) -> Mapping[str, Rule]:
        """The rules that the file is checked with, by their ids, sorted."""
        return {id_: rule for id_, rule in self.every.items() if is_active(rule, self.overrides)}

    @cached_property
    def _reporting(self) -> Mapping[str, tuple[Rule, int]]:
        return {name: (rule, number) for rule in self.every.values() for name, number in rule.found_by.items()}

    def reporting(self, mistake: str) -> str:
        """The id of the rule that reports a mistake found by a source."""
        return self._reporting[mistake][0].info.id

    def case_reporting(self, mistake: str, target: Target | None) -> tuple[Rule, int, Level] | None:
        """The rule that reports a mistake found by a source, with the index of its case and the level; None if it is off."""
        rule, number = self._reporting[mistake]
        level = self.level(rule.cases[number].info, target) if rule.info.id in self.active else None
        return None if level is None else (rule, number, level)

    def level(self, info: RuleInfo, target: Target | None, server: ServerVersion = ANY_SERVER) -> Level | None:
        """The level of a rule's findings on a target; None if it is off."""
        return _level_on(target, info, severity_of(info, self.overrides, server))

    def on(self, target: Target | None) -> frozenset[str]:
        """The ids of the rules that are on for a target, whatever the server."""
        if target not in self._on:
            self._on[target] = frozenset(id_ for id_, rule in self.active.items() if self.level(rule.info, target) is not None)
        return self._on[target]

    def plan(self, document: Document) -> Plan:
        """The plan for a document, computed once for all documents with the same kind, targets and server."""
        key = (document.kinds, document.target, *document.targets.items(), document.server)
        if key not in self._plans:
            rules = [rule for rule in self.active.values() if applies(rule, document)]
            levels = ((rule, levels_of(rule, self.overrides, document)) for rule in rules)
            checks = tuple((rule, of_cases) for rule, of_cases in levels if any(of_cases))
            ids = frozenset(rule.info.id for rule, _ in checks)
            comparing = (rule.info for rule in self.active.values() if DEPLOYMENT in rule.info.kinds)
            together = frozenset(info.id for info in comparing if self.level(info, document.target, document.server) is not None)
            self._plans[key] = Plan(checks, ids, together, {rule.info.id: rule.info for rule in rules})
        return self._plans[key]


def folders_of(config: Config) -> list[Folder]:
    """The rule folders that a configuration names. Those of a configuration that was merely found are not trusted."""
    if config.trusted or config.path is None:
        return list(config.rules)
    return [FoundFolder(folder, config.path.parent, f"{config.path}:{config.line('rules')}") for folder in config.rules]


def is_selected(rule: Rule, overrides: Overrides) -> bool:
    """Whether the selectors include a rule. The more specific of ``select`` and ``ignore`` wins; in a tie, ``ignore``."""
    ignored = rank(rule.info, overrides.ignore or ())
    added = rank(rule.info, overrides.extend_select or ())
    if overrides.select is None:
        return not ignored or added > ignored
    return max(added, rank(rule.info, overrides.select)) > ignored


def is_asked_for(info: RuleInfo, overrides: Overrides) -> bool:
    """Whether a selection names this rule, by its id or by a control that it supports."""
    words = (*(overrides.select or ()), *(overrides.extend_select or ()))
    return any(word == info.id or (word.startswith(CONTROL) and rank(info, (word,))) for word in words)


def is_active(rule: Rule, overrides: Overrides) -> bool:
    """Whether a rule is checked: it is selected, by its id if it is off by default."""
    return is_selected(rule, overrides) and (rule.enabled or is_asked_for(rule.info, overrides))


def target_for(overrides: Overrides, document: Document, beside: Mapping[str, Evidence] | None = None) -> Target | None:
    """The target of a document, from the options, or else from its content and its file's other documents; None if nothing shows it."""
    return target_of(document, beside) if overrides.target in (None, "auto") else cast("Target", overrides.target)


OF_OLDER_SERVERS: Final = "older-servers"
"""The tag of rules about servers that are older than the one that is checked against: advice, unless a range of servers is given."""


def levels_of(rule: Rule, overrides: Overrides, document: Document) -> Levels:
    """The severity of each case of a rule in a document, from the options, or else from the rule itself.

    A severity in the options for a rule with several cases applies to those that are enabled anyway; to all if none is.
    """
    given = (overrides.severity or {}).get(rule.info.id)
    others = overrides if given is None else overrides._replace(severity=None)
    levels = tuple(_level_on(document.target, case.info, severity_of(case.info, others, document.server)) for case in rule.cases)
    if given is None:
        return levels
    level, are_on = _level_on(document.target, rule.info, given), any(levels)
    return tuple(level if one is not None or not are_on else None for one in levels)


def _level_on(target: Target | None, info: RuleInfo, severity: Severity) -> Level | None:
    """The level on a target. A secret in plain text is one on any target: an unknown target counts as production."""
    return level_on(severity, target or ("production" if info.category == "secrets" else None))


def severity_of(info: RuleInfo, overrides: Overrides, server: ServerVersion = ANY_SERVER) -> Severity:
    """The severity of a rule on each target, from the options, or else from the rule itself; None if it is not checked.

    A pedantic rule is checked only on request: all of them by ``pedantic``, one by its id in ``select`` or ``severity``, those about older
    servers if the ``server`` can be one of several. The severity of a category applies to those of its rules that are enabled anyway.
    """
    given = (overrides.severity or {}).get(info.id)
    if given is not None:
        return given
    severity = info.severity
    asked = overrides.pedantic or is_asked_for(info, overrides) or (server.is_known and OF_OLDER_SERVERS in info.tags)
    if info.pedantic and not asked:
        severity = {target: None if target in info.pedantic else level for target, level in severity.items()}
    severities = overrides.severity or {}
    of_category = severities.get(most_exact(info, severities))
    if of_category is None:
        return severity
    return {target: of_category[target] if level is not None else None for target, level in severity.items()}


def most_exact(info: RuleInfo, words: Iterable[str] | None) -> str:
    """The selector that names a rule most exactly; empty if none does."""
    return max((word for word in words or () if rank(info, (word,))), key=lambda word: rank(info, (word,)), default="")


def configured_environment(config: Config, document: Document) -> str | None:
    """The environment of a document, if a configuration has options for it."""
    if not config.environments:
        return None
    from ..deployment.members import environment_of  # only for a configuration with environments

    name = environment_of(document)
    return name if name in config.environments else None


def _unused(option: str, pattern: str, holder: str | None) -> str:
    if option == "environment":
        advice = ": correct its name" if holder is None else f", for {pattern} is a {holder}: give it in [per-file]"
        return f'environment "{pattern}" matches no configuration that was checked{advice}, or delete the table'
    what = {"exclude": "nothing that a search finds", "include": "no file", "per-file": "no file that was checked"}[option]
    return f'{option} "{pattern}" matches {what}: correct it, or delete it'


class Choices:
    """The configuration and the rules of each file of a run, and the effect of the configurations.

    ``given`` and ``folders`` are the options of the command line. Mistakes, and the files read, go to the log.
    """

    def __init__(self, given: Overrides, folders: tuple[Path, ...], configurations: Configurations, log: Log) -> None:
        self._given = given.over(Overrides())
        self._folders = folders
        self._configurations = configurations
        self.used = configurations.used
        self._log = log
        self._read: dict[tuple[Folder, ...], list[Rule]] = {}
        """The rules that were read, by the folders beside the built-in ones."""
        self._rule_sets: dict[tuple[Path | None, str], RuleSet] = {}
        """The rules of files, by the path of their configuration and their options."""

    def prepare(self, files: list[Path]) -> list[Config]:
        """Read the configurations and rules that files need; returns these configurations. Mistakes in them or the command are logged."""
        configs = {config.path: config for file in files or [Path("any")] if (config := self.config(file)) is not None}
        known = {name: info for config in configs.values() for name, info in self._known_rules(config).items()}
        if configs:
            given = self._given
            for error in check_selectors([*(given.select or ()), *(given.extend_select or ()), *(given.ignore or ())], known.values()):
                self._log.error(error)
        for file in files if not self._log.errors else ():
            config = self.config_of(file)
            for name in (None, *config.environments):
                overrides = self._given.over(config.overrides_for(file, name))
                self._check_some_left(config, overrides, "" if name is None else f" in environment {name}")
        return list(configs.values())

    def of(self, file: Path, environment: str | None = None) -> tuple[Config, RuleSet]:
        """The configuration and the rules of a file, or of an environment in it, once :meth:`prepare` has read them."""
        config = self.config_of(file)
        config.use.counts = True
        config.use.patterns.update(("per-file", glob) for glob in config.fitting("per-file", file))
        config.use.patterns.update([] if environment is None else [("environment", environment)])
        return config, self._rule_set(config, self._given.over(config.overrides_for(file, environment)))

    def config_of(self, file: Path) -> Config:
        """The configuration of a file, once :meth:`prepare` has read it."""
        config = self.config(file)
        assert config is not None  # which was read
        return config

    def _rule_set(self, config: Config, overrides: Overrides) -> RuleSet:
        """The rules under a configuration with some options; the same object for all files with these."""
        key = (config.path, repr(overrides))
        if key not in self._rule_sets:
            self._rule_sets[key] = RuleSet(partial(self._rules, config), overrides)
        return self._rule_sets[key]

    def _known_rules(self, config: Config) -> Mapping[str, RuleInfo]:
        """The rules under a configuration by their ids; it must not name others."""
        known = {rule.info.id: rule.info for rule in self._rules(config)}
        wrong = [(line, error) for name, line in config.selectors.items() for error in check_selectors([name], known.values())]
        wrong += [(one.line or 1, error) for one in config.accept for error in check_ids([one.rule], known.values())]
        for line, error in wrong:
            self._log.error(f"{config.path}:{line}: {error}")
        return known

    def _check_some_left(self, config: Config, overrides: Overrides, where: str) -> None:
        """Log a selection that leaves no rule as an error: nothing would ever be found."""
        if overrides.select is None or self._rule_set(config, overrides).active:
            return
        place = f"{config.path}: " if config.path is not None else ""
        reason = "every selected rule is also ignored"
        if any(is_selected(rule, overrides) for rule in self._rules(config)):
            reason = 'what is selected is "enabled: false", and checked only when its id is selected'
        self._log.error(f"{place}no rule is left to check{where}: {reason}")

    def config(self, path: Path) -> Config | None:
        """The configuration that applies to a file; None, with an error logged, if it cannot be read."""
        text = str(path)
        try:
            return self._configurations.of(os.path.dirname(text) if text != "." else os.pardir)
        except ConfigError as error:
            self._log.error(str(error))
            return None

    def _rules(self, config: Config) -> list[Rule]:
        folders = (*folders_of(config), *self._folders)
        if folders not in self._read:
            self._read[folders], errors = all_rules(folders)
            for path, _ in files_of(folders)[0]:
                self._log.read(path)
            for error in errors:
                self._log.error(error)
        return self._read[folders]

    # --- What the configurations did ---

    def note_off(self, config: Config, document: Document, rules: RuleSet) -> None:
        """Record the rules that a document would be checked with, were it not for its configuration."""
        if config.path is not None:
            without = self._rule_set(config, self._given).on(target_for(self._given, document))
            config.use.off.update(without - rules.on(document.target))

    def unused_patterns(self, searched: Callable[[Path], bool], documents: Iterable[Document]) -> Iterator[Notice]:
        """The patterns of configurations that match nothing, if everything was searched that they could match."""
        holders = {name: word for document in documents for word, name in document.holders}
        for config in self.used():
            unused = [one for one in config.patterns() if one[:2] not in config.use.patterns and not is_name(one[1])]
            for option, pattern, line in unused if unused and searched(config.folder) else ():
                yield Notice("unused-pattern", _shown_path(config), line, _unused(option, pattern, holders.get(pattern)))

    def configurations(self) -> tuple[Configuration, ...]:
        """The report's entries for the configurations that had an effect, sorted by path."""
        return tuple(sorted(map(self._configuration, self.used())))

    def _configuration(self, config: Config) -> Configuration:
        fail_on = config.general.fail_on if self._given.fail_on is None else None
        use = config.use
        return Configuration(_shown_path(config), config.trusted, tuple(sorted(use.off)), len(use.excluded), len(use.accepted), fail_on)


def _shown_path(config: Config) -> str:
    assert config.path is not None  # an existing one
    return relative_to_here(config.path)
