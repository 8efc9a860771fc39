"""``medplum-lint accept``: accept a finding with an entry at the end of the configuration file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date
from glob import escape
from pathlib import Path

from ..deployment.members import names_of
from ..files import LARGEST_CONFIGURATION, read_regular, relative_to_here
from ..model import Acceptance, Finding, dotted, members_as_one
from ..options import Given
from ..options.choose import OWN_FILE, Configurations, folders_of
from ..options.config import PROJECT_FILE, Config, ConfigError, Overrides
from ..options.config_file import parsed_file
from ..output import write_file
from ..output.say import Failed, fail_for, say
from ..policy.rule_set import all_rules, check_ids
from ..run import Options, Outcome, lint_paths
from ..settings.kinds import DEPLOYMENT
from ..suggest import did_you_mean
from .check import run_options
from .inputs import why_no_file


def run(given: Given) -> None:
    """Accept a finding: write it to the configuration file, with the reason.

    FILE is the file in which RULE has a finding at SETTING, such as database.ssl; if it has only one, leave SETTING out. The entry goes
    to the end of the configuration file that applies to FILE, which otherwise stays as it is. If there is no such file, it is created.

    Examples:
      medplum-lint accept dump.json unserved-oauth-url --reason "a proxy has it"
    """
    file = Path(given.file)
    asked = Overrides(extend_select=(given.rule,), fail_on="never")  # the rule may be one that is checked only on request
    options = run_options(given)._replace(overrides=asked, without_baseline=True)
    fail_for(filter(None, [why_no_file(given.file)]))
    config = Configurations(options.config).of(file / os.pardir)
    folder = _folder(file, config)
    found = _accepted(given, options, config, folder)
    setting = given.setting if given.setting is not None else next(map(_name, found), None)
    entry = Acceptance(given.rule, given.reason, glob_for(file, folder), setting, given.environment, given.by, given.until, options.today)
    path = config.path or folder / OWN_FILE
    before = read_regular(path, LARGEST_CONFIGURATION) if os.path.lexists(path) else None
    after, line = appended(path, before or b"", entry)
    write_file(str(path), after, before=before)
    count = "1 finding is" if len(found) == 1 else f"{len(found)} findings are" if found else "what it finds is"
    say("note", f"{relative_to_here(path)}:{line}: {count} accepted from now on")


def _accepted(given: Given, options: Options, config: Config, folder: Path) -> list[Finding]:
    """The findings to accept. Those of a rule that compares files need more than one file, and are assumed to exist."""
    rules, errors = all_rules([*folders_of(config), *given.rules])
    fail_for((errors or check_ids([given.rule], (rule.info for rule in rules)))[:1])
    outcome = lint_paths([given.file], options)
    fail_for(outcome.errors[:1])
    of_rule = _findings(given, outcome)
    named = _at_setting(given, of_rule)
    if not named:  # a document made of several files is checked, and named, only with all of them
        together = _findings(given, lint_paths([given.file, str(folder)], options))
        named = _at_setting(given, together)
        of_rule = together if named else of_rule
    found = [finding for finding in named if finding.suppressed is None]
    settings = list(filter(None, dict.fromkeys(map(_name, found or of_rule))))
    where, place = f"{given.file}: {given.rule}", f" in {given.environment}" if given.environment is not None else ""
    if named and not found:
        raise Failed(f"{where} is accepted there already: {named[0].suppressed}")
    if not found and DEPLOYMENT not in next(rule.info.kinds for rule in rules if rule.info.id == given.rule):
        if not of_rule or given.setting is None:
            raise Failed(f"{where} finds nothing{place}, so there is nothing to accept")
        near = did_you_mean(given.setting, settings) or (f"; it finds {', '.join(settings)}" if settings else "")
        raise Failed(f"{where} finds nothing at {given.setting or 'no setting'}{place}{near}")
    if given.setting is None and len(set(map(_name, found))) > 1:
        raise Failed(f"{where} has findings at several settings: name one of {', '.join(sorted(settings))}")
    return found


def _findings(given: Given, outcome: Outcome) -> list[Finding]:
    """The findings of the rule in the file and the environment, one for each of their places in the document."""
    uri = Path(given.file).as_posix()
    of_rule = (one for one in outcome.result.findings if one.rule == given.rule and one.document.uri == uri)
    return [place for one in of_rule if given.environment in (None, *names_of(one.document)) for place in _places(one)]


def _places(finding: Finding) -> Iterator[Finding]:
    yield finding
    yield from (finding._replace(path=at.path or None, span=at.span) for at in finding.related if at.document is finding.document)


def _at_setting(given: Given, findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if given.setting in (None, _name(finding), dotted(members_as_one(finding.path or ())))]


def _name(finding: Finding) -> str:
    return dotted(finding.path or ())


def _folder(file: Path, config: Config) -> Path:
    """The folder of the configuration. A new one goes into the current folder, or beside the file if that is elsewhere."""
    if config.path is not None:
        return config.folder
    here, beside = Path.cwd(), file.absolute().parent
    return here if beside.resolve().is_relative_to(here) else beside


def glob_for(file: Path, folder: Path) -> str:
    """A glob that matches only this file. Raises :exc:`Failed` for a file that the globs of the configuration cannot name."""
    try:
        relative = Path(os.path.abspath(file)).relative_to(folder).as_posix()
    except ValueError:
        raise Failed(f"{file}: is not in {folder}, which the globs of the configuration are relative to") from None
    return escape(relative if "/" in relative else f"/{relative}")


def appended(path: Path, before: bytes, entry: Acceptance) -> tuple[bytes, int]:
    """The content of a configuration file with an entry at its end, and the line of the entry.

    Raises :exc:`Failed` if the file would not parse as intended: a list in brackets, or a table in braces, cannot be continued.
    """
    newline = b"\r\n" if b"\r\n" in before else b"\n"
    start = before + (newline if before and not before.endswith(b"\n") else b"") + (newline if before.strip() else b"")
    keys = ("rule", "path", "setting", "environment", "reason", "by", "until", "since")
    members = [f"{key} = {toml_text(value)}" for key in keys if (value := getattr(entry, key)) is not None]
    table = "[[tool.medplum-lint.accept]]" if path.name == PROJECT_FILE else "[[accept]]"
    after = start + b"".join(line.encode("utf-8", "replace") + newline for line in (table, *members))
    try:
        config = parsed_file(path, after)
    except ConfigError:
        config = None
    if config is None or not config.accept or config.accept[-1]._replace(line=entry.line, file=entry.file) != entry:
        inline = 'its table or its list "accept" is written in braces or brackets, which cannot be continued at the end of the file'
        raise Failed(f"{path}: {inline}: add {{{', '.join(members)}}} to it")
    return after, start.count(b"\n") + 1


def toml_text(value: str | date) -> str:
    """A date, or a text as a basic string of TOML, which differs from JSON only in one control character."""
    return value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
