"""The command line: the only module that knows click."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import __version__
from .config import FAIL_ON_CHOICES, TARGET_CHOICES, ConfigError, Settings, find_config
from .model import Document, Style
from .reporters import names as format_names
from .run import STANDARD_INPUT, Input, Options, Outcome, all_rules, lint_input, lint_paths, load_documents
from .sources import kinds

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


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
def cli() -> None:
    """Check the configuration of a self-hosted Medplum server: JSON config files and dumps of AWS Parameter Store.

    PATH is a file, a folder to search, a glob, or "-" for standard input; without one the current folder is searched.

    \b
    Exit codes: 0 no finding as grave as --fail-on, 1 findings, 2 could not run as asked, 3 a bug of medplum-lint.
    """


def _split(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...] | None:
    """Ids given by several options, or by one with commas; None when the option is not given."""
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
        raise click.BadParameter(f'"{text}" is no date such as 2026-01-31') from None
    return now if now.tzinfo else now.replace(tzinfo=timezone.utc)


_rules_option = click.option(
    "--rules",
    "rule_folders",
    metavar="DIR",
    multiple=True,
    callback=_check_folders,
    help="A folder of policies of your own. Repeatable.",
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
    help="How to report.  [default: text]",
)
@click.option("--output", "-o", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to a file.")
@click.option(
    "--kind",
    metavar="KIND",
    callback=_check_kind,
    help="Take every input for this kind instead of telling by its content, such as server/json.",
)
@click.option(
    "--target",
    type=click.Choice(TARGET_CHOICES),
    help="What the configuration is for.  [default: auto: development if all its URLs are local]",
)
@click.option("--select", metavar="ID,...", multiple=True, callback=_split, help="Check these rules only.")
@click.option("--ignore", metavar="ID,...", multiple=True, callback=_split, help="Do not check these rules.")
@_rules_option
@click.option("--fail-on", type=click.Choice(FAIL_ON_CHOICES), help="The least grave finding that gives exit code 1.  [default: error]")
@click.option("--now", metavar="DATE", callback=_parse_now, help="Judge certificates as on this day (2026-01-31), so that runs repeat.")
@click.option("--stdin-filename", metavar="NAME", help='The name to report for standard input ("-").')
@click.option("--allow-unrecognized", is_flag=True, help="Ignore files that are named and not recognised, as hooks need it.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour the text.  [default: auto]")
@click.option("--quiet", "-q", is_flag=True, help="Print findings only: no summary, nothing on a clean run.")
def check(
    paths: tuple[str, ...],
    output_format: str,
    output: Path | None,
    kind: str | None,
    target: str | None,
    select: tuple[str, ...] | None,
    ignore: tuple[str, ...] | None,
    rule_folders: tuple[Path, ...],
    fail_on: str | None,
    now: datetime | None,
    stdin_filename: str | None,
    allow_unrecognized: bool,
    color: str,
    quiet: bool,
) -> None:
    """Check configurations (the default command)."""
    if stdin_filename is not None and "-" not in paths:
        raise click.UsageError('--stdin-filename names standard input, which is read for the path "-"')
    if stdin_filename == "":
        raise click.UsageError("--stdin-filename is empty: give a name, or leave it out")
    settings = Settings(select=select, ignore=ignore, target=target, fail_on=fail_on)
    options = Options(settings, kind, rule_folders, now, allow_unrecognized)
    outcome = _lint(list(paths) or ["."], options, stdin_filename)
    if outcome.started:
        _write(outcome, output_format, output, color, quiet)
    for error in outcome.errors:
        click.echo(f"{PROGRAM}: error: {error}", err=True)
    for bug in outcome.bugs:
        click.echo(f"{PROGRAM}: bug: {bug}; please report it", err=True)
    sys.exit(outcome.exit_code)


def _lint(paths: list[str], options: Options, stdin_filename: str | None) -> Outcome:
    if "-" not in paths:
        return lint_paths(paths, options)
    if len(paths) > 1:
        raise click.UsageError('"-" (standard input) cannot be combined with other paths')
    name = stdin_filename or STANDARD_INPUT
    given = Input(Path(name).as_posix(), sys.stdin.buffer.read(), Path(stdin_filename or "stdin"), piped=True)
    return lint_input(given, options)


def _write(outcome: Outcome, output_format: str, output: Path | None, color: str, quiet: bool) -> None:
    from .reporters import reporter

    text = StringIO()
    style = Style(color=_wants_color(color, output), quiet=quiet)
    reporter(output_format).report(outcome.result, text, style)
    if output is None:
        _print(text.getvalue())
    else:
        _write_atomically(output, text.getvalue())


def _wants_color(color: str, output: Path | None) -> bool:
    if color != "auto":
        return color == "always"
    return output is None and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and sys.stdout.isatty()


def _print(text: str) -> None:
    """Write to standard output, whatever its encoding; a reader that has seen enough may close the pipe."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    sys.stdout.write(text)
    sys.stdout.flush()


def _write_atomically(output: Path, text: str) -> None:
    """Write a file so that nobody ever sees half of it."""
    temporary = output.with_name(f".{output.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(text.encode("utf-8"))
        os.replace(temporary, output)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        _fail([f"{output}: cannot be written: {(error.strerror or '').lower()}"])


@cli.command()
@click.argument("paths", metavar="FILE...", nargs=-1, required=True)
@click.option("--format", "-f", "output_format", type=click.Choice(["text", "json"]), default="text", help="How to print.  [default: text]")
@click.option("--kind", metavar="KIND", callback=_check_kind, help="Take every input for this kind, such as server/ssm.")
@click.option("--only-changed", is_flag=True, help="Only what the server holds differently from what is written.")
@click.option("--defaults", is_flag=True, help="Also the defaults of settings that are not given.")
def show(paths: tuple[str, ...], output_format: str, kind: str | None, only_changed: bool, defaults: bool) -> None:
    """Print the configuration as the server will hold it."""
    from . import show as shown

    documents, errors = load_documents(_inputs(paths), kind)
    text = shown.as_json if output_format == "json" else shown.as_text
    _print(text(documents, only_changed=only_changed, defaults=defaults))
    _fail(errors)


def _inputs(paths: tuple[str, ...]) -> list[str | Input]:
    return [Input(STANDARD_INPUT, sys.stdin.buffer.read(), Path("stdin"), piped=True) if path == "-" else path for path in paths]


@cli.command()
@click.argument("first", metavar="FIRST")
@click.argument("second", metavar="SECOND")
@click.option("--format", "-f", "output_format", type=click.Choice(["text", "json"]), default="text", help="How to print.  [default: text]")
def diff(first: str, second: str, output_format: str) -> None:
    """Compare two configurations as the server would hold them.

    FIRST and SECOND are files; one environment of a dump is named behind a hash sign, as in dump.json#prod. The exit code is 1 when they
    differ.
    """
    from . import diff as compared

    one, other = (_one_document(text) for text in (first, second))
    text = compared.as_json if output_format == "json" else compared.as_text
    _print(text(one, other))
    sys.exit(1 if compared.differences(one, other) else 0)


def _one_document(text: str) -> Document:
    """The document that a path, perhaps with ``#environment``, stands for."""
    path, _, environment = (text, "", "") if Path(text).exists() else text.partition("#")
    documents, errors = load_documents(_inputs((path,)), None)
    _fail(errors)
    fitting = [document for document in documents if not environment or document.environment == environment]
    if len(fitting) != 1:
        names = ", ".join(document.environment or "?" for document in documents)
        problem = f"there is no environment {environment}" if environment else "there are several environments"
        _fail([f"{path}: {problem}: write {path}#NAME with one of {names}"])
    return fitting[0]


@cli.command()
def schema() -> None:
    """Print the JSON Schema of the server's JSON config, for editors."""
    from .schema import schema_text

    _print(schema_text())


# --- The rules themselves ----------------------------------------------------------------------------------------------------------


@cli.command("rules")
@_rules_option
@click.option("--format", "-f", "output_format", type=click.Choice(["text", "json"]), default="text", help="How to list.  [default: text]")
def list_rules(rule_folders: tuple[Path, ...], output_format: str) -> None:
    """List every rule."""
    from .rulebook import rules_as_json, rules_as_text

    rules, errors = all_rules(_rule_folders(rule_folders))
    _fail(errors)
    _print(rules_as_json(rules) if output_format == "json" else rules_as_text(rules))


@cli.command()
@click.argument("rule_id", metavar="ID")
@_rules_option
def explain(rule_id: str, rule_folders: tuple[Path, ...]) -> None:
    """Print what a rule is about, with examples."""
    from .policy.library import check_ids
    from .rulebook import explanation

    folders = _rule_folders(rule_folders)
    rules, errors = all_rules(folders)
    _fail(errors)
    _fail(check_ids([rule_id], [rule.info.id for rule in rules]))
    _print(explanation(rule_id, folders))


@cli.command("test")
@click.argument("folders", metavar="[DIR]...", nargs=-1, callback=_check_folders)
@click.option("--quiet", "-q", is_flag=True, help="Print failures only.")
def test_rules(folders: tuple[Path, ...], quiet: bool) -> None:
    """Run the examples in rule files: those of the folders, of the configuration, or the built-in ones."""
    from .rulebook import run_examples

    report = run_examples(list(folders) or _rule_folders(()))
    for failure in report.failures:
        _print(f"{failure}\n")
    _fail(report.errors)
    if not quiet:
        _print(f"{report.summary}\n")
    sys.exit(1 if report.failures else 0)


def _rule_folders(given: tuple[Path, ...]) -> list[Path]:
    """The folders of the command line and of the configuration of the current folder."""
    try:
        return [*find_config(Path.cwd()).rules, *given]
    except ConfigError as error:
        _fail([str(error)])
        raise


def _fail(errors: list[str]) -> None:
    if errors:
        for error in errors:
            click.echo(f"{PROGRAM}: error: {error}", err=True)
        sys.exit(2)


def main(run: Callable[..., Any] = cli) -> None:
    """The console script. No traceback reaches the user; set MEDPLUM_LINT_DEBUG to see one (it may show values of your files)."""
    try:
        run(prog_name=PROGRAM)
    except BrokenPipeError:
        # Whoever read our output went away; Python must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        if os.environ.get("MEDPLUM_LINT_DEBUG"):
            raise
        import traceback

        frame = traceback.extract_tb(error.__traceback__)[-1]
        click.echo(f"{PROGRAM}: bug: {type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}; please report it", err=True)
        sys.exit(3)
