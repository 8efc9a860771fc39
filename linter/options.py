"""Options of the command line that several commands have, what each option's text is turned into, and what a shell can complete."""

from __future__ import annotations

import os
from pathlib import Path

import click

from .console import option
from .files import LARGEST_INPUT
from .files import parse_size as size_of
from .model import LEVELS
from .output import STANDARD_OUTPUT, is_same_output
from .reporters import names as format_names
from .sources import kinds
from .text import printable
from .typed import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date, datetime

    from click.shell_completion import CompletionItem

    from .model import RuleInfo
    from .release import ServerVersion


def split_names(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...] | None:
    """Ids and categories given by several options, or by one with commas; None when the option is not given."""
    ids = [[word.strip() for word in value.split(",") if word.strip()] for value in values]
    if not all(ids):
        raise click.BadParameter("it names no rule")
    return tuple(word for words in ids for word in words) or None


def check_folders(_ctx: click.Context, _param: click.Parameter, folders: tuple[str, ...]) -> tuple[Path, ...]:
    """Folders and files of rules. An empty name, which would be the current folder, is that of a variable which is not set."""
    if "" in folders:
        raise click.BadParameter("it names no folder")
    return tuple(map(Path, folders))


def check_kind(_ctx: click.Context, _param: click.Parameter, kind: str | None) -> str | None:
    """A kind that some source makes."""
    if kind is not None and kind not in kinds():
        from .policy.errors import did_you_mean

        raise click.BadParameter(f'"{kind}" is not one of {", ".join(sorted(kinds()))}{did_you_mean(kind, kinds())}')
    return kind


class Output(NamedTuple):
    """A report that a run writes: its format, and the file that it goes to, or "-" for standard output."""

    format: str
    file: str = STANDARD_OUTPUT


def parse_outputs(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[Output, ...]:
    """What each ``FILE`` or ``FORMAT:FILE`` means; the format of a plain ``FILE`` is empty, for ``--format`` has it."""
    return tuple(map(_output, values))


def _output(text: str) -> Output:
    """An output. What stands before the first colon is a format if there is one of that name: in ``C:\\x`` and ``a:b`` it is not."""
    if text == "":
        raise click.UsageError("--output needs a file name")
    name, colon, file = text.partition(":")
    if not colon or name not in format_names():
        if colon:
            _refuse_slip(name, file)
        return Output("", text)
    if file == "":
        raise click.UsageError(f"--output {text} needs a file name behind the colon")
    return Output(name, file)


def _refuse_slip(name: str, file: str) -> None:
    """Refuse what is nearly a format: a run that writes another report to an oddly named file is found out when its upload fails."""
    from .policy.errors import did_you_mean

    near = did_you_mean(name.lower(), format_names()) if len(name) > 2 and name.isalpha() else ""
    if near:
        raise click.UsageError(f'--output: there is no format "{name}"{near} For a file of this name write ./{name}:{file}')


def outputs_of(output_format: str, named: bool, given: tuple[Output, ...]) -> tuple[Output, ...]:
    """All reports of a run, those to files first. Raises :exc:`click.UsageError` where two of them would go to one place.

    ``named``: the command line says ``--format``. Its report goes to each plain ``FILE``; where there is none, and no other format is to go
    there, to standard output.
    """
    outputs = [output if output.format else Output(output_format, output.file) for output in given]
    if all(output.format for output in given):
        rest = Output(output_format)
        taken = next((output for output in outputs if is_same_output(output.file, STANDARD_OUTPUT)), None)
        if taken is None:
            outputs.append(rest)
        elif named and taken.format != output_format:
            raise click.UsageError(
                f"--format {output_format} and --output {taken.format}:{taken.file} both write to standard output: give one of them a file"
            )
    for index, output in enumerate(outputs):
        for other in outputs[:index]:
            if is_same_output(output.file, other.file):
                raise click.UsageError(f"--output: two reports cannot go to one file: {output.file}")
    return tuple(sorted(outputs, key=lambda output: is_same_output(output.file, STANDARD_OUTPUT)))


def suppressed_for(outputs: tuple[Output, ...]) -> bool:
    """True, if one of the reports can show suppressed findings; otherwise raises :exc:`click.UsageError`."""
    if any(_shows_suppressed(output.format) for output in outputs):
        return True
    able = ", ".join(filter(_shows_suppressed, format_names()))
    raise click.UsageError(f"--show-suppressed: no report of this run can show suppressed findings: give one of {able}")


def _shows_suppressed(name: str) -> bool:
    from .reporters import reporter

    try:
        return getattr(reporter(name), "SHOWS_SUPPRESSED", False)
    except ModuleNotFoundError:  # one that needs a package which is not there
        return False


def check_category(_ctx: click.Context, _param: click.Parameter, name: str | None) -> str:
    """The name of a category of SARIF, which ends up in the one line of an identifier."""
    if name is None:
        return ""
    if not name.strip().strip("/") or not name.isprintable():
        raise click.BadParameter(f'"{name}" is not a name such as medplum/production')
    return name.strip().strip("/")


def check_statistics(wanted: bool | None, outputs: Iterable[Output]) -> None:
    """Refuse a table of the rules where all reports are in formats for programs."""
    from .reporters import reporter

    formats = dict.fromkeys(one.format for one in outputs)
    if wanted and not any(getattr(reporter(one), "TABLE", False) for one in formats):
        none = f"{' and '.join(formats)} {'has' if len(formats) == 1 else 'have'} no table of the rules"
        raise click.UsageError(f"--statistics is for reports that people read: {none}")


def parse_now(_ctx: click.Context, _param: click.Parameter, text: str | None) -> datetime | None:
    """A date, or a date and time, in ISO 8601; without a zone it is UTC."""
    if text is None:
        return None
    from datetime import datetime, timezone

    try:
        now = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise click.BadParameter(f'"{text}" is not a date such as 2026-01-31') from None
    return now if now.tzinfo else now.replace(tzinfo=timezone.utc)


def parse_day(_ctx: click.Context, _param: click.Parameter, text: str | None) -> date | None:
    """A day in ISO 8601."""
    if text is None:
        return None
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f'"{text}" is not a date such as 2026-01-31') from None


def parse_reason(_ctx: click.Context, _param: click.Parameter, text: str) -> str:
    """Why something is accepted, which is not nothing."""
    if not text.strip():
        raise click.BadParameter("it gives no reason")
    return text.strip()


def parse_server_version(ctx: click.Context, param: click.Parameter, text: str | None) -> ServerVersion | None:
    """The releases of the server that a text means, see :func:`linter.settings.releases.parse_range`."""
    if text is None:
        return None
    from .settings import releases

    from_shell = ctx.get_parameter_source(param.name or "") is click.core.ParameterSource.ENVIRONMENT
    try:
        return releases.parse_server_version(text, SERVER_VARIABLE if from_shell else "--server-version")
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def parse_size(_ctx: click.Context, _param: click.Parameter, text: str | None) -> int:
    """Bytes, from a number with or without a unit."""
    if text is None:
        return LARGEST_INPUT
    try:
        return size_of(text)
    except ValueError:
        raise click.BadParameter(f'"{text}" is not a size such as 64MiB') from None


# --- What a shell can complete. Only it asks, so only then is anything imported for it. ---------------------------------------------


def complete_paths(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files and folders, which the shell knows."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def complete_folders(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Folders, which the shell knows."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="dir")]


def complete_kinds(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The kinds that begin as what is typed."""
    return sorted(kind for kind in kinds() if kind.startswith(incomplete))


def complete_servers(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The releases of the server that begin as what is typed, the newest first."""
    from .settings.releases import RELEASES

    known = [*map(str, reversed(RELEASES)), "latest"]
    return [release for release in known if release.startswith(incomplete)]


def complete_rule(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The rules whose ids begin as what is typed, with their titles."""
    return _completed({rule.id: rule.title for rule in _rules(ctx)}, incomplete)


def complete_selectors(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The categories and rules that begin as what is typed after the last comma."""
    before, comma, word = incomplete.rpartition(",")
    rules = _rules(ctx)
    categories = {name: f"all rules of the category {name}" for name in sorted({rule.category for rule in rules}) if name}
    return _completed({**categories, **{rule.id: rule.title for rule in rules}}, word, before + comma)


def _completed(known: Mapping[str, str], word: str, before: str = "") -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(before + name, help=printable(title)) for name, title in known.items() if name.startswith(word)]


def _rules(ctx: click.Context) -> list[RuleInfo]:
    """The rules that the command would know: the built-in ones, and those of the folders that options and the configuration name."""
    from .choose import all_rules, folders_of
    from .config import ConfigError
    from .configurations import Configurations, named_config

    named, isolated = ctx.params.get("config_file"), bool(ctx.params.get("isolated"))
    try:
        configurations = Configurations(named_config(Path(named)) if named else None, isolated=isolated)
        folders = folders_of(configurations.of(Path(os.curdir)))
    except (ConfigError, OSError):  # the command will say so
        folders = []
    return [rule.info for rule in all_rules([*folders, *(ctx.params.get("rule_folders") or ())]).rules]


max_size_option = option(
    "--max-size",
    heading="Input",
    metavar="SIZE",
    callback=parse_size,
    help="Refuse larger inputs; a size such as 64MiB.  [default: 512MiB]",
)
SERVER_VARIABLE = "MEDPLUM_LINT_SERVER_VERSION"
"""The variable of the environment that names the server."""


def kind_option(says: str = "Treat every input as this kind, such as server/ssm.") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option that gives the kind of the inputs."""
    return option("--kind", heading="Input", metavar="KIND", callback=check_kind, shell_complete=complete_kinds, help=says)


def format_option(*formats: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option for the format of what a command prints, text by default, where that is no report."""
    choice = click.Choice(formats)
    return option("--format", "-f", "output_format", heading="Report", type=choice, default="text", help="Output format.  [default: text]")


def selectors_option(name: str, says: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option that chooses rules."""
    return option(
        name, heading="Rules", metavar="RULE,...", multiple=True, callback=split_names, shell_complete=complete_selectors, help=says
    )


server_version_option = option(
    "--server-version",
    heading="Input",
    metavar="VERSION",
    callback=parse_server_version,
    shell_complete=complete_servers,
    envvar=SERVER_VARIABLE,
    help="The server that reads the configuration: 4.3.5, a range such as >=4.3,<5, or latest.  [default: that of an image, else latest]",
)
min_severity_option = option(
    "--min-severity",
    heading="Report",
    type=click.Choice(LEVELS),
    help="Report only findings at least this severe; --fail-on counts all.  [default: note]",
)
statistics_option = option(
    "--statistics/--no-statistics",
    heading="Report",
    default=None,
    help="Print a table of the rules: how many findings, how many can be fixed.  [default: beyond 40 findings]",
)
config_option = option(
    "--config",
    "config_file",
    heading="Configuration",
    metavar="FILE",
    shell_complete=complete_paths,
    help="Use this configuration file for all files, and trust it.",
)
isolated_option = option("--isolated", heading="Configuration", is_flag=True, help="Ignore configuration files found next to the files.")
force_exclude_option = option(
    "--force-exclude",
    heading="Configuration",
    is_flag=True,
    help="Also pass over files that are named where the configuration excludes them.",
)
rules_option = option(
    "--rules",
    "rule_folders",
    heading="Rules",
    metavar="PATH",
    multiple=True,
    callback=check_folders,
    shell_complete=complete_paths,
    help="A folder or file of your own policies, or package:NAME, those of an installed package. Repeatable.",
)


def check_file(_ctx: click.Context, param: click.Parameter, path: str | None) -> Path | None:
    """The path of a file. An empty one is that of a variable which is not set."""
    if path == "":
        raise click.BadParameter("it names no file", param=param)
    return None if path is None else Path(path)


def baseline_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which findings were there before."""
    for one in reversed(_BASELINE_OPTIONS):
        command = one(command)
    return command


def show_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that print what is configured, and check nothing."""
    for one in reversed(_SHOW_OPTIONS):
        command = one(command)
    return command


_SHOW_OPTIONS = (
    option(
        "--show-settings",
        heading="Configuration",
        is_flag=True,
        help="Print what holds for the files that are named, and which line says so.",
    ),
    option(
        "--show-files",
        heading="Configuration",
        is_flag=True,
        help="Print which files are taken and what is passed over, and which pattern says so.",
    ),
)
_BASELINE_OPTIONS = (
    option(
        "--baseline",
        heading="Findings",
        metavar="FILE",
        callback=check_file,
        shell_complete=complete_paths,
        help="Report only findings that are not in this baseline.",
    ),
    option("--no-baseline", heading="Findings", is_flag=True, help="Report all findings, whatever baseline the configuration names."),
    option(
        "--write-baseline",
        heading="Findings",
        metavar="FILE",
        callback=check_file,
        shell_complete=complete_paths,
        help="Write all findings to a baseline instead of reporting them.",
    ),
    option(
        "--fail-on-stale-baseline",
        heading="Exit code",
        is_flag=True,
        help="Exit with 1 if the baseline has entries whose findings are gone.",
    ),
)
