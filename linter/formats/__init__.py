"""Named formats, for the catalogue and for rules: what a text must look like where nothing else can say it.

Each is one function in a module of this package, from a text to the reason why it does not fit, which reads on after the setting's name,
or None. The reason never repeats the text, which may be a secret. ``@format`` gives it its name and the sentence for the documentation.
"""

from __future__ import annotations

from collections.abc import Callable

from ..registry import Registry

Check = Callable[[str], str | None]


class Format:
    """A form that a text can have, by a name that rules and the catalogue use.

    ``reason``             says why a text does not have it, in a clause that reads on after the setting's name; None where it has it
    ``describes``          what a text is that has it, in Markdown
    ``sees_placeholders``  whether it checks what nothing else does: texts that somebody has still to fill in
    ``may_lack``           whether a text, or one of several in it, can be one that does not have it: a quick look for what such a one
                           holds; None where only ``reason`` can tell
    """

    __slots__ = ("describes", "may_lack", "reason", "sees_placeholders")

    def __init__(self, reason: Check, describes: str, sees_placeholders: bool, may_lack: Callable[[str], bool] | None) -> None:
        self.reason = reason
        self.describes = describes
        self.sees_placeholders = sees_placeholders
        self.may_lack = may_lack


FORMATS: Registry[Format] = Registry(__name__, __path__[0])
"""Every format by its name."""


def format(
    name: str, describes: str, *, sees_placeholders: bool = False, may_lack: Callable[[str], bool] | None = None
) -> Callable[[Check], Check]:
    """Register a function as the format ``name``; see :class:`Format`."""

    def register(reason: Check) -> Check:
        FORMATS.add(name, Format(reason, describes, sees_placeholders, may_lack), reason.__module__)
        return reason

    return register
