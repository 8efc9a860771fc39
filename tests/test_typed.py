"""The words of ``linter.typed`` are those of ``typing``, and its named tuples are the same classes when the program runs."""

from __future__ import annotations

import ast
import copy
import pickle
import typing
from collections.abc import Callable, Mapping
from inspect import getsource
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.imports import FILES, imports, module_name

from linter import typed
from linter.model import Finding, Level, Style
from linter.release import ByRelease

NAMES = ("one", "two", "three", "four")
CODE = """
from __future__ import annotations

class Base(NamedTuple):
    '''What it is.'''

    {fields}

    @property
    def first(self) -> object:
        return self[0]

    @classmethod
    def of(cls, *values: object) -> Base:
        return cls(*values)

class Sub(Base):
    __slots__ = ()

    def __repr__(self) -> str:
        return f"Sub of {{super().__repr__()}}"
"""


def defined(named_tuple: Any, defaults: int) -> dict[str, Any]:
    """The classes of the code, whose last fields have default values."""
    required = len(NAMES) - defaults
    fields = [f"{name}: Unheard[of] | None{f' = {place}' if place >= required else ''}" for place, name in enumerate(NAMES)]
    names: dict[str, Any] = {"NamedTuple": named_tuple, "__name__": __name__}
    exec(CODE.format(fields="\n    ".join(fields)), names)
    return names


def tried(make: Callable[..., Any], *values: object, **named: object) -> tuple[Any, ...]:
    """What comes of making something: an error, or all that can be asked of what is made."""
    try:
        made = make(*values, **named)
    except (TypeError, ValueError):  # the latter of _replace, before Python 3.13
        return ("refused",)
    return tuple(made), repr(made), hash(made), made._asdict(), made.first, [getattr(made, name) for name in NAMES], type(made).__name__


CALLS = st.tuples(
    st.sampled_from(["Base", "Sub"]),
    st.lists(st.integers(0, 3), max_size=5),
    st.dictionaries(st.sampled_from([*NAMES, "five"]), st.integers(), max_size=4),
)


@given(st.integers(0, 4), st.integers(0, 520), st.lists(CALLS, max_size=12))
def test_a_named_tuple_is_made_and_refused_as_that_of_typing(
    defaults: int, made: int, every: list[tuple[str, list[int], Mapping[str, int]]]
) -> None:
    ours, theirs = defined(typed.NamedTuple, defaults), defined(typing.NamedTuple, defaults)
    for _ in range(made):  # until the function that makes them is compiled
        ours["Base"](*"abcd")
    for name, values, named in every:
        our, their = ours[name], theirs[name]
        assert tried(our, *values, **named) == tried(their, *values, **named)
        assert tried(our.of, *values) == tried(their.of, *values)
        assert tried(our._make, values) == tried(their._make, values)
        one, other = our(*"abcd"), their(*"abcd")
        assert tried(one._replace, **named) == tried(other._replace, **named)
        assert type(one._replace(one=1)) is our


@pytest.mark.parametrize("defaults", range(5))
def test_a_named_tuple_describes_itself_like_that_of_typing(defaults: int) -> None:
    ours, theirs = defined(typed.NamedTuple, defaults), defined(typing.NamedTuple, defaults)
    for name in ("Base", "Sub"):
        for word in ("_fields", "_field_defaults", "__match_args__", "__slots__", "__doc__", "__module__", "__qualname__"):
            assert getattr(ours[name], word) == getattr(theirs[name], word)
    assert ours["Base"].__annotations__ == dict.fromkeys(NAMES, "Unheard[of] | None")
    with pytest.raises(AttributeError):
        ours["Base"](1, 2, 3, 4).one = 5
    assert not hasattr(ours["Base"](1, 2, 3, 4), "__dict__")


def test_a_named_tuple_can_be_copied_and_sent_to_another_process() -> None:
    for style in [Style(width=number) for number in range(50)]:  # the first ones are made without compiled code
        assert pickle.loads(pickle.dumps(style)) == copy.deepcopy(style) == copy.copy(style) == style
        assert type(pickle.loads(pickle.dumps(style))) is Style


def test_a_named_tuple_can_be_taken_apart() -> None:
    match Style(quiet=True, width=80):
        case Style(False, True, width=80) as style:
            assert style.links is False
        case _:
            pytest.fail("does not match")


def test_each_word_is_that_of_typing() -> None:
    [choice] = [node for node in ast.parse(getsource(typed)).body if isinstance(node, ast.If)]
    for_checkers = {alias.asname: alias.name for node in choice.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    words = {target.id for node in choice.orelse if isinstance(node, ast.Assign) for target in node.targets if isinstance(target, ast.Name)}
    at_work = {word for word in words if word[0] != "_"}
    at_work |= {node.name for node in choice.orelse if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name[0] != "_"}
    assert at_work | {"TypedDict", "Unpack", "dataclass_transform"} == set(for_checkers) == set(for_checkers.values())
    assert all(hasattr(typing, name) for name in at_work)


def test_types_that_are_looked_at_when_the_program_runs() -> None:
    assert get_args(Level) == ("error", "warning", "note")
    assert get_args(Level | None) == (Level, type(None))
    assert ByRelease.__mro__[1:] == (typed.Generic, *typed.Generic.__mro__[1:])
    assert typed.cast("object", Finding) is Finding
    assert typed.TypeVar("Entry").__name__ == "Entry"


@pytest.mark.slow
def test_no_module_imports_typing() -> None:
    assert {module_name(path) for path in FILES if "typing" in imports(path)} == {"typed"}
