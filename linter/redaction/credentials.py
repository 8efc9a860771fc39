"""Credentials inside public texts: the password in a URL, the token in a query, the key in a connection string.

A suspected credential is masked as far as it may reach: rather too much than too little.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..formats.urls import authority_at, last_at
from ..patterns import pattern
from ..text import MASK
from ..typed import Final
from .generated import generated_at

_SCHEME: Final = pattern(
    r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*:[/\\]+|(?:https?|wss?|postgres(?:ql)?|rediss?|smtps?|jdbc|ftp)[:/\\]+)", re.IGNORECASE
)
"""The scheme of a URL and the slashes after it, even if one of the two is misspelt."""
_DIGEST: Final = pattern(r"@(?:sha256|sha512):[0-9a-f]{32,}\Z")
"""The end of a container image reference by digest."""
_ESCAPED_AT: Final = pattern("%40|[\uff20\ufe6b]")
"""Characters that a host parser reads as an "@"."""
_QUERY: Final = pattern(r"\?(?:[\w.\[\]%~-]{1,64}=)?(?=\S)")
"""The start of the values of a query: after the name of the first one."""
_FRAGMENT: Final = pattern(r"(?<=#)\s*(?=\S)")
"""The start of a URL's fragment, or of a comment after one that has become a part of the value."""
_PAIR: Final = pattern(r"""[\w\]"')][ \t]*=[ \t]*(?=[^\s=])""")
"""``name=`` in a connection string, a line that swallowed another, a URL's query."""
_SECRET_NAME: Final = pattern(
    r"(?<![A-Za-z])(?<!\d{12}:)(?:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?"
    r"|(?:api|access|account|private|shared)[ _-]?key|authorization)"
    r"""["'\\]*\s*:\s*(?=\S)""",
    re.IGNORECASE,
)
"""``password:`` and similar names, except for the resource type after the account in an ARN."""
_OPTION: Final = pattern(
    r"(?:^|(?<=\s))(?:-p(?=[^\s-])|--?(?:pass(?:word|wd|phrase)?|pwd|secret|token|(?:api-?|access-?|private-?)?key)[=\s]\s*)(?=\S)",
    re.IGNORECASE,
)
"""An option of a command followed by the password: ``-pSECRET``, ``--password SECRET``."""
_WEBHOOK: Final = pattern(r"(?:\bhooks\.slack\.com|\bdiscord\.com/api/webhooks|\.webhook\.office\.com)/(?=\S)", re.IGNORECASE)
"""The start of the part in a webhook's URL that is all a caller needs to know."""
_KNOWN: Final = pattern(
    r"(?<![A-Za-z0-9])(?:"
    r"A(?:KIA|SIA|ROA|IDA|GPA)[0-9A-Z]{8}"  # AWS: keys and ids of IAM
    r"|GOCSPX-|AIza[\w-]{8}|ya29\.|1//0"  # Google
    r"|SG\.[\w-]{6}|key-[0-9a-f]{16}"  # SendGrid, Mailgun
    r"|[srp]k_(?:live|test)_|whsec_"  # Stripe
    r"|gh[opsur]_|github_pat_|glpat-|xox[abeoprs]-|xapp-|npm_[A-Za-z0-9]{8}|pypi-[\w-]{8}"
    r"|dckr_pat_|xkeysib-|dapi[0-9a-f]{8}"
    r"|hv[sbr]\.[\w-]{6}|dop_v1_|shp(?:at|ss|ca|pa)_|sq0(?:atp|csp)-|sk-[\w-]{8}|AGE-SECRET-KEY-|EAA[\w]{16}"
    r"|eyJ[\w-]{5}"  # a JSON Web Token
    r"|(?:Bearer|Basic)\s+(?=[\w+/=.-]{6})"
    r")[^\s\"'<>,;()\[\]{}]*"
)
"""Tokens that are recognised by their prefix."""
_REFERENCE: Final = r"\$\{[^{}]*\}|\$[A-Z_]+|\{\{[^{}]*\}\}|<[^<>]*>|%[A-Z_]+%|@@[A-Z_]+@@|__[A-Z_]+__"
_PORT: Final = pattern(r"://(?:[^\s/?#:\[$<{]|\[[0-9A-Fa-f:.%]*\])*:(?!(?:\d{0,6}|" + _REFERENCE + r")(?:[/?#,;\s\\]|\Z))(?=\S)")
"""The start of a port in a URL that is not a number."""
_BEFORE_CREDENTIALS: Final = (("?", _QUERY), ("=", _PAIR), (":", _SECRET_NAME), ("-", _OPTION), ("/", _WEBHOOK), ("://", _PORT))
"""Texts that precede a credential, each with a sign of it: compiling a pattern takes longer than searching a text."""
_PRIVATE_KEY: Final = pattern(r"PRIVATE\s*KEY", re.IGNORECASE)


@lru_cache(maxsize=2_000)
def without_credentials(text: str, *, is_mail: bool = False, is_identifier: bool = False) -> str:
    """The text with its credentials masked; the text itself if it has none.

    ``is_mail``: it is a text in which ``name@host`` is an address. ``is_identifier``: it is public though it looks random.
    """
    if _PRIVATE_KEY.search(text):
        return MASK
    text = text if is_mail else _without_user(text)
    matches = (known.search(text) for sign, known in _BEFORE_CREDENTIALS if sign in text)
    starts = [match.end() for match in matches if match is not None]
    if "://" in text and "#" in text and (fragment := _FRAGMENT.search(text)) is not None:
        starts.append(fragment.end())
    if not is_identifier:
        starts += generated_at(text)
    if starts and not text.startswith(MASK, min(starts)):
        text = text[: min(starts)] + MASK
    return _KNOWN.sub(MASK, text)


def _without_user(text: str) -> str:
    """The text without the part before its last "@": user and password, or just a token."""
    scheme = _SCHEME.match(text)
    start = scheme.end() if scheme is not None else 0
    at = last_at(text)
    if at >= 0 and _DIGEST.match(text, at):
        at = last_at(text, 0, at)
    if not text.isascii() or "%40" in text:
        at = max([at, *(match.start() for match in _ESCAPED_AT.finditer(text, start, authority_at(text, start).end))])
    start = start if start <= at else 0
    return f"{text[:start]}{MASK}{text[at:]}" if start < at else text
