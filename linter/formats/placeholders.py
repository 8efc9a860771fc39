"""What a person or a program still has to fill in: ``${PORT}``, ``{{ .Values.host }}``, ``%API%``, ``<your domain>``, ``YOUR_KEY``.

It is not known what they will become, so no rule checks them as values. The forms are those found in public Medplum configurations.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..patterns import pattern
from ..typed import Any
from . import format

_REFERENCES = (("${", "}"), ("{{", "}}"), ("$(", ")"))
_BRACKETS = pattern(r"<([^<>@]*)>")
_LETTER = pattern("[A-Za-z]")
_WORD = pattern(r"\s*(?:TODO\b.*|FIXME\b.*|(?:PLEASE[-_ ])?(?:CHANGE|REPLACE)[-_ ]?(?:ME|THIS|IT)\b.*)", re.IGNORECASE | re.DOTALL)
_BEGINNINGS = ("todo", "f", "plea", "chan", "repl")
"""How what that finds begins; an "i" has other capitals in other alphabets."""


def is_reference(value: Any) -> bool:
    """Whether a text holds something that a program replaces: ``${NAME}``, ``{{ name }}``, ``$(name)``.

    A name without brackets (``$NAME``, ``%NAME%``, ``@@NAME@@``) is one only as a whole, or in the host of a URL: a password can have
    any of these signs in it.
    """
    if type(value) is not str or not ("$" in value or "{" in value or "%" in value or "@@" in value):  # as nearly every value
        return False
    return any(end in value.partition(start)[2] for start, end in _REFERENCES) or _is_bare(value)


def _is_bare(text: str) -> bool:
    found = re.fullmatch(
        r"""\s*(?P<url>[A-Za-z][A-Za-z0-9+.-]*://(?:[^/\\?\#\s]*@)?(?:[\w.-]*\.)?)?
        (?:\$[A-Z_][A-Z0-9_]+|%[A-Z_][A-Z0-9_]+%|@@[A-Z_][A-Z0-9_]+@@)
        (?(url)(?:\.[\w.-]*)?(?:[:/?\#].*)?|\s*)""",
        text,
        re.VERBOSE | re.DOTALL,
    )
    return found is not None


_MOST_DEFAULTS = 5
"""References in one another at most."""


def fallback_of(text: str) -> str:
    """The default of a text that is one reference: ``${NAME:-default}``, ``${NAME=default}``, ``${{ secrets.NAME || 'default' }}``.

    Empty where it has none, or only what again is replaced.
    """
    if not text.startswith("${"):
        return ""
    if text.startswith("${{") and (otherwise := re.fullmatch(r"\$\{\{[^{}']*\|\|\s*'((?:[^']|'')*)'\s*\}\}", text)):
        return otherwise[1].replace("''", "'")
    if "-" not in text and "=" not in text:
        return ""
    for _ in range(_MOST_DEFAULTS):
        match = re.fullmatch(r"\$\{[A-Za-z_][A-Za-z0-9_]*:?[-=](.*)\}", text, re.DOTALL)
        if match is None or not _is_balanced(match[1]):
            return ""
        text = match[1]
        if not text.startswith("${"):
            return "" if is_reference(text) or re.search(r"(?<!\$)\$[A-Za-z_]", text) else text
    return ""


def _is_balanced(text: str) -> bool:
    """Whether no brace is closed in a text that is not opened in it, as between two references."""
    depth = 0
    for brace in re.findall("[{}]", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


def is_blank(value: Any) -> bool:
    """Whether a text holds something that a person has to replace: ``<your domain>``, ``TODO``, ``CHANGEME``."""
    if type(value) is not str:
        return False
    if "<" in value and any(_LETTER.search(match[1]) for match in _BRACKETS.finditer(value)):
        return True
    if value[:1] in "TtCcRrFfPp \t" and value.lstrip()[:4].lower().startswith(_BEGINNINGS) and _WORD.fullmatch(value) is not None:
        return True
    if len(value) > _LONGEST:
        return False
    lower = value.lower()
    for sign in _SIGNS:  # no generator, for every value of a configuration is asked this several times
        if sign in lower:
            return _is_sample_of_a_form(value)
    return False


_SHORT = 200
"""Characters of a text at most of which is kept whether it is to be replaced."""
_LONGEST = 20_000
"""Characters of a text at most in which a part to fill in is looked for: a whole certificate bundle is longer than any sample."""
_SIGNS = ("__", "xxxx", "...", "\u2026", "your", "replace", "change", "paste", "insert")
"""One of which is in every text that :func:`_is_sample_of_a_form` finds, in lower case."""


def _is_sample_of_a_form(text: str) -> bool:
    """What people write where another has to write: ``YOUR_KEY``, ``your-domain``, ``__HOST__``, ``xxxxx``, ``PASTE_KEY_HERE``."""
    found = re.search(
        r"""(?<![A-Za-z0-9])YOUR[-_ ]?[A-Z]
        | (?<![A-Za-z0-9])[Yy]our[-_. ]?(?:own|actual|new|real|org|organi[sz]ation|company|hospital|clinic|domain|sub-?domain|host(?:name)?
            |server|bucket|region|account|e?-?mail|address|app|api|site|project|client|user(?:name)?|password|passphrase|secret|secure|strong
            |key|private|public|signing|google|recaptcha|aws|token|instance|db|database|redis|smtp|name|id|url|value)(?![a-z])
        | __[A-Z][A-Z0-9_]*__
        | (?<![A-Za-z0-9])[xX]{5,}(?![A-Za-z0-9])
        | (?<![A-Za-z0-9])(?:REPLACE|CHANGE)[-_ ](?:WITH|ME|THIS|BY|IN)(?![A-Za-z])
        | (?<![A-Za-z0-9])change[-_]?me(?![A-Za-z])
        | (?<![A-Za-z0-9])(?:PASTE|INSERT)[-_ ][A-Z_ -]*HERE(?![A-Za-z])
        | \A\s*(?:\.{3,}|\u2026)\s*\Z
        | -----BEGIN\ [A-Z\ ]+-----[\s\\nr]*(?:\.{3,}|\u2026)
        """,
        text,
        re.VERBOSE,
    )
    return found is not None


_STOCK = frozenset(
    "a account actual address admin an and api app aws bucket change changeme client clinic company data database db domain email "
    "fill fixme from generate generated google here host hospital hostname id in insert it key me my name new of or org "
    "organization own pass passphrase password paste please port private public real recaptcha redis region replace replaceme "
    "secret secure server signing site smtp storage strong the this to todo token url user username value with your".split()
)
_BETWEEN_WORDS = pattern(r"[-_ .<>]+")


def is_stock(text: str) -> bool:
    """Whether a text says that something has to be filled in, in stock words alone: ``CHANGE_ME``, ``<new secret>``, ``your-password``.

    No secret can be in it, wherever it stands.
    """
    return len(text) <= _LONGEST_STOCK and is_blank(text) and _STOCK.issuperset(filter(None, _BETWEEN_WORDS.split(text.lower())))


_LONGEST_STOCK = 60


def is_unresolved(value: Any) -> bool:
    """Whether a value is, or holds, a reference or a blank to fill in."""
    if type(value) is not str:
        return False
    return _is_unresolved(value) if len(value) <= _SHORT else is_reference(value) or is_blank(value)


@lru_cache(maxsize=256)
def _is_unresolved(text: str) -> bool:
    """The same for a short text: each value of a document is asked for by one rule after the other."""
    return is_reference(text) or is_blank(text)


@format(
    "resolved",
    "A value that no program still has to fill in: not `${PORT}` or `{{ name }}`.",
)
def resolved(text: str) -> str | None:
    return "is a reference that still has to be replaced by its value" if is_reference(text) else None


@format(
    "filled-in",
    "A value that no one still has to fill in: not `<your domain>` or `TODO`.",
)
def filled_in(text: str) -> str | None:
    return "still has to be filled in" if is_blank(text) else None
