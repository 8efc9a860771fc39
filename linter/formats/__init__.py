"""Named formats, for the catalogue and for rules, for what only code can check about a text.

Each is a function in a module of this package, or an entry of :mod:`linter.formats.shapes` if regular expressions suffice. A function takes
a text and returns the reason it does not fit, which follows the setting's name, or None. The reason never repeats the text, which may be a
secret. ``@format`` gives it its name and the sentence for the documentation.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ..model import Message
from ..patterns import pattern
from ..registry import Registry
from ..typed import Any, NamedTuple, TypeVar

Check = Callable[[str], "Message | str | None"]
T = TypeVar("T", bound=Check)


class Format(NamedTuple):
    """A form that a text can have, by a name that rules and the catalogue use."""

    reason: Check
    """Says why a text does not have it, in a clause that follows the setting's name; None if it has it."""
    describes: str
    """A text that has it, described in Markdown."""
    legible: re.Pattern[str] | None = None
    """A regular expression for a text without it that a reader needs to see. Nothing else is shown at a public setting."""
    shown: re.Pattern[str] | None = None
    """A regular expression for the texts with it that are shown, if nearly any text has it."""
    lists: bool = False
    """Whether people write several, separated by commas or blanks."""
    mail: bool = False
    """Whether the part before an "@" is not a password."""
    looks_random: bool = False
    """Whether it is public although it looks like a secret."""


FORMATS: Registry[Format] = Registry(__name__, __path__[0])
"""Every format by its name."""


def format(name: str, describes: str, legible: str = "", shown: str = "", **more: Any) -> Callable[[T], T]:
    """Register a function as the format ``name``; see :class:`Format`. ``legible`` and ``shown`` are regular expressions."""
    expressions = pattern(legible, re.DOTALL) if legible else None, pattern(shown) if shown else None

    def register(reason: T) -> T:
        FORMATS.add(name, Format(reason, describes, *expressions, **more), reason.__module__)
        return reason

    return register
