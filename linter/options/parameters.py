"""The options and arguments of the table as click parameters."""

from __future__ import annotations

from functools import partial

import click

from ..typed import TYPE_CHECKING, Any
from . import Option
from .values import value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def with_choices(text: str, choices: Sequence[str]) -> str:
    """The help of an option with its choices, at the end of the first sentence."""
    *words, last = choices
    says, bracket, default = text.partition("  [")
    sentence, stop, more = says.partition(". ")
    return f"{sentence.removesuffix('.')}: {', '.join(words)} or {last}.{' ' * bool(stop)}{more}{bracket}{default}"


def parameter(option: Option, complete: Callable[..., Any]) -> click.Parameter:
    """An argument, or an option, which also has the heading of its help.

    ``complete`` gives the values that begin with a text, for an option and click's arguments.
    """
    metavar = option.metavar or (option.names.split()[0].strip("-").upper() if option.choices else None)
    completions = partial(complete, option) if option.complete or option.choices else None
    attributes: dict[str, Any] = {"metavar": metavar, "callback": partial(_value, option), "shell_complete": completions}
    if option.is_argument:
        shown = option.metavar or ""
        return click.Argument([option.key], nargs=-1 if shown.endswith("...") else 1, required=not shown.startswith("["), **attributes)
    if option.is_switch:
        attributes |= {"is_flag": True, "default": option.initial}
    else:
        attributes |= {"multiple": option.repeated, "required": option.required, "envvar": option.variable}
    if option.minimum is not None:
        attributes["type"] = click.IntRange(min=option.minimum)
    text = with_choices(option.help, option.words) if option.choices else option.help
    made = click.Option([*option.names.split(), option.key], help=text, **attributes)
    made.heading = option.heading  # type: ignore[attr-defined]  # for the help
    return made


def _value(option: Option, ctx: click.Context, _param: click.Parameter, given: Any) -> Any:
    from_variable = ctx.get_parameter_source(option.key) is click.core.ParameterSource.ENVIRONMENT
    try:
        return value_of(option, given, option.variable if option.variable and from_variable else option.names)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
