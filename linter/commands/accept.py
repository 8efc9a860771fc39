"""``medplum-lint accept``: accept a finding with an entry at the end of the configuration file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from ..choose import all_rules, folders_of
from ..config import PROJECT_FILE, Acceptance, Config, ConfigError, Overrides
from ..config_file import parsed_file
from ..configurations import OWN_FILE, Configurations
from ..documents.deployment import names_of
from ..files import LARGEST_CONFIGURATION, read_regular, relative_to_here
from ..model import Finding, dotted, members_as_one
from ..options import Given
from ..policy.rule_set import check_ids
from ..run import Options, Outcome, lint_paths
from ..say import Failed, fail_for, say
from ..settings.kinds import DEPLOYMENT
from ..suggest import did_you_mean
from .check import run_options
from .inputs import replace, write

_GLOB = {"*": "[*]", "?": "[?]", "[": "[[]"}


def run(given: Given) -> None:
    """Accept a finding: write it to the configuration file, with the reason.

    FILE is the file in which RULE has a finding at SETTING, such as database.ssl; where it has only one, SETTING can be left out. The entry
    goes to the end of the configuration file that counts for FILE, which otherwise stays as it is; where there is none, one is begun.

    Examples:
      medplum-lint accept dump.json unserved-oauth-url --reason "a proxy has it"
    """
    file = given.file
    asked = Overrides(extend_select=(given.rule,), fail_on="never")  # the rule may be one that is checked only on request
    options = run_options(given)._replace(overrides=asked, without_baseline=True)
    if given.until is not None and given.until < date.today():
        raise Failed(f"--until {given.until} is over: nothing would be accepted")
    if not os.path.isfile(file):
        raise Failed(f"{file}: {'is a folder: name one file' if os.path.isdir(file) else 'no such file'}")
    config = Configurations(options.config).of(Path(file, os.pardir))
    folder = _folder(Path(file), config)
    found = _accepted(given, options, config, folder)
    setting = given.setting if given.setting is not None else next(map(_name, found), None)
    entry = Acceptance(given.rule, given.reason, _glob(Path(file), folder), setting, given.environment, given.until)
    path = config.path or folder / OWN_FILE
    before = read_regular(path, LARGEST_CONFIGURATION) if config.path is not None else b""
    start = _gap(before)
    after = before + start + _entry(entry, path, b"\r\n" if b"\r\n" in before else b"\n")
    _check(path, after, entry)
    if config.path is not None:
        replace(str(path), after, before)
    else:
        write(str(path), after)
    count = "1 finding is" if len(found) == 1 else f"{len(found)} findings are" if found else "what it finds is"
    say("note", f"{relative_to_here(path)}:{(before + start).count(10) + 1}: {count} accepted from now on")


def _accepted(given: Given, options: Options, config: Config, folder: Path) -> list[Finding]:
    """The findings to accept; those of a rule that compares files need more than one, and are taken to be there."""
    file, rule = given.file, given.rule
    rules, errors, _ = all_rules([*folders_of(config), *given.rules])
    fail_for((errors or check_ids([rule], (one.info for one in rules)))[:1])
    outcome = lint_paths([file], options)
    fail_for(outcome.errors[:1])
    of_rule = _findings(given, outcome)
    named = _at_setting(given, of_rule)
    if not named:  # a document that is made of several files is checked, and named, only with all of them
        together = _findings(given, lint_paths([file, str(folder)], options))
        if named := _at_setting(given, together):
            of_rule = together
    found = [finding for finding in named if finding.suppressed is None]
    if named and not found:
        raise Failed(f"{file}: {rule} is accepted there already: {named[0].suppressed}")
    if not found and DEPLOYMENT not in next(one.info.kinds for one in rules if one.info.id == rule):
        raise Failed(f"{file}: {rule} finds nothing{_where_none(given, of_rule)}")
    settings = sorted({_name(finding) for finding in found})
    if given.setting is None and len(settings) > 1:
        raise Failed(f"{file}: {rule} has findings at several settings: name one of {', '.join(filter(None, settings))}")
    return found


def _findings(given: Given, outcome: Outcome) -> list[Finding]:
    """The findings of the rule in the file and the environment, at each of their places."""
    of_rule = (one for finding in outcome.result.findings if finding.rule == given.rule for one in _at_each_place(finding))
    in_file = (one for one in of_rule if one.document.uri == Path(given.file).as_posix())
    return [one for one in in_file if given.environment in (None, *names_of(one.document))]


def _at_setting(given: Given, findings: list[Finding]) -> list[Finding]:
    return [one for one in findings if given.setting in (None, _name(one), dotted(members_as_one(one.path or ())))]


def _at_each_place(finding: Finding) -> Iterator[Finding]:
    """The finding, and its other places in the document as findings of their own."""
    yield finding
    for other in finding.related:
        if other.document is finding.document:
            yield finding._replace(path=other.path or None, span=other.span)


def _name(finding: Finding) -> str:
    return dotted(finding.path or ())


def _where_none(given: Given, of_rule: list[Finding]) -> str:
    """Where a rule finds nothing, and where it does."""
    place = f" in {given.environment}" if given.environment is not None else ""
    if not of_rule or given.setting is None:
        return f"{place}, so there is nothing to accept"
    settings = list(dict.fromkeys(filter(None, map(_name, of_rule))))
    near = did_you_mean(given.setting, settings) or (f"; it finds {', '.join(settings)}" if settings else "")
    return f" at {given.setting or 'no setting'}{place}{near}"


def _folder(file: Path, config: Config) -> Path:
    """The folder of the configuration; one is begun in the current folder, or if the file is not in that, beside it."""
    if config.path is not None:
        return config.folder
    here, beside = Path.cwd(), file.absolute().parent
    return here if beside.resolve().is_relative_to(here) else beside


def _glob(file: Path, folder: Path) -> str:
    """A glob that matches a file alone. Raises :exc:`Failed` for a file that the globs of the configuration cannot name."""
    try:
        relative = Path(os.path.abspath(file)).relative_to(folder).as_posix()
    except ValueError:
        raise Failed(f"{file}: is not in {folder}, which the globs of the configuration are relative to") from None
    glob = "".join(_GLOB.get(char, char) for char in relative)
    return glob if "/" in glob else f"/{glob}"


def _gap(before: bytes) -> bytes:
    """What goes between the content of a configuration file and an entry: the end of its last line, and an empty line."""
    newline = b"\r\n" if b"\r\n" in before else b"\n"
    end = b"" if not before or before.endswith(b"\n") else newline
    return end + (newline if before.strip() else b"")


def _members(entry: Acceptance) -> list[str]:
    """The members of an acceptance in TOML."""
    texts = {"rule": entry.rule, "path": entry.path, "setting": entry.setting, "environment": entry.environment, "reason": entry.reason}
    until = [f"until = {entry.until.isoformat()}"] if entry.until is not None else []
    return [*(f"{key} = {toml_text(value)}" for key, value in texts.items() if value is not None), *until]


def _entry(entry: Acceptance, path: Path, newline: bytes) -> bytes:
    table = "tool.medplum-lint.accept" if path.name == PROJECT_FILE else "accept"
    return b"".join(line.encode("utf-8", "replace") + newline for line in (f"[[{table}]]", *_members(entry)))


def toml_text(text: str) -> str:
    """A text as a basic string of TOML, which is written as in JSON but for one control character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _check(path: Path, after: bytes, entry: Acceptance) -> None:
    """Raise :exc:`Failed` if the file would not say what is meant: a list in brackets, or a table in braces, cannot be continued."""
    try:
        config = parsed_file(path, after)
    except ConfigError:
        config = None
    if config is None or not config.accept or config.accept[-1]._replace(line=entry.line) != entry:
        inline = 'its table or its list "accept" is written in braces or brackets, which cannot be continued at the end of the file'
        raise Failed(f"{path}: {inline}: add {{{', '.join(_members(entry))}}} to it")
