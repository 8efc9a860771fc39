"""Changes at random: of the tree of a document, and of the bytes that it is written as."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import Any, Final

_ODD: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    1e308,
    10**30,
    -(10**309),
    "",
    " ",
    "true",
    "False",
    "null",
    "NaN",
    "-0",
    "1e999",
    "9" * 400,
    "9" * 309 + "gb",
    "-" + "5" * 5000,
    "0x10",
    "${X}",
    "{{ x }}",
    "<x>",
    "TODO",
    "http://[::1]:99999/",
    "https://\u202eexample.com/",
    "https://localhost",
    "//",
    "a@b",
    "arn:aws:::",
    "a\x00b",
    "\x1b[2J",
    "\r\n::error::x",
    "\ud7ff\U0010ffff",
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
    "{",
    "[]",
    "{}",
    '{"a":',
    [],
    {},
    [[]],
    [None],
    {"": ""},
    {"*": 1},
    [{"a": 1}],
)


_NUMBERS: Final[tuple[Any, ...]] = (
    0,
    -1,
    0.1,
    1e21,
    -1e308,
    2**53 + 1,
    10**308,
    10**309,
    -(10**309),
    "1e400",
    "-1e-400",
    "1_000",
    "0b11",
    " 5 ",
    "+5",
    "5.0",
    "٣",
    "9" * 309,
    "9" * 5_000,
    "-" + "9" * 309,
    "-" + "5" * 5_000,
    "9" * 309 + "mb",
    "0." + "9" * 400 + "gb",
    "." * 300,
    "Infinity",
    "-NaN",
)


def odd_number(random: Random) -> Any:
    """A number, or a text for one, that few programs are written for."""
    return random.choice(_NUMBERS)


def mutate_tree(tree: Any, random: Random) -> Any:
    """A copy of a tree with some changes."""
    tree = copy.deepcopy(tree)
    for _ in range(random.choice([1, 1, 2, 3, 6])):
        holders = _holders(tree)
        if holders:
            random.choice(_TREE_CHANGES)(random.choice(holders), random)
    if random.random() < 0.05:
        _nest(tree, random, levels=150)  # PyYAML writes no more; texts are nested deeper below
    return tree


def _holders(value: Any) -> list[Any]:
    """Every object and list that has members."""
    found, waiting = [], [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict | list) and one:
            found.append(one)
            waiting.extend(one.values() if isinstance(one, dict) else one)
    return found


def _keys(holder: Any) -> list[Any]:
    return list(holder) if isinstance(holder, dict) else list(range(len(holder)))


def _replace(holder: Any, random: Random) -> None:
    holder[random.choice(_keys(holder))] = copy.deepcopy(random.choice(_ODD))


def _remove(holder: Any, random: Random) -> None:
    del holder[random.choice(_keys(holder))]


def _rename(holder: Any, random: Random) -> None:
    if isinstance(holder, dict):
        key = random.choice(list(holder))
        holder[_other_name(str(key), random)] = holder.pop(key)


def _other_name(name: str, random: Random) -> str:
    at = random.randint(0, len(name))
    changes = (
        name[:at] + name[at + 1 :],
        name[:at] + name[at : at + 1] * 2 + name[at + 1 :],
        name.upper(),
        name.lower(),
        f"{name}.x",
        f"x.{name}",
        f" {name}",
        f"{name}\n",
        f"{name}\u200b",
        f"/{name}",
        "",
        "__proto__",
        ".".join(["a"] * random.choice([2, 50])),
    )
    return random.choice(changes)


def _nest(holder: Any, random: Random, levels: int = 0) -> None:
    if not holder:
        return
    key = random.choice(_keys(holder))
    value = holder[key]
    for _ in range(levels or random.choice([1, 2, 5])):
        value = [value] if random.random() < 0.5 else {"a": value}
    holder[key] = value


def _unnest(holder: Any, random: Random) -> None:
    key = random.choice(_keys(holder))
    inner = holder[key]
    if isinstance(inner, dict | list) and inner:
        holder[key] = inner[random.choice(_keys(inner))]


def _as_text(holder: Any, random: Random) -> None:
    key = random.choice(_keys(holder))
    holder[key] = str(holder[key]) if not isinstance(holder[key], dict | list) else "[object Object]"


def _repeat(holder: Any, random: Random) -> None:
    if isinstance(holder, list):
        holder.extend(copy.deepcopy(holder[: random.choice([1, 1, 20])]))


_TREE_CHANGES: Final[tuple[Callable[[Any, Random], None], ...]] = (
    _replace,
    _replace,
    _replace,
    _remove,
    _rename,
    _rename,
    _nest,
    _unnest,
    _as_text,
    _repeat,
)


# Bytes

_INSERTED: Final = (
    '"',
    "'",
    "`",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    ": ",
    "=",
    "#",
    " #",
    "\t",
    "- ",
    "|",
    ">",
    "&a ",
    "*a ",
    "!",
    "%",
    "---\n",
    "...\n",
    "//",
    "/*",
    "*/",
    "\x00",
    "\x07",
    "\x1b[31m",
    "\x7f",
    "\x85",
    "\u2028",
    "\u202e",
    "\ufeff",
    "\U0001f600",
    "é",
    "<<: *a\n",
    "${",
    "$(",
    "[" * 3_000,
    '{"a":' * 3_000,
    "- " * 3_000,
    '\n"":\n' * 500,
    "a." * 3_000,
    '"' * 999,
    "\\" * 999,
    "\r\n",
)
_BAD_BYTES: Final = (b"\xff", b"\x80", b"\xc3", b"\xed\xa0\x80", b"\xf5", b"\xe2\x80", b"\x00")


def mutate_bytes(text: str, secrets: list[str], credentials: list[str], random: Random) -> bytes:
    """The bytes of a text, half of the time with changes that leave a secret where it is: after its name, or broken with it.

    A credential in a public value stays whole, because it is not recognisable without its sign (``GOCSPX-``, ``@``).
    """
    if random.random() < 0.5:
        return text.encode("utf-8", "surrogatepass")
    for _ in range(random.choice([0, 1, 1, 2, 4])):
        text = _changed(text, secrets, credentials, random)
    text = random.choice(_WHOLE_CHANGES)(text)
    if random.random() < 0.05:
        return text.encode(random.choice(["utf-16", "utf-16-le", "utf-16-be", "utf-32"]), "replace")
    data = text.encode("utf-8", "surrogatepass")
    if random.random() < 0.1:
        at = int(random.random() * len(data))
        data = data[:at] + random.choice(_BAD_BYTES) + data[at:]
    return data


_WHOLE_CHANGES: Final[tuple[Callable[[str], str], ...]] = (
    str,
    str,
    str,
    lambda text: text.replace("\n", "\r\n"),
    lambda text: text.replace("\n", "\r"),
    lambda text: "\ufeff" + text,
)


def _changed(text: str, secrets: list[str], credentials: list[str], random: Random) -> str:
    change = random.random()
    at = int(random.random() * len(text))
    if change < 0.5:
        at = _behind(at, text, [*credentials, *secrets])
        return text[:at] + random.choice(_INSERTED) + text[at:]
    if change < 0.7:
        at = _behind(at, text, credentials)
        return text[:at] + text[at + 1 :]
    if change < 0.8:
        return text[:at]
    return _without_line_end(text, random)


def _behind(at: int, text: str, secrets: list[str]) -> int:
    """A place that is in no secret: a sign in it could make a name of its first half, and names are shown."""
    for secret in secrets:
        start = text.rfind(secret, 0, at + len(secret))
        if start <= at < start + len(secret) and start >= 0:
            return start + len(secret)
    return at


def _without_line_end(text: str, random: Random) -> str:
    """Two lines become one, but for a suppression comment, whose own words are shown."""
    ends = [at for at, char in enumerate(text) if char == "\n"]
    if not ends:
        return text
    at = random.choice(ends)
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return text if "medplum-lint:" in line else text[:at] + text[at + 1 :]
