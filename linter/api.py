"""medplum-lint from Python: :func:`check` files, folders or a text as the command line does, and get a :class:`Result`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from .commands.check import is_replaced, run_options
from .documents.inputs import Input
from .fixes.plan import fixed
from .log import Log
from .model import Finding as Found
from .model import Level, dotted
from .options import Given, Option, options_of
from .options.config import ConfigError
from .options.values import NoChoice, value_of
from .output.say import UsageError
from .redaction.mask import named_environment, shown_span
from .run import Check, Outcome, checks
from .text import count
from .typed import TYPE_CHECKING, Any, NamedTuple, TypedDict

if TYPE_CHECKING:
    from .typed import Unpack


class CheckOptions(TypedDict, total=False):
    """Options of ``medplum-lint check``, with underscores for hyphens; values are those of the command line."""

    kind: str
    target: str
    server_version: str
    start: str
    now: str
    max_size: str
    select: Iterable[str]
    extend_select: Iterable[str]
    ignore: Iterable[str]
    pedantic: bool
    rules: Iterable[str | os.PathLike[str]]
    config: str | os.PathLike[str]
    isolated: bool
    force_exclude: bool
    allow_unrecognized: bool
    baseline: str | os.PathLike[str]
    no_baseline: bool
    fail_on: str


class Finding(NamedTuple):
    """Something wrong at one place of a file.

    Lines and columns count from 1, and the end is the first character after it. ``setting`` is the dotted name of a setting, such as
    ``database.host``, and None for a mistake in the text; ``environment`` is the environment of a dump or a container. ``fix`` describes
    the fix that can be made to the file, and ``safe`` says that it doesn't change what the server does. ``suppressed`` is the reason the
    finding is accepted, None if it is not. No text shows a secret.
    """

    rule: str
    severity: Level
    message: str
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    setting: str | None = None
    environment: str | None = None
    fix: str | None = None
    safe: bool = False
    suppressed: str | None = None


class Result:
    """What a check finds.

    ``findings`` are in the order of a report. ``errors`` says which inputs could not be checked and why, and what stopped the run; nothing
    is raised for them. ``exit_code`` is the one of the command line: 0, 1 for findings, 2 for errors, 3 for a bug in medplum-lint.
    """

    def __init__(self, outcome: Outcome, lint: Check, *, of_text: bool = False) -> None:
        self.findings: tuple[Finding, ...] = tuple(map(_finding, outcome.result.findings))
        self.errors: tuple[str, ...] = (*outcome.errors, *outcome.bugs)
        self.exit_code: int = outcome.exit_code
        self._lint, self._of_text = lint, of_text

    def __repr__(self) -> str:
        return f"<Result: {count(len(self.findings), 'finding')}, {count(len(self.errors), 'error')}>"

    def fixed(self, *, unsafe: bool = False) -> dict[str, bytes]:
        """The new content of each file that fixes change, by its path, as ``--fix`` would write it. Nothing is written.

        With ``unsafe``, fixes that need review are made too.
        """
        return {file.uri: file.after for file in fixed(self._lint, unsafe=unsafe).files}

    def fix(self, *, unsafe: bool = False) -> Result:
        """Write what :meth:`fixed` returns, check the files again, and return that result.

        A file that cannot be written stays as it is, and is among the errors. Raises :exc:`TypeError` for the result of a text, which has
        no file.
        """
        if self._of_text:
            raise TypeError("a text has no file: fixed() returns the fixed text")
        log = Log()
        for file in fixed(self._lint, unsafe=unsafe).files:
            is_replaced(file, log)
        after = Result(self._lint({}), self._lint)
        after.errors += tuple(log.errors)
        after.exit_code = max(after.exit_code, 2 if log.errors else 0)
        return after


def check(
    *paths: str | os.PathLike[str], text: str | bytes | None = None, name: str = "medplum.config.json", **options: Unpack[CheckOptions]
) -> Result:
    """Check files, folders and globs, or a ``text`` that need not be in a file, as ``medplum-lint check`` does.

    ``name`` is what a report calls the text; like the name of a file, its ending says what format it is in. The ``options`` are those of
    the command line: ``server_version="4.3.5"`` is ``--server-version 4.3.5``, and ``select=["tls"]`` is ``--select tls``.

    Raises :exc:`TypeError` for an unknown option, and unless there are either paths or a text; :exc:`ValueError` for a value that an option
    does not accept, and for a configuration in ``config`` that cannot be used.
    """
    if bool(paths) == (text is not None):
        raise TypeError("check() takes either paths or a text")
    try:
        asked = run_options(_given(options))
    except (ConfigError, UsageError) as error:
        raise ValueError(str(error)) from None
    given = [] if text is None else [Input(name, text.encode() if isinstance(text, str) else text, Path(name), piped=True)]
    lint = checks([os.fspath(path) for path in paths], asked, given)
    return Result(lint(None), lint, of_text=text is not None)


def _given(options: Any) -> Given:
    """The values of options, parsed as on the command line."""
    given = Given(**{option.key: option.initial for option in options_of("check")})
    known = {_name(option): option for option in options_of("check") if _name(option) in CheckOptions.__annotations__}
    for name, value in options.items():
        if name not in known:
            raise TypeError(f"check() has no option {name!r}: it has {', '.join(sorted(known))}")
        setattr(given, known[name].key, _value(known[name], value))
    return given


def _name(option: Option) -> str:
    return option.names.split()[0].strip("-").replace("-", "_")


def _value(option: Option, value: Any) -> Any:
    """The value of an option. Raises :exc:`ValueError`, with the name of the option, for a value that it does not accept."""
    name = _name(option)
    if option.is_switch:
        return bool(value)
    texts = tuple(map(str, [value] if isinstance(value, str | os.PathLike) else value)) if option.repeated else str(value)
    try:
        return value_of(option, texts, name)
    except NoChoice:
        raise ValueError(f"{name}: {value!r} is not one of {', '.join(option.words)}") from None
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _finding(found: Found) -> Finding:
    document, fix = found.document, found.fix if found.fix is not None and found.fix.edits is not None else None
    start, end = document.text.positions(shown_span(document, found.path, found.span))
    return Finding(
        found.rule,
        found.severity,
        found.message,
        document.uri,
        *start,
        *end,
        dotted(found.path) if found.path else None,
        named_environment(document),
        fix.description if fix is not None else None,
        fix is not None and fix.safe,
        found.suppressed,
    )
