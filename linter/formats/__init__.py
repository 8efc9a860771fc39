"""Named formats, for the catalogue and for rules: what a text must look like where nothing else can say it.

Each is one function in a module of this package, from a text to the reason why it does not fit, which reads on after the setting's name,
or None. The reason never repeats the text, which may be a secret. ``@format`` gives it its name and the sentence for the documentation.
"""

from __future__ import annotations

from collections.abc import Callable

from ..model import Message
from ..registry import Registry
from ..typed import TypeVar

Check = Callable[[str], "Message | str | None"]
T = TypeVar("T", bound=Check)


class Format:
    """A form that a text can have, by a name that rules and the catalogue use.

    ``reason``             says why a text does not have it, in a clause that reads on after the setting's name; None where it has it
    ``describes``          what a text is that has it, in Markdown
    """

    __slots__ = ("describes", "reason")

    def __init__(self, reason: Check, describes: str) -> None:
        self.reason = reason
        self.describes = describes


FORMATS: Registry[Format] = Registry(__name__, __path__[0])
"""Every format by its name."""


def format(name: str, describes: str) -> Callable[[T], T]:
    """Register a function as the format ``name``; see :class:`Format`."""

    def register(reason: T) -> T:
        FORMATS.add(name, Format(reason, describes), reason.__module__)
        return reason

    return register
