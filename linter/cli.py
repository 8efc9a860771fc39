"""The command line: the only module that knows click."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from . import __version__
from .choose import all_rules, folders_of
from .config import FAIL_ON_CHOICES, TARGET_CHOICES, Config, ConfigError, Configurations, Settings, named_config
from .files import LARGEST_INPUT, Unreadable, identity, parse_size, read_standard_input, reason_of
from .load import STANDARD_INPUT, Input, described, load_documents
from .model import Document, Style
from .output import Unwritable, drop, write_report, write_standard_output
from .policy.rule_set import Folder
from .reporters import names as format_names
from .run import Options, Outcome, lint_input, lint_paths, without_what_cannot_be_reported
from .sources import kinds
from .text import inert, printable, printable_lines

if TYPE_CHECKING:
    from datetime import datetime

PROGRAM = "medplum-lint"


class _Commands(click.Group):
    """A group whose ``check`` command need not be named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "-h", "--version")):
            self._refuse_slip(args)
            args = ["check", *args]
        return super().parse_args(ctx, args)

    def _refuse_slip(self, args: list[str]) -> None:
        """Refuse what is no path and nearly a command: ``medplum-lint tset policies`` would lint policies."""
        word = args[0] if args else ""
        if word.isalpha() and not os.path.lexists(word):
            from .policy.errors import did_you_mean

            near = did_you_mean(word, self.commands)
            if near:
                raise click.UsageError(f'there is no command and no file "{word}"{near}')

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(PROGRAM, "[check] [OPTIONS] [PATH]...")
        formatter.write_usage(PROGRAM, "COMMAND [OPTIONS] ...")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        check.format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, *others: Any, **more: Any) -> NoReturn:
        """Run a command and exit: 130 for Ctrl-C, 141 where the reader of the output has gone, 2 where it cannot be written.

        Names in click's own messages are made printable, as in ours.
        """
        if "_MEDPLUM_LINT_COMPLETE" in os.environ:  # a shell asks what can be completed
            super().main(args, prog_name, *others, **more)
        code = 0
        try:
            with self.make_context(prog_name or PROGRAM, list(sys.argv[1:] if args is None else args), **more) as context:
                self.invoke(context)
        except click.exceptions.Exit as stop:
            code = stop.exit_code if sys.stdout is not None else _cannot_write("it is closed")
        except click.ClickException as error:
            _quietly(click.UsageError(inert(printable(error.format_message())), getattr(error, "ctx", None)).show)
            code = error.exit_code
        except (KeyboardInterrupt, click.Abort):
            code = 130
        except BrokenPipeError:
            drop(sys.stdout)
            code = 141
        except Unwritable as error:
            code = _cannot_write(str(error))
        except OSError as error:
            if error.errno not in _OF_WRITING:
                raise
            drop(sys.stdout)
            code = _cannot_write(reason_of(error))
        sys.exit(code)


def _cannot_write(reason: str) -> int:
    _say("error", f"standard output: cannot be written: {reason}")
    return 2


_OF_WRITING = frozenset(getattr(errno, name, None) for name in ("ENOSPC", "EBADF", "EFBIG", "EIO", "EDQUOT"))
"""What a write can fail with: that of the help, which click writes itself. All else is written by :mod:`linter.output`."""


def _say(what: str, text: str) -> None:
    """Tell something on standard error, in one line, whatever names it holds."""
    _quietly(lambda: click.echo(inert(f"{PROGRAM}: {what}: {printable(text)}"), err=True))


def _quietly(say: Callable[[], object]) -> None:
    """Where standard error is full or gone, the exit code still tells."""
    if sys.stderr is None:
        return
    try:
        say()
    except (OSError, ValueError):
        drop(sys.stderr)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
def cli() -> None:
    """Check the configuration of a self-hosted Medplum server: JSON config files, dumps of AWS Parameter Store, variables.

    PATH is a file, a folder to search, a glob, or "-" for standard input; without one the current folder is searched.

    \b
    Exit codes: 0 no finding as severe as --fail-on, 1 findings, 2 could not run as asked, 3 a bug in medplum-lint.
    """


def _split(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...] | None:
    """Ids and categories given by several options, or by one with commas; None when the option is not given."""
    ids = [[word.strip() for word in value.split(",") if word.strip()] for value in values]
    if not all(ids):
        raise click.BadParameter("it names no rule")
    return tuple(word for words in ids for word in words) or None


def _check_folders(_ctx: click.Context, _param: click.Parameter, folders: tuple[str, ...]) -> tuple[Path, ...]:
    """Folders of rules. An empty name, which would be the current folder, is that of a variable which is not set."""
    if "" in folders:
        raise click.BadParameter("it names no folder")
    return tuple(map(Path, folders))


def _check_kind(_ctx: click.Context, _param: click.Parameter, kind: str | None) -> str | None:
    """A kind that some source makes."""
    if kind is not None and kind not in kinds():
        from .policy.errors import did_you_mean

        raise click.BadParameter(f'"{kind}" is not one of {", ".join(sorted(kinds()))}{did_you_mean(kind, kinds())}')
    return kind


def _check_format(_ctx: click.Context, _param: click.Parameter, name: str) -> str:
    """A format whose module can be imported, before anything is read: sarif-om is used for no other one."""
    from .reporters import reporter

    try:
        reporter(name)
    except ModuleNotFoundError as error:
        raise click.UsageError(
            f'--format {name} needs the package sarif-om, which cannot be imported (no module named "{error.name}"): '
            'install it with "pip install sarif-om"'
        ) from None
    return name


def _parse_now(_ctx: click.Context, _param: click.Parameter, text: str | None) -> datetime | None:
    """A date, or a date and time, in ISO 8601; without a zone it is UTC."""
    if text is None:
        return None
    from datetime import datetime, timezone

    try:
        now = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise click.BadParameter(f'"{text}" is not a date such as 2026-01-31') from None
    return now if now.tzinfo else now.replace(tzinfo=timezone.utc)


def _parse_size(_ctx: click.Context, _param: click.Parameter, text: str | None) -> int:
    """Bytes, from a number with or without a unit."""
    if text is None:
        return LARGEST_INPUT
    try:
        return parse_size(text)
    except ValueError:
        raise click.BadParameter(f'"{text}" is not a size such as 64MiB') from None


_max_size_option = click.option(
    "--max-size", metavar="SIZE", callback=_parse_size, help="Refuse larger inputs; a size such as 64MiB.  [default: 512MiB]"
)
_config_option = click.option("--config", "config_file", metavar="FILE", help="Use this configuration file for all files, and trust it.")
_isolated_option = click.option("--isolated", is_flag=True, help="Ignore configuration files found next to the files.")
_rules_option = click.option(
    "--rules",
    "rule_folders",
    metavar="DIR",
    multiple=True,
    callback=_check_folders,
    help="A folder of your own policies. Repeatable.",
)


@cli.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option(
    "--format",
    "-f",
    "output_format",
    type=click.Choice(format_names()),
    default="text",
    callback=_check_format,
    help="Report format.  [default: text]",
)
@click.option("--output", "-o", metavar="FILE", type=click.Path(dir_okay=False), help="Write the report to a file.")
@click.option(
    "--kind",
    metavar="KIND",
    callback=_check_kind,
    help="Treat every input as this kind, such as server/json, instead of detecting it from the content.",
)
@click.option(
    "--target",
    type=click.Choice(TARGET_CHOICES),
    help="What the configuration is for.  [default: auto: development if all its URLs are local]",
)
@click.option("--select", metavar="RULE,...", multiple=True, callback=_split, help="Check only these rules, by id or category.")
@click.option("--ignore", metavar="RULE,...", multiple=True, callback=_split, help="Do not check these rules.")
@_rules_option
@_config_option
@_isolated_option
@click.option("--fail-on", type=click.Choice(FAIL_ON_CHOICES), help="The lowest severity that gives exit code 1.  [default: error]")
@click.option("--now", metavar="DATE", callback=_parse_now, help="Check certificates as of this date (2026-01-31), so that runs repeat.")
@_max_size_option
@click.option("--stdin-filename", metavar="NAME", help='The name to report for standard input ("-").')
@click.option("--allow-unrecognized", is_flag=True, help="Ignore named files that are not recognised, for hooks.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour the output.  [default: auto]")
@click.option("--quiet", "-q", is_flag=True, help="Print only findings: no summary, and nothing on a clean run.")
def check(
    paths: tuple[str, ...],
    output_format: str,
    output: str | None,
    kind: str | None,
    target: str | None,
    select: tuple[str, ...] | None,
    ignore: tuple[str, ...] | None,
    rule_folders: tuple[Path, ...],
    config_file: str | None,
    isolated: bool,
    fail_on: str | None,
    now: datetime | None,
    max_size: int,
    stdin_filename: str | None,
    allow_unrecognized: bool,
    color: str,
    quiet: bool,
) -> None:
    """Check configurations (the default command)."""
    if stdin_filename is not None and "-" not in paths:
        raise click.UsageError('--stdin-filename names standard input: give the path "-" too')
    if stdin_filename == "":
        raise click.UsageError("--stdin-filename is empty: give a name, or leave it out")
    if output == "":
        raise click.UsageError("--output needs a file name")
    settings = Settings(select=select, ignore=ignore, target=target, fail_on=fail_on)
    options = Options(
        settings, kind, rule_folders, now, allow_unrecognized, _named_config(config_file, isolated), isolated=isolated, max_size=max_size
    )
    outcome = _lint(list(paths) or ["."], options, stdin_filename)
    if outcome.started:
        if output not in (None, "-"):
            _check_is_no_input(output, outcome, from_stdin="-" in paths)
        outcome = _write(outcome, output_format, output, color, quiet)
    for error in outcome.errors:
        _say("error", error)
    for bug in outcome.bugs:
        _say_bug(bug)
    sys.exit(outcome.exit_code)


def _named_config(config_file: str | None, isolated: bool) -> Config | None:
    """The configuration that ``--config`` names."""
    if config_file is None:
        return None
    if isolated:
        raise click.UsageError("--isolated uses no configuration file, but --config names one: give only one of the two")
    try:
        return named_config(Path(config_file))
    except ConfigError as error:
        _fail([str(error)])
    except OSError as error:
        _fail([f"the working directory: cannot be read: {reason_of(error)}"])
    return None


def _lint(paths: list[str], options: Options, stdin_filename: str | None) -> Outcome:
    if "-" not in paths:
        return lint_paths(paths, options)
    if len(paths) > 1:
        raise click.UsageError('"-" (standard input) cannot be combined with other paths')
    name = stdin_filename or STANDARD_INPUT
    given = Input(Path(name).as_posix(), _standard_input(options.max_size), Path(stdin_filename or "stdin"), piped=True)
    return lint_input(given, options)


def _standard_input(limit: int) -> bytes:
    try:
        return read_standard_input(sys.stdin.buffer if sys.stdin is not None else None, limit)
    except Unreadable as error:
        _fail([f"standard input: cannot be read: {error}"])
        raise


def _check_is_no_input(output: str, outcome: Outcome, *, from_stdin: bool) -> None:
    """Refuse an output that was read, under this name or another one, before anything is written."""
    found = identity(output)
    if found is None or not stat.S_ISREG(os.stat(output).st_mode):
        return
    with suppress(OSError, ValueError, AttributeError):  # no file of the system
        if from_stdin and os.path.samestat(os.fstat(sys.stdin.fileno()), os.stat(output)):
            _fail([_is_input(output)])
    if found in outcome.inputs and not _is_a_report(output):
        _fail([_is_input(output)])


def _is_a_report(output: str) -> bool:
    """Whether this is the report of an earlier run, which a search of its folder has found."""
    with suppress(OSError), open(output, "rb") as file:
        head = file.read(1_000)
        return b'"tool"' in head and f'"name": "{PROGRAM}"'.encode() in head
    return False


def _is_input(output: str) -> str:
    return f"{output}: is one of the files that are read, and the report would overwrite it: write it to another file"


class _Report(StringIO):
    """A report in memory that knows the encoding of where it will go."""

    encoding = "utf-8"


def _write(outcome: Outcome, output_format: str, output: str | None, color: str, quiet: bool) -> Outcome:
    """Report a run, and return it with the bugs that this met: what one finding breaks is reported without it."""
    from .reporters import reporter

    style = Style(color=_wants_color(color, output), quiet=quiet)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8" if output in (None, "-") else "utf-8"

    def report(one: Outcome) -> str:
        text = _Report()
        text.encoding = encoding
        reporter(output_format).report(one.result, text, style)
        return text.getvalue()

    try:
        text = report(outcome)
    except Exception:
        outcome = without_what_cannot_be_reported(outcome, report)
        text = report(outcome)
    if output is None or output == "-":
        write_standard_output(text)
    else:
        try:
            write_report(output, text.encode("utf-8", "replace"))
        except Unwritable as error:
            _fail([f"{output}: cannot be written: {error}"])
    return outcome


def _wants_color(color: str, output: str | None) -> bool:
    if color != "auto":
        return color == "always"
    if output is not None or sys.stdout is None:
        return False
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and sys.stdout.isatty()


@cli.command()
@click.argument("paths", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--format", "-f", "output_format", type=click.Choice(["text", "json"]), default="text", help="Output format.  [default: text]"
)
@click.option("--kind", metavar="KIND", callback=_check_kind, help="Treat every input as this kind, such as server/ssm.")
@click.option("--only-changed", is_flag=True, help="Print only settings whose value in the server differs from what is written.")
@click.option("--defaults", is_flag=True, help="Also print the defaults of settings that are not given.")
@_max_size_option
def show(paths: tuple[str, ...], output_format: str, kind: str | None, only_changed: bool, defaults: bool, max_size: int) -> None:
    """Print the configuration as the server sees it."""
    from .commands import show as shown

    loaded = load_documents(_inputs(paths, max_size), kind, max_size)
    text = shown.as_json if output_format == "json" else shown.as_text
    write_standard_output(text(loaded.documents, only_changed=only_changed, defaults=defaults))
    _fail(loaded.errors, loaded.bugs)


def _inputs(paths: tuple[str, ...], max_size: int) -> list[str | Input]:
    return [Input(STANDARD_INPUT, _standard_input(max_size), Path("stdin"), piped=True) if path == "-" else path for path in paths]


@cli.command()
@click.argument("first", metavar="FIRST")
@click.argument("second", metavar="SECOND")
@click.option(
    "--format", "-f", "output_format", type=click.Choice(["text", "json"]), default="text", help="Output format.  [default: text]"
)
@_max_size_option
def diff(first: str, second: str, output_format: str, max_size: int) -> None:
    """Compare two configurations as the server sees them.

    FIRST and SECOND are files; for one environment of a dump add its name after a hash sign, as in dump.json#prod. The exit code is 1
    if they differ.
    """
    from .commands import diff as compared

    one, other = (_one_document(text, max_size) for text in (first, second))
    text = compared.as_json if output_format == "json" else compared.as_text
    write_standard_output(text(one, other))
    sys.exit(1 if compared.differences(one, other) else 0)


def _one_document(text: str, max_size: int) -> Document:
    """The document that a path, perhaps with ``#environment``, stands for."""
    path, _, environment = (text, "", "") if os.path.exists(text) else text.partition("#")
    documents, errors, bugs = load_documents(_inputs((path,), max_size), None, max_size)
    _fail(errors, bugs)
    fitting = [document for document in documents if not environment or document.environment == environment]
    if len(fitting) != 1:
        names = ", ".join(document.environment or "?" for document in documents)
        problem = f"there is no environment {environment}" if environment else "there are several environments"
        _fail([f"{path}: {problem}: write {path}#NAME with one of {names}"])
    return fitting[0]


@cli.command()
def schema() -> None:
    """Print a JSON Schema of the JSON config file, for editors."""
    from .settings.json_schema import schema_text

    write_standard_output(schema_text())


# --- The rules themselves ----------------------------------------------------------------------------------------------------------


@cli.command("rules")
@click.argument("selectors", metavar="[RULE]...", nargs=-1, callback=_split)
@_rules_option
@_config_option
@_isolated_option
@click.option(
    "--format", "-f", "output_format", type=click.Choice(["text", "json"]), default="text", help="Output format.  [default: text]"
)
def list_rules(
    selectors: tuple[str, ...] | None, rule_folders: tuple[Path, ...], config_file: str | None, isolated: bool, output_format: str
) -> None:
    """List every rule, or those of the ids and categories that are given."""
    from .commands.rules import rules_as_json, rules_as_text
    from .policy.rule_set import check_selectors, rank

    rules, errors = all_rules(_rule_folders(rule_folders, config_file, isolated))
    _fail(errors)
    if selectors is not None:
        _fail(check_selectors(selectors, [rule.info for rule in rules]))
        rules = [rule for rule in rules if rank(rule.info, selectors)]
    write_standard_output(rules_as_json(rules) if output_format == "json" else rules_as_text(rules))


@cli.command()
@click.argument("rule_id", metavar="ID")
@_rules_option
@_config_option
@_isolated_option
def explain(rule_id: str, rule_folders: tuple[Path, ...], config_file: str | None, isolated: bool) -> None:
    """Explain a rule, with examples."""
    from .commands.rules import explanation
    from .policy.rule_set import check_ids

    folders = _rule_folders(rule_folders, config_file, isolated)
    rules, errors = all_rules(folders)
    _fail(errors)
    _fail(check_ids([rule_id], [rule.info for rule in rules]))
    write_standard_output(explanation(rule_id, folders))


@cli.command("test")
@click.argument("folders", metavar="[DIR]...", nargs=-1, callback=_check_folders)
@_config_option
@_isolated_option
@click.option("--quiet", "-q", is_flag=True, help="Print failures only.")
def test_rules(folders: tuple[Path, ...], config_file: str | None, isolated: bool, quiet: bool) -> None:
    """Run the examples in rule files: in the given folders, in those of the configuration file, or in the built-in rules."""
    from .commands.rules import run_examples

    report = run_examples(list[Folder](folders) or _rule_folders((), config_file, isolated))
    lines = [*map(printable_lines, report.failures), *([] if quiet or report.errors else [report.summary])]
    write_standard_output("".join(f"{line}\n" for line in lines))
    _fail(report.errors)
    sys.exit(1 if report.failures else 0)


def _rule_folders(given: tuple[Path, ...], config_file: str | None, isolated: bool) -> list[Folder]:
    """The folders of the command line and of the configuration that it names, or of that of the current folder."""
    named = _named_config(config_file, isolated)
    try:
        config = Configurations(named, isolated=isolated).of(Path(os.curdir))
    except ConfigError as error:
        _fail([str(error)])
        raise
    except OSError as error:
        _fail([f"the working directory: cannot be read: {reason_of(error)}"])
        raise
    return [*folders_of(config), *given]


def _fail(errors: list[str], bugs: Sequence[str] = ()) -> None:
    """Tell what could not be done, and exit, if there is anything."""
    for error in errors:
        _say("error", error)
    for bug in bugs:
        _say_bug(bug)
    if errors or bugs:
        sys.exit(3 if bugs else 2)


def _say_bug(bug: str) -> None:
    _say("bug", f"{bug}; please report it")


def main(run: Callable[..., Any] = cli) -> None:
    """The console script. No traceback reaches the user; set MEDPLUM_LINT_DEBUG to see one (it may show values of your files)."""
    try:
        run(prog_name=PROGRAM)
    except Exception as error:
        if os.environ.get("MEDPLUM_LINT_DEBUG"):
            raise
        _say_bug(described(error))
        sys.exit(3)
