"""The values in the texts of options and arguments. Each function raises :exc:`ValueError`, with the reason, for an invalid text."""

from __future__ import annotations

from pathlib import Path

from ..files import parse_size
from ..text import day_of
from ..typed import TYPE_CHECKING, Any
from . import Option, Output

if TYPE_CHECKING:
    from datetime import date, datetime

    from ..release import ServerVersion


class NoChoice(ValueError):
    """A text that is not one of the words of an option; the message suggests the nearest one."""


def value_of(option: Option, given: Any, given_by: str) -> Any:
    """The parsed text or texts of an option, or its initial value if there are none; ``given_by`` names where they were given.

    Raises :exc:`NoChoice` if the option has choices and the text is not one of them.
    """
    if given is None or given == ():
        return option.initial
    if option.choices and given not in option.words:
        from ..suggest import choice_meant

        raise NoChoice(f"{given!r} is not one of {', '.join(map(repr, option.words))}{choice_meant(given, option.words)}")
    return globals()[option.parse](given, *([given_by] if option.variable else [])) if option.parse else given


def rule_names(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Rule ids and categories, from several texts or from one with commas."""
    names = [[word.strip() for word in text.split(",") if word.strip()] for text in texts]
    if not all(names):
        raise ValueError("it names no rule")
    return tuple(word for words in names for word in words)


def folders(texts: tuple[str, ...]) -> tuple[Path, ...]:
    """Folders and files of rules. An empty name, from an unset variable, would mean the current folder."""
    if "" in texts:
        raise ValueError("it names no folder")
    return tuple(map(Path, texts))


def file(text: str) -> Path:
    """The path of a file."""
    if text == "":
        raise ValueError("it names no file")
    return Path(text)


def kind(text: str) -> str:
    """A kind of document that some source makes."""
    from ..sources import kinds

    if text not in kinds():
        from ..suggest import nearest

        part, near = text.lower(), nearest(text.lower(), kinds(), 0.8)
        meant = [one for one in sorted(kinds()) if part in one.split("/")] or ([near] if near is not None else [])
        did_you_mean = "; did you mean {}?".format(" or ".join(f'"{one}"' for one in meant)) if 0 < len(meant) < 3 else ""
        raise ValueError(f'"{text}" is not one of {", ".join(sorted(kinds()))}{did_you_mean}')
    return text


def outputs(texts: tuple[str, ...]) -> tuple[Output, ...]:
    """The reports requested by ``FILE`` and ``FORMAT:FILE``."""
    return tuple(map(_output, texts))


def _output(text: str) -> Output:
    """A report. The text before the first colon is a format only if one has that name: in ``C:\\x`` and ``a:b`` there is none."""
    from ..reporters import names

    if text == "":
        raise ValueError("it names no file")
    name, colon, path = text.partition(":")
    if not colon:
        return Output("", text)
    if name in names():
        if path == "":
            raise ValueError(f"{text} needs a file name after the colon")
        return Output(name, path)
    if len(name) > 2 and name.isalpha():  # a typo would write another report to an oddly named file, unnoticed until its upload fails
        from ..suggest import did_you_mean

        if near := did_you_mean(name.lower(), names()):
            raise ValueError(f'there is no format "{name}"{near} For a file of this name write ./{name}:{path}')
    return Output("", text)


def category(text: str) -> str:
    """The name of a SARIF category, which becomes part of an identifier."""
    name = text.strip().strip("/")
    if not name or not text.isprintable():
        raise ValueError(f'"{text}" is not a name such as medplum/production')
    return name


def moment(text: str) -> datetime:
    """A date, or a date and time, in ISO 8601; in UTC unless it has a time zone."""
    from datetime import datetime, timezone

    try:
        now = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise ValueError(f'"{text}" is not a date such as 2026-01-31') from None
    return now if now.tzinfo else now.replace(tzinfo=timezone.utc)


def day(text: str) -> date:
    """A date such as 2026-01-31."""
    found = day_of(text)
    if found is None:
        raise ValueError(f'"{text}" is not a date such as 2026-01-31')
    return found


def words(text: str) -> str:
    """A text that is not blank, such as a reason or a name."""
    if not text.strip():
        raise ValueError("it is blank")
    return text.strip()


def server_version(text: str, given_by: str) -> ServerVersion:
    """The server releases that a text stands for; ``given_by`` names the option or variable."""
    from ..settings.releases import parse_server_version

    return parse_server_version(text, given_by)


def named(text: str, given_by: str) -> tuple[str, str]:
    """The name of an option or variable, and its text."""
    return given_by, text


def size(text: str) -> int:
    """A number of bytes, with or without a unit."""
    try:
        return parse_size(text)
    except ValueError:
        raise ValueError(f'"{text}" is not a size such as 64MiB') from None
