"""Planted secrets: texts as no other text holds them, in the forms that real secrets have, and how they are found in a report."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import ClassVar, Final, NamedTuple
from urllib.parse import quote, unquote

_LOWER: Final = "gjkqvwxz"
_UPPER: Final = "GJKQVWXZ"
_DIGITS: Final = "0123456789"
_PIECE: Final = 6
"""Characters of a secret that give it away."""
_DIGITS_PIECE: Final = 8
"""The same of a number: six digits in a row are in many a text."""
_CODED_PIECE: Final = 8
"""Letters of base64, or bytes in hexadecimal, that do."""

Shape = str
"""``mixed``, ``word`` (lower-case letters), ``upper`` (upper-case letters and digits) or ``digits``."""


class Canaries:
    """Makes secrets and keeps them.

    Another ``seed`` makes others of the same shapes and lengths; ``longer`` is how many characters each has more, but for numbers.
    """

    def __init__(self, seed: int, longer: int = 0) -> None:
        self._random = Random(seed)
        self._longer = longer
        self.made: list[str] = []
        self.credentials: list[str] = []
        """The whole texts of those in public values: they are not recognisable without their sign (``GOCSPX-``, ``@``)."""
        self.label = ""
        """How the next secrets are written: the name of their form."""
        self._labels: dict[str, str] = {}

    def new(self, shape: Shape = "mixed", length: int = 18) -> str:
        """A secret; ``length`` in characters (6 are the least that can be found again)."""
        made = "".join(self._random.choice(letters) for letters in _alphabets(shape, length + (shape != "digits") * self._longer))
        self.made.append(made)
        self._labels[made] = self.label
        return made

    def needles(self) -> Iterator[Needle]:
        """What is looked for in reports."""
        for text in self.made:
            yield from _needles(text, self._labels[text])


def _alphabets(shape: Shape, length: int) -> Iterator[str]:
    """The letters to choose from at each place. None is a hexadecimal digit or a vowel, so that no hash and no word holds them."""
    cycle = {"word": [_LOWER], "upper": [_UPPER, _UPPER, _DIGITS], "digits": [_DIGITS], "mixed": [_LOWER, _UPPER, _DIGITS]}[shape]
    for place in range(length):
        yield _DIGITS[1:] if shape == "digits" and not place else cycle[place % len(cycle)]


class Needle(NamedTuple):
    """A text that gives a secret away, how it is made from the secret, and how that was written."""

    text: str
    form: str
    label: str

    def __str__(self) -> str:
        return f"{self.text} ({self.form}; written as {self.label})"


_FORMS: Final[dict[str, Callable[[str], str]]] = {
    "as it is": str,
    "with upper and lower case exchanged": str.swapcase,
    "in lower case": str.lower,
    "in upper case": str.upper,
    "backwards": lambda text: text[::-1],
}


def _needles(secret: str, label: str) -> Iterator[Needle]:
    size = _DIGITS_PIECE if secret.isdigit() else _PIECE
    for form, write in _FORMS.items():
        yield from (Needle(piece, form, label) for piece in _pieces(write(secret), size))
    for shift in range(3):
        # A text within another one begins at any of three places of base64, and its first and last letters depend on what is beside it.
        inner = base64.b64encode(b"\0" * shift + secret.encode()).decode()[4:-4]
        yield from (Needle(piece, "in base64", label) for piece in _pieces(inner, _CODED_PIECE))
    yield from (Needle(piece, "in hexadecimal", label) for piece in _pieces(secret.encode().hex(), 2 * _CODED_PIECE))


def _pieces(text: str, size: int) -> Iterator[str]:
    return (text[start : start + size] for start in range(len(text) - size + 1))


class Detector:
    """Finds planted secrets, and pieces of them, in reports."""

    _usual: ClassVar[set[str]] = set()
    """Lines of the reports of other cases: what rules say, over and over. The secrets of this case are new."""

    def __init__(self, needles: Iterable[Needle]) -> None:
        self._by_text: dict[str, Needle] = {}
        for needle in needles:
            self._by_text.setdefault(needle.text, needle)
        self._own: set[str] = set()

    def found(self, report: str, elsewhere: str = "") -> Iterator[tuple[Needle, str]]:
        """What of the secrets stands in a report but not in ``elsewhere``, the input's other text, with its line."""
        for line in set(report.split("\n")) - self._usual:
            clean = True
            for needle in self._in_line(line):
                if needle.text not in elsewhere:
                    clean = False
                    yield needle, line.strip()
            if clean:
                self._own.add(line)

    def _in_line(self, line: str) -> Iterator[Needle]:
        for text in _readings(line):
            for run in _RUN.finditer(text):
                for size in _SIZES:
                    yield from (self._by_text[piece] for piece in _pieces(run[0], size) if piece in self._by_text)

    def forget(self) -> None:
        """Say that the case is over: the lines without a secret of its own need not be read again in the next ones."""
        self._usual.update(self._own)


_RUN: Final = re.compile(rf"[A-Za-z0-9+/]{{{_PIECE},}}")
_SIZES: Final = (_PIECE, _DIGITS_PIECE, 2 * _CODED_PIECE)
assert _DIGITS_PIECE == _CODED_PIECE


def _readings(report: str) -> Iterator[str]:
    """A report, and the text of its escapes."""
    yield report
    if "\\u" in report:
        yield re.sub(r"\\+u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), report)
    if "%" in report:
        yield unquote(report)


# Secrets as they are written


def private_key(body: str) -> str:
    """A text that says it is a private key."""
    return f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"


SECRET_TEXTS: Final[dict[str, Callable[[Canaries], str]]] = {
    "mixed": lambda c: c.new(),
    "short": lambda c: c.new(length=9),
    "long": lambda c: c.new(length=150),
    "word": lambda c: c.new("word", 12),
    "digits": lambda c: c.new("digits", 12),
    "quotes": lambda c: f'{c.new()}"{c.new()}',
    "apostrophe": lambda c: f"{c.new()}'{c.new()}",
    "escapes": lambda c: f"{c.new()}\\{c.new()}\\\\",
    "lines": lambda c: f"{c.new()}\n{c.new()}",
    "CR LF": lambda c: f"{c.new()}\r\n{c.new()}\r\n",
    "number sign": lambda c: f"{c.new()} # {c.new()}",
    "dollar": lambda c: f"$x{c.new()}${c.new()}$",
    "equals": lambda c: f"{c.new()}={c.new()}; {c.new()}",
    "colon": lambda c: f"{c.new()}: {c.new()}",
    "blanks": lambda c: f"  {c.new()}\t{c.new()} ",
    "unicode": lambda c: f"é{c.new()}\u202e{c.new()}\U0001f600",
    "control": lambda c: f"\x1b[31m{c.new()}\x07{c.new()}",
    "braces": lambda c: f"{{{{ {c.new()} }}}}",
    "angle": lambda c: f"<{c.new()}>",
    "commas": lambda c: f"{c.new()},{c.new()}",
    "JSON": lambda c: json.dumps({"host": "db", "password": c.new(), "token": [c.new()]}),
    "JSON of lines": lambda c: json.dumps({"password": c.new(), "nested": {"key": c.new()}}, indent=2),
    "broken JSON": lambda c: f'{{"password": "{c.new()}", "{c.new()}',
    "JSON in JSON": lambda c: json.dumps(json.dumps({"password": c.new()})),
    "private key": lambda c: private_key(c.new(length=64)),
    "private key, escaped": lambda c: private_key(c.new(length=64)).replace("\n", "\\n"),
    "URL": lambda c: f"postgres://{c.new()}:{c.new()}@db.example.com:5432/medplum",
    "connection": lambda c: f"host=db user=u password={c.new()}",
    "base64": lambda c: base64.b64encode(c.new(length=30).encode()).decode(),
    "false": lambda c: f"false{c.new()}",
    "ARN": lambda c: f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{c.new()}",
}
"""What is written where a secret belongs."""

PUBLIC_TEXTS: Final[dict[str, Callable[[Canaries], str]]] = {
    "user and password": lambda c: f"https://{c.new('word', 9)}:{c.new()}@api.example.com/",
    "user and password, no slashes": lambda c: f"https:{c.new('word', 9)}:{c.new()}@api.example.com/",
    "password with signs": lambda c: f"https://u:{c.new()}@{c.new()}/{c.new()}@api.example.com/",
    "token before the host": lambda c: f"{c.new(length=36)}@api.example.com",
    "token in a URL": lambda c: f"https://{c.new(length=36)}@api.example.com/",
    "query token": lambda c: f"https://api.example.com/?token={c.new()}",
    "query key": lambda c: f"https://api.example.com/x?a=b&api_key={c.new()}#top",
    "query, escaped": lambda c: f"https://api.example.com/?access_token={quote(c.new() + '/+=')}",
    "signature": lambda c: f"https://b.s3.amazonaws.com/x?X-Amz-Credential={c.new('upper')}%2Fx&X-Amz-Signature={c.new()}",
    "shared access": lambda c: f"https://a.blob.core.windows.net/c?sv=2020&sig={c.new()}%3D",
    "fragment": lambda c: f"https://api.example.com/#access_token={c.new()}",
    "redis": lambda c: f"redis://:{c.new()}@cache.example.com:6379/0",
    "postgres": lambda c: f"postgres://medplum:{c.new()}@db.example.com/medplum?sslmode=require",
    "key and value": lambda c: f"host=db.example.com user=medplum password={c.new()} dbname=medplum",
    "JDBC": lambda c: f"jdbc:postgresql://db.example.com:5432/medplum?user=medplum&password={c.new()}",
    "account key": lambda c: f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={c.new(length=64)}==;EndpointSuffix=x",
    "ADO.NET": lambda c: f"Server=db.example.com;Database=medplum;User Id=sa;Password={c.new()};Encrypt=true",
    "Google": lambda c: f"GOCSPX-{c.new(length=28)}",
    "AWS": lambda c: f"AKIA{c.new('upper', 12)}",  # shorter than a real one, which a rule finds by its form, so that twins would differ
    "SendGrid": lambda c: f"SG.{c.new(length=22)}.{c.new(length=43)}",
    "Stripe": lambda c: f"sk_live_{c.new(length=24)}",
    "private key": lambda c: private_key(c.new(length=64)),
    "private key, escaped": lambda c: private_key(c.new(length=64)).replace("\n", "\\n"),
    "no scheme": lambda c: f"medplum:{c.new()}@db.example.com:5432",
    "MongoDB": lambda c: f"mongodb+srv://medplum:{c.new()}@cluster0.example.com/?retryWrites=true",
    "other names": lambda c: f"https://api.example.com/x?code={c.new()}&client_secret={c.new()}&X-Amz-Security-Token={c.new()}",
    "query without a name": lambda c: f"https://api.example.com/?{c.new()}",
    "path parameter": lambda c: f"https://api.example.com/x;jsessionid={c.new()}",
    "bearer": lambda c: f"Authorization: Bearer {c.new()}",
    "words": lambda c: f"user: medplum, password: {c.new()}",
    "blanks around": lambda c: f"User Id = sa ; Password = {c.new()} ;",
    "default of a reference": lambda c: f"${{API_PASSWORD:-{c.new()}}}",
    "swallowed variable": lambda c: f"8103 MEDPLUM_DATABASE_PASSWORD={c.new()}",
    "swallowed lines": lambda c: f"8103\nMEDPLUM_DATABASE_PASSWORD={c.new()}\nMEDPLUM_REDIS_HOST=x",
    "JSON": lambda c: json.dumps({"host": "db.example.com", "password": c.new()}),
}
"""Credentials where the value of a setting is public."""


def secret_text(random: Random, canaries: Canaries) -> str:
    """A text for a place where a secret belongs."""
    return _labelled("secret", SECRET_TEXTS, random, canaries)


_ADDRESSES: Final = frozenset({"token before the host"})
"""Credentials that are good values where an address of mail belongs."""
_NO_REFERENCES: Final = frozenset({"default of a reference"})
"""Credentials that are good values where any text is one."""


def public_text(random: Random, canaries: Canaries, *, mail: bool, free: bool) -> str:
    """A credential for a place where a public value belongs; ``mail``: an address, ``free``: a text without a format."""
    unfit = (_ADDRESSES if mail else frozenset()) | (_NO_REFERENCES if free else frozenset())
    text = _labelled("public", {form: write for form, write in PUBLIC_TEXTS.items() if form not in unfit}, random, canaries)
    canaries.credentials.append(text)
    return text


def _labelled(place: str, texts: dict[str, Callable[[Canaries], str]], random: Random, canaries: Canaries) -> str:
    form = random.choice(list(texts))
    canaries.label = f"{place}, {form}"
    return texts[form](canaries)
