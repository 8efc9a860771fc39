"""The words of :mod:`typing` that this package uses, without the import, which would take a fifth of a run on a small file.

A type checker sees :mod:`typing` itself. At run time most words do nothing, because annotations are never evaluated. Only
:class:`NamedTuple` does more: it makes the same class as that of :mod:`typing`, only faster. The original compiles the types of all fields,
which are not needed, and a constructor, which is compiled here once a class has several instances. ``tests/test_typed.py`` keeps the two in
step.
"""

from __future__ import annotations

TYPE_CHECKING = False
"""True for a type checker, which knows the name."""

if TYPE_CHECKING:
    from typing import IO as IO
    from typing import Any as Any
    from typing import BinaryIO as BinaryIO
    from typing import Final as Final
    from typing import Generic as Generic
    from typing import Literal as Literal
    from typing import NamedTuple as NamedTuple
    from typing import NoReturn as NoReturn
    from typing import Protocol as Protocol
    from typing import TypedDict as TypedDict
    from typing import TypeVar as TypeVar
    from typing import cast as cast

    from typing_extensions import Unpack as Unpack  # in typing from Python 3.11 on
    from typing_extensions import dataclass_transform as dataclass_transform  # in typing from Python 3.11 on, too
else:
    from collections import namedtuple
    from types import GenericAlias

    try:
        from _collections import _tuplegetter as _field  # the fields of namedtuple
    except ImportError:  # as it does where there is none
        from operator import itemgetter

        def _field(place, describes):
            return property(itemgetter(place), doc=describes)

    class _Word:
        """A word that is used in annotations and names of types, or as an empty base class."""

        __slots__ = ()
        __class_getitem__ = classmethod(GenericAlias)

    Any = BinaryIO = Final = Generic = IO = Literal = NoReturn = Protocol = _Word

    class TypedDict:
        def __init_subclass__(cls, **_said):
            pass

    class TypeVar:
        def __init__(self, name, **_said):
            self.__name__ = name

    def cast(_type, value):
        """The value itself."""
        return value

    _MANY = 500
    """Instances of a class that are made of values in order before a function for them is compiled: they have lost what that takes."""
    _NAMED = 15
    """How many of them one counts for whose values are named."""

    def _maker(name, fields, defaults):
        """The ``__new__`` of a class, which makes the first instances itself and then compiles a faster one."""
        known = frozenset(fields)
        last = tuple(defaults.values())
        least, most = len(fields) - len(last), len(fields)
        made = 0

        def __new__(cls, /, *given, **named):
            nonlocal made
            if made < _MANY:
                if not named and least <= len(given) <= most:
                    made += 1
                    return tuple.__new__(cls, given + last[len(given) - least :])
                made += _NAMED
                values = {**defaults, **dict(zip(fields, given, strict=False)), **named}
                if values.keys() == known and len(given) <= most and named.keys().isdisjoint(fields[: len(given)]):
                    return tuple.__new__(cls, map(values.__getitem__, fields))
            compiled = namedtuple(name, fields, defaults=last).__new__
            next(one for one in cls.__mro__ if one.__dict__.get("_fields") is fields).__new__ = compiled
            return compiled(cls, *given, **named)

        return __new__

    class _Maker(type):
        """Makes the class for a definition whose base is :class:`NamedTuple`: a subclass of tuple, not of that."""

        def __new__(cls, name, bases, body):
            if bases == (tuple,):  # NamedTuple itself
                return super().__new__(cls, name, bases, body)
            fields = tuple(body.get("__annotations__", ()))
            defaults = {field: body[field] for field in fields if field in body}
            body.update((field, _field(place, "")) for place, field in enumerate(fields))
            make = _maker(name, fields, defaults)
            body.update(_fields=fields, _field_defaults=defaults, __match_args__=fields, __slots__=(), __new__=make)
            return type(name, (_Tuple,), body)

    class _Tuple(tuple):
        """The methods that all such classes share."""

        __slots__ = ()

        @classmethod
        def _make(cls, values):
            made = tuple.__new__(cls, values)
            if len(made) != len(cls._fields):
                raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
            return made

        def _replace(self, /, **changes):
            replaced = self._make(map(changes.pop, self._fields, self))
            if changes:
                raise TypeError(f"{type(self).__name__} has no field {', '.join(changes)}")
            return replaced

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            return f"{type(self).__name__}({', '.join(f'{field}={value!r}' for field, value in zip(self._fields, self, strict=True))})"

        def __getnewargs__(self):
            return tuple(self)

    class NamedTuple(tuple, metaclass=_Maker): ...
