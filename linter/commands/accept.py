"""Accepting one finding: the entry of a configuration file that does so, put at its end."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from ..choose import all_rules, folders_of, relative_to_here
from ..config import PROJECT_FILE, Acceptance, Config, ConfigError, Overrides
from ..config_file import parsed_file
from ..configurations import OWN_FILE, Configurations
from ..documents.deployment import names_of
from ..files import LARGEST_CONFIGURATION, Unreadable, read_regular
from ..model import Finding, dotted, members_as_one
from ..options import Given
from ..policy.errors import did_you_mean
from ..policy.rule_set import check_ids
from ..run import Options, Outcome, lint_paths
from ..say import Failed, say
from ..settings.kinds import DEPLOYMENT
from ..typed import Final, NamedTuple
from .inputs import config_named_by, replace, write

_GLOB: Final = {"*": "[*]", "?": "[?]", "[": "[[]"}


def run(given: Given) -> None:
    """Accept a finding: write it to the configuration file, with the reason.

    FILE is the file in which RULE has a finding at SETTING, such as database.ssl; where it has only one, SETTING can be left out. The entry
    goes to the end of the configuration file that counts for FILE, which otherwise stays as it is; where there is none, one is begun.

    Examples:
      medplum-lint accept dump.json unserved-oauth-url --reason "a proxy has it"
    """
    options = Options(kind=given.kind, rules=given.rules, config=config_named_by(given))
    wanted = Acceptance(given.rule, given.reason, setting=given.setting, environment=given.environment, until=given.until)
    made = entry(given.file, wanted, options)
    if made.before is not None:
        replace(str(made.path), made.after, made.before)
    else:
        write(str(made.path), made.after)
    count = "1 finding is" if made.accepted == 1 else f"{made.accepted} findings are" if made.accepted else "what it finds is"
    say("note", f"{relative_to_here(made.path)}:{made.line}: {count} accepted from now on")


class Entry(NamedTuple):
    """A configuration file with one more acceptance; ``before`` is what it holds, None where there is none yet."""

    path: Path
    before: bytes | None
    after: bytes
    line: int
    accepted: int
    """How many findings there are that it accepts."""


def entry(file: str, wanted: Acceptance, options: Options) -> Entry:
    """The configuration that counts for a file with an entry that accepts its findings; ``wanted`` has no path yet.

    Raises :exc:`Failed` where there is no such finding, and :exc:`~linter.config.ConfigError`.
    """
    if wanted.until is not None and wanted.until < date.today():
        raise Failed(f"--until {wanted.until} is over: nothing would be accepted")
    if not os.path.isfile(file):
        raise Failed(f"{file}: {'is a folder: name one file' if os.path.isdir(file) else 'no such file'}")
    config = Configurations(options.config).of(Path(file, os.pardir))
    accepted = _accepted(file, wanted, options, config)
    folder = _folder(Path(file), config)
    path = config.path or folder / OWN_FILE
    acceptance = wanted._replace(path=_path(Path(file), folder), setting=_setting(wanted, accepted))
    before = _content(path) if config.path is not None else None
    after, line = _with(before or b"", acceptance, is_project=path.name == PROJECT_FILE)
    _check(path, after, acceptance)
    return Entry(path, before, after, line, len(accepted))


def _accepted(file: str, wanted: Acceptance, options: Options, config: Config) -> list[Finding]:
    """The findings that are to be accepted; those of a rule that compares files need more than one, and are taken to be there."""
    rules, errors, _ = all_rules([*folders_of(config), *options.rules])
    if errors := errors or check_ids([wanted.rule], (rule.info for rule in rules)):
        raise Failed(errors[0])
    # A rule that is only checked on request is one that somebody has asked for.
    asked = options.overrides.over(Overrides(extend_select=(wanted.rule,), fail_on="never"))
    options = options._replace(overrides=asked, without_baseline=True)
    outcome = lint_paths([file], options)
    if outcome.errors:
        raise Failed(outcome.errors[0])
    of_rule, named = _found(outcome, file, wanted)
    if not named:  # what a server gets from several files is judged, and called, by all of them
        around = lint_paths([file, str(_folder(Path(file), config))], options)
        if (of_all := _found(around, file, wanted))[1]:
            of_rule, named = of_all
    found = [finding for finding in named if finding.suppressed is None]
    if named and not found:
        raise Failed(f"{file}: {wanted.rule} is accepted there already: {named[0].suppressed}")
    kinds = next(rule.info.kinds for rule in rules if rule.info.id == wanted.rule)
    if not found and DEPLOYMENT not in kinds:
        raise Failed(_why_none(file, wanted, of_rule))
    settings = sorted({_name(finding) for finding in found})
    if wanted.setting is None and len(settings) > 1:
        raise Failed(f"{file}: {wanted.rule} has findings at several settings: name one of {', '.join(filter(None, settings))}")
    return found


def _found(outcome: Outcome, file: str, wanted: Acceptance) -> tuple[list[Finding], list[Finding]]:
    """The findings of the rule in a file and environment, and those of them that are at the setting."""
    in_file = (one for one in _single(outcome.result.findings) if one.document.uri == Path(file).as_posix())
    of_rule = [one for one in in_file if one.rule == wanted.rule and wanted.environment in (None, *names_of(one.document))]
    return of_rule, [finding for finding in of_rule if wanted.setting is None or wanted.setting in _names(finding)]


def _single(findings: Iterable[Finding]) -> Iterable[Finding]:
    """The findings, each other place of one that speaks of several as one of its own."""
    for finding in findings:
        yield finding
        for other in finding.related:
            if other.document is finding.document:
                yield finding._replace(path=other.path or None, span=other.span)


def _names(finding: Finding) -> tuple[str, str]:
    return _name(finding), dotted(members_as_one(finding.path or ()))


def _name(finding: Finding) -> str:
    return dotted(finding.path or ())


def _why_none(file: str, wanted: Acceptance, of_rule: list[Finding]) -> str:
    place = f" in {wanted.environment}" if wanted.environment is not None else ""
    if not of_rule or wanted.setting is None:
        return f"{file}: {wanted.rule} finds nothing{place}, so there is nothing to accept"
    settings = list(dict.fromkeys(name for finding in of_rule if (name := _name(finding))))
    near = did_you_mean(wanted.setting, settings) or (f"; it finds {', '.join(settings)}" if settings else "")
    return f"{file}: {wanted.rule} finds nothing at {wanted.setting or 'no setting'}{place}{near}"


def _setting(wanted: Acceptance, accepted: list[Finding]) -> str | None:
    return wanted.setting if wanted.setting is not None else next(map(_name, accepted), None)


def _folder(file: Path, config: Config) -> Path:
    """The folder of the configuration; one is begun in the current folder, or where the file is not in that, beside it."""
    if config.path is not None:
        return config.folder
    here = Path.cwd()
    return here if file.absolute().parent.resolve().is_relative_to(here) else file.absolute().parent


def _path(file: Path, folder: Path) -> str:
    """The path of a file as a glob that fits it alone. Raises :exc:`Failed` for one that the globs of the configuration cannot name."""
    absolute = Path(os.path.abspath(file))
    try:
        relative = absolute.relative_to(folder).as_posix()
    except ValueError:
        raise Failed(f"{file}: is not in {folder}, which the globs of the configuration are relative to") from None
    glob = "".join(_GLOB.get(char, char) for char in relative)
    return glob if "/" in glob else f"/{glob}"


def _content(path: Path) -> bytes:
    try:
        return read_regular(path, LARGEST_CONFIGURATION)
    except Unreadable as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None


def _with(before: bytes, one: Acceptance, *, is_project: bool) -> tuple[bytes, int]:
    """The content of a configuration file with an acceptance at its end, and the line (from 1) of that."""
    newline = b"\r\n" if b"\r\n" in before else b"\n"
    lines = acceptance_lines(one, "tool.medplum-lint.accept" if is_project else "accept")
    gap = b"" if not before or before.endswith(b"\n") else newline
    gap += newline if before.strip() else b""
    after = before + gap + b"".join(line.encode("utf-8", "replace") + newline for line in lines)
    return after, (before + gap).count(b"\n") + 1


def acceptance_lines(one: Acceptance, table: str = "accept") -> list[str]:
    """An acceptance as a table of TOML."""
    texts = {"rule": one.rule, "path": one.path, "setting": one.setting, "environment": one.environment, "reason": one.reason}
    until = [f"until = {one.until.isoformat()}"] if one.until is not None else []
    return [f"[[{table}]]", *(f"{key} = {toml_text(value)}" for key, value in texts.items() if value is not None), *until]


def toml_text(text: str) -> str:
    """A text as a basic string of TOML, which is written as in JSON but for one control character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _check(path: Path, after: bytes, one: Acceptance) -> None:
    """See to it that the file says what was meant: a list in brackets, or a table in braces, cannot be continued at the end of a file."""
    try:
        config = parsed_file(path, after)
    except ConfigError:
        config = None
    if config is None or not config.accept or config.accept[-1]._replace(line=one.line) != one:
        members = ", ".join(acceptance_lines(one)[1:])
        inline = 'its table or its list "accept" is written in braces or brackets, which cannot be continued at the end of the file'
        raise Failed(f"{path}: {inline}: add {{{members}}} to it")
