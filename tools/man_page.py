"""``man/medplum-lint.1``: the manual page, made of the text of ``--help`` and of the tables of ``docs/cli.md``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import address
import command_docs

from linter import __version__
from linter.output.say import PROGRAM

_SAYS: Final = "check the configuration of self\\-hosted Medplum servers"


def build() -> str:
    """The text of the page, in the man macros that groff and mandoc read."""
    return "".join(f"{line}\n" for line in _lines())


def _lines() -> Iterator[str]:
    paragraphs, examples, codes = command_docs.root()
    check, *others = command_docs.commands()
    yield '.\\" Made by tools/generate.py from the help of the commands and docs/cli.md: edit those.'
    yield f'.TH MEDPLUM\\-LINT 1 "" "{PROGRAM} {__version__}" "User Commands"'
    yield from (".nh", ".ad l")  # no hyphens in names, no gaps between words
    yield from (
        ".SH NAME",
        f"{_text(PROGRAM)} \\- {_SAYS}",
        ".SH SYNOPSIS",
        *_usage(check.usage),
        ".PP",
        *_usage(f"{PROGRAM} COMMAND [OPTIONS] ..."),
    )
    yield from (".SH DESCRIPTION", *_paragraphs(paragraphs))
    yield from (".SH EXAMPLES", *_verbatim([*examples, *check.examples]), ".SH OPTIONS", *_options(check, ".SS {}"))
    yield ".SH COMMANDS"
    for command in others:
        yield from (f".SS {_text(command.name)}", *_usage(command.usage), ".PP", *_paragraphs(command.paragraphs))
        yield from (*_options(command), ".PP", "Examples:", *_verbatim(command.examples))
    yield from (".SH EXIT STATUS", *_terms(codes), ".SH ENVIRONMENT", *_terms(_table("Environment")), ".SH FILES", *_terms(_table("Files")))
    yield from (".SH SEE ALSO", f"The documentation: {_text(address.filled_in(address.site()))}", ".PP")
    yield f"Its source: {_text(address.filled_in(address.repository()))}"


def _usage(usage: str) -> Iterator[str]:
    program, _, rest = usage.partition(" ")
    yield f".B {_text(program)}"
    yield _text(rest)


def _paragraphs(texts: Iterable[str]) -> Iterator[str]:
    for index, text in enumerate(texts):
        yield from ([".PP"] if index else [])
        yield _text(text)


def _verbatim(lines: Iterable[str]) -> Iterator[str]:
    yield from (".PP", ".RS 4", ".nf")
    for line in lines:
        yield _text(line)
    yield from (".fi", ".RE")


def _options(command: command_docs.Described, title: str = "") -> Iterator[str]:
    """The options, under headings if there is a ``title`` for them."""
    for heading, records in command.options.items():
        yield from ([title.format(_text(heading))] if title else [])
        for names, text in records:
            yield from (".TP", _bold(names), _text(text))


def _terms(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, text in pairs:
        yield from (".TP", f".B {_text(name)}", _text(text))


def _table(title: str) -> list[tuple[str, str]]:
    """A table of the page, without the marks of Markdown."""
    return [
        (name, re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text).replace("`", "").replace("\\|", "|"))
        for name, text in command_docs.table(title)
    ]


def _bold(names: str) -> str:
    """The names of an option in bold, and what stands for its value in italics."""
    *shorter, last = names.split(", -")
    option, _, value = f"-{last}".partition(" ") if shorter else last.partition(" ")
    bold = ", ".join(f"\\fB{_text(name)}\\fR" for name in (*shorter, option))
    return f"{bold} \\fI{_text(value)}\\fR" if value else bold


def _text(text: str) -> str:
    """A text whose characters mean themselves, in one line."""
    text = re.sub(r"[\\~^`'\"-]", lambda match: _ROFF[match[0]], re.sub("  +", " ", text) if not text.startswith(" ") else text)
    return f"\\&{text}" if text.startswith(".") else text


_ROFF: Final = {"\\": "\\e", "~": "\\(ti", "^": "\\(ha", "`": "\\(ga", "'": "\\(aq", '"': "\\(dq", "-": "\\-"}
