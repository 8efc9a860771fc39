"""Placeholders that a person or a program fills in: ``${PORT}``, ``{{ .Values.host }}``, ``%API%``, ``<your domain>``, ``YOUR_KEY``.

Their values are not known, so no rule checks them. The forms are those found in public Medplum configurations.
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
_WORD = pattern(
    r"\s*(?:(?:TODO|FIXME)(?:[\s:(,!?].*)?|(?:PLEASE[-_ ])?(?:CHANGE|REPLACE)[-_ ]?(?:ME|THIS|IT)\b.*)", re.IGNORECASE | re.DOTALL
)
_BEGINNINGS = ("todo", "f", "plea", "chan", "repl")
"""The beginnings of its matches; an "i" has other capitals in other alphabets."""


def is_reference(value: Any) -> bool:
    """Whether a text contains something that a program replaces: ``${NAME}``, ``{{ name }}``, ``$(name)``.

    A name without brackets (``$NAME``, ``%NAME%``, ``@@NAME@@``) counts only as a whole, or in the host of a URL: a password can contain
    any of these signs.
    """
    if type(value) is not str or not ("$" in value or "{" in value or "%" in value or "@@" in value):  # like nearly every value
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
"""The maximum depth of nested references."""


def fallback_of(text: str) -> str:
    """The default in a text that is one reference: ``${NAME:-default}``, ``${NAME=default}``, ``${{ secrets.NAME || 'default' }}``.

    Empty if it has none, or only another reference.
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
    """Whether a text closes no brace that it does not open, as between two references."""
    depth = 0
    for brace in re.findall("[{}]", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


def is_blank(value: Any) -> bool:
    """Whether a text contains something that a person has to replace: ``<your domain>``, ``TODO``, ``CHANGEME``."""
    if type(value) is not str:
        return False
    if "<" in value and any(_LETTER.search(match[1]) for match in _BRACKETS.finditer(value)):
        return True
    if value[:1] in "TtCcRrFfPp \t" and value.lstrip()[:4].lower().startswith(_BEGINNINGS) and _WORD.fullmatch(value) is not None:
        return True
    if len(value) <= _SHORT:
        return _has_instruction(value)
    return len(value) <= _LONGEST and _has_sample(value)


_SHORT = 200
"""The maximum length of a text in which an instruction is looked for, and whose result is cached."""
_LONGEST = 20_000
"""The maximum length of a text in which a part to fill in is looked for: a whole certificate bundle is longer than any sample."""
_SAMPLE = pattern(
    r"""(?<![A-Za-z0-9])(?:YOUR[-_ ]?[A-Z] | (?:ADD|ENTER|INSERT|PASTE|PUT|SET)[-_ ][^/\n]{1,80}[-_ ]HERE(?![A-Za-z0-9]))
    | __[A-Z][A-Z0-9_]*__ | (?<![A-Za-z0-9])[Cc]hange[-_ ]?[Mm]e(?![A-Za-z])
    | (?<![A-Za-z0-9])[xX]{4,}(?![A-Za-z0-9]) | x{8} | X{8} | [*\u2022\u25cf]{4}
    | \A\s*(?:\*{3,}|\u2022+|[xX]{3,})\s*\Z | (?:\A\s*|[/:])(?:\.{3,}|\u2026)\s*\Z | -----BEGIN\ [A-Z\ ]+-----[\s\\nr]*(?:\.{3,}|\u2026)""",
    re.VERBOSE,
)
"""Marks in place of words or letters: ``__HOST__``, ``xxxxx``, ``****``."""
_MARKS = ("__", "xxx", "...", "\u2026", "***", "\u2022", "\u25cf")
_SIGNS_OF_SAMPLES = (*_MARKS, "change", "here", "your")
"""One of which is in every match, in lower case: a key or certificate has none, and finding that out takes a fiftieth of the time."""
_KINDS = {
    "o": "add change set",
    "O": "enter fill insert paste provide put replace specify supply",
    "p": "choose configure configured copy create define edit generate generated get injected loaded managed obtain pick populated "
    "provided see stored supplied type update use write",
    "y": "your",
    "m": "my",
    "i": "it me this",
    "r": "actual real",
    "h": "here",
    "w": "at before by from in into own via with",
    "d": "dummy fixme tbd todo",
    "D": "changeit changeme changethis placeholder redacted replaceit replaceme replacethis",
    "s": "credential credentials domain hostname key pass passphrase passwd password secret token uri url",
    "b": "bucket company organisation organization",
    "t": "account address api app arn aws azure certificate client clinic cluster container data database db e email endpoint google goes "
    "hospital host id instance mail medplum name org port postgres postgresql private project public rds recaptcha redis region registry s "
    "server signing site smtp storage string subdomain tenant user username value zone list json array true false or number text file",
    "f": "a admin an and deploy deployment dev env environment for jwt long new of on or please prod production random secure strong super "
    "the to unique vault",
}
"""What the words of an instruction are: orders, of which those under ``p`` begin names too and so count only in capitals; what asks for
something, what is asked for (under ``s`` and ``b`` what no one calls "my" something), and words between them."""
_KIND = {word: kind for kind, words in _KINDS.items() for word in words.split()}
_INSTRUCTION = pattern(
    r"""[Cc](?:.*y[^x?].* | [^?]*y[^?]+     # your-domain; your-anything, but not in a host
    | [^x?]*[dD] | [dD][^x?]*               # dummy-key, REDACTED
    | m[^x?m]*[sb]                          # my-secret-key, but not my-data
    | [oO][^?]*h | [^?]*[stbi]h | r[^?]*s   # put-it-here, key-here, real-key
    | f?[oO](?:f?r[^?]*s | i[^x?]* | w[^x?]+) | O[^x?]*s)  # paste-real-key, change-me, set-in-vault, enter-password; no add-on, no put
    | C(?:[^?]+h | r[^?]*[tb] | f?[oOp](?=[^?]*[a-z])[^?]*[hirwystb][^?]*)""",
    re.VERBOSE,
)
"""The grammar of instructions, in the kinds of their words, after a C for capitals: ``n`` is a number, ``x`` another word, ``?`` none."""
_SIGNS_OF_INSTRUCTIONS = frozenset("oOpymrhdD")
"""The kinds of which one is in every instruction. Most values have none, and then the pattern need not even be compiled."""
SIGNS = (*_MARKS, *" ".join(_KINDS[kind] for kind in "oOymrhdD").split())
SIGNS += tuple(_KINDS["p"].upper().split())
"""One of which is in every short text that has to be replaced, in lower case or as it is."""
_DELIMITERS = dict.fromkeys(map(ord, "/:@=,;\"'()[]{}<>|?&\n\r\t\\"), "\n")
"""Delimiters around an instruction that is a part of a text."""


def _has_sample(text: str) -> bool:
    """Whether a text contains marks in place of words or letters."""
    written = text.lower()
    return any(sign in written for sign in _SIGNS_OF_SAMPLES) and _SAMPLE.search(text) is not None


@lru_cache(maxsize=8_192)
def _has_instruction(text: str) -> bool:
    """Whether a short text or a part of it says that it has to be replaced: ``PASTE_KEY_HERE``, ``your-postgres-password``, ``****``."""
    written = f"{text.lower()} {text}"
    if not any(sign in written for sign in SIGNS):
        return False
    if _has_sample(text):
        return True
    pieces = [piece.strip(" !") for piece in text.replace("your.", "your-").translate(_DELIMITERS).split("\n")]
    labels = (_kinds(label, in_host="." in piece) for piece in pieces for label in piece.split("."))
    return any(_INSTRUCTION.fullmatch(kinds) for kinds in labels if not _SIGNS_OF_INSTRUCTIONS.isdisjoint(kinds))


def _kinds(label: str, *, in_host: bool = False) -> str:
    """The kinds of the words of a text; a label of a host can be anything, even "dummy"."""
    kinds = "C" if label.isupper() else "c"
    for word in re.findall("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^-_ ]", label):
        other = "n" if word.isdecimal() and len(word) < 5 else "x" if word.isalpha() and len(word) > 1 else "?"
        mine = "y" if word[:4].lower() == "your" and word[4:].lower() in _KIND else ""
        known = _KIND if word != "Bucket" else {}  # no bucket has a capital: My_Bucket is a mistake, and not a blank
        kinds += mine + known.get(word[4:].lower() if mine else word.lower(), other)
    return kinds.translate({ord("x"): "?", ord("d"): "?"}) if in_host else kinds


def is_stock(text: str) -> bool:
    """Whether a text consists of stock words for something to fill in: ``CHANGE_ME``, ``<new secret>``, ``your-password``.

    It cannot be a secret, wherever it is.
    """
    if len(text) > _LONGEST_STOCK or not is_blank(text):
        return False
    return {"n", "x", "?"}.isdisjoint(_kinds(text.replace("<", " ").replace(">", " ").replace(".", " ")))


_LONGEST_STOCK = 60


def is_unresolved(value: Any) -> bool:
    """Whether a value is, or contains, a reference or a blank to fill in."""
    if type(value) is not str:
        return False
    return _is_unresolved(value) if len(value) <= _SHORT else is_reference(value) or is_blank(value)


@lru_cache(maxsize=8_192)
def _is_unresolved(text: str) -> bool:
    """The same for a short text, cached because many rules ask about each value."""
    return is_reference(text) or is_blank(text)


@format(
    "resolved",
    "A value that no program has to replace first: not `${PORT}` or `{{ name }}`.",
)
def resolved(text: str) -> str | None:
    return "is a reference that still has to be replaced by its value" if is_reference(text) else None


@format(
    "filled-in",
    "A value that does not still have to be filled in: not `<your domain>` or `TODO`.",
)
def filled_in(text: str) -> str | None:
    return "looks like a placeholder" if is_blank(text) and genuine(text) is None else None


@format(
    "genuine",
    "A value that is not a dummy, such as `dummy-key`, which developers write for settings that they do not use.",
)
def genuine(text: str) -> str | None:
    return "is a dummy" if "dummy" in text.lower() and is_blank(text) else None
