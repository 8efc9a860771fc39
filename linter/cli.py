"""The command line. Only this module, :mod:`linter.console` and :mod:`linter.options` know click."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import click

from . import __version__
from .checking import Check, Tried, said_of, watched, with_commands, with_contents
from .choose import all_rules, configured_server, folders_of, relative_to_here
from .config import FAIL_ON_CHOICES, TARGET_CHOICES, Config, ConfigError, Overrides
from .configurations import Configurations, named_config
from .console import Commands, Option, option
from .files import Unreadable, read_standard_input, reason_of
from .load import STANDARD_INPUT, Input, LoadedDocuments, load_documents, read_inputs
from .model import Document, Level, Style
from .options import (
    SERVER_VARIABLE,
    Output,
    baseline_options,
    check_category,
    check_folders,
    check_statistics,
    complete_folders,
    complete_paths,
    complete_rule,
    complete_selectors,
    complete_servers,
    config_option,
    force_exclude_option,
    format_option,
    isolated_option,
    kind_option,
    max_size_option,
    min_severity_option,
    outputs_of,
    parse_day,
    parse_now,
    parse_outputs,
    parse_reason,
    rules_option,
    selectors_option,
    server_version_option,
    show_options,
    split_names,
    statistics_option,
    suppressed_for,
)
from .output import STANDARD_OUTPUT, Changed, Unwritable, is_same_output, replace_file, write_report, write_standard_output
from .policy.rule_set import Folder
from .release import ANY_SERVER, ServerVersion
from .report import fails_unseen, is_read, write_all
from .reporters import names as format_names
from .run import NewBaseline, Options, Outcome, lint_input, lint_paths
from .say import PROGRAM, say, say_all, without_traceback
from .text import printable_lines
from .typed import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from datetime import date, datetime

    from .discover import Found
    from .fixes.store_plan import FixedDump

Read = TypeVar("Read")


def _show_version(context: click.Context, _parameter: click.Parameter, is_asked: bool) -> None:
    if not is_asked or context.resilient_parsing:
        return
    from .settings.releases import KNOWN  # only here

    click.echo(f"{PROGRAM} {__version__}\nKnows the {KNOWN}.")
    context.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show the version and exit.",
    cls=Option,
    heading="Help",
)
def cli() -> None:
    """Check the configuration of a self-hosted Medplum server: JSON config files, dumps of AWS Parameter Store, variables.

    PATH is a file, a folder to search, a glob, or "-" for standard input; without one the current folder is searched.

    Examples:
      # Check a file, or a folder with all that is recognised in it
      medplum-lint medplum.config.json
      medplum-lint deploy --fail-on warning
      # Check standard input
      medplum-lint - < dump.json
      # Ask what a rule is about
      medplum-lint explain missing-trailing-slash

    Exit codes:
      0  no finding as severe as --fail-on
      1  findings
      2  could not run as asked
      3  a bug in medplum-lint
    """


@cli.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", metavar="[PATH]...", nargs=-1, shell_complete=complete_paths)
@option(
    "--format",
    "-f",
    "output_format",
    heading="Report",
    type=click.Choice(format_names()),
    default="text",
    help="Report format.  [default: text]",
)
@option(
    "--output",
    "-o",
    "given_outputs",
    heading="Report",
    metavar="[FORMAT:]FILE",
    multiple=True,
    callback=parse_outputs,
    shell_complete=complete_paths,
    help="Write the report to a file; FORMAT:FILE writes one more report, in a format of its own. Repeatable.",
)
@option(
    "--sarif-category",
    heading="Report",
    metavar="NAME",
    callback=check_category,
    help="What code scanning is to know the SARIF report by, among others.",
)
@option("--show-suppressed", heading="Report", is_flag=True, help="Also report suppressed findings, in sarif, junit and markdown.")
@kind_option("Treat every input as this kind, such as server/json, instead of detecting it from the content.")
@option(
    "--target",
    heading="Input",
    type=click.Choice(TARGET_CHOICES),
    help="What the configuration is for.  [default: auto: development if all its URLs are local]",
)
@server_version_option
@selectors_option("--select", "Check only these rules: ids, categories, patterns such as *-certificate.")
@selectors_option("--extend-select", "Check these rules beside the selected ones.")
@selectors_option("--ignore", "Do not check these rules.")
@option("--pedantic", heading="Rules", is_flag=True, help="Also give advice that applies to almost every installation.")
@rules_option
@config_option
@isolated_option
@force_exclude_option
@baseline_options
@option(
    "--fail-on",
    heading="Exit code",
    type=click.Choice(FAIL_ON_CHOICES),
    help="The lowest severity that gives exit code 1.  [default: error]",
)
@option(
    "--now",
    heading="Input",
    metavar="DATE",
    callback=parse_now,
    help="Check certificates as of this date (2026-01-31), so that runs repeat.",
)
@max_size_option
@option(
    "--jobs",
    heading="Input",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    expose_value=False,
    help="Kept for command lines that have it: one process checks everything.",
)
@option("--stdin-filename", heading="Input", metavar="NAME", help='The name to report for standard input ("-").')
@show_options
@option(
    "--fix", "apply_fixes", heading="Fixes", is_flag=True, help="Mend what is known to be mended without changing what the server does."
)
@option("--unsafe-fixes", heading="Fixes", is_flag=True, help="With --fix, --diff or --fix-script, also make the fixes that need a look.")
@option("--diff", "show_diff", heading="Fixes", is_flag=True, help="Print what --fix would change, and change nothing.")
@option(
    "--fix-script",
    heading="Fixes",
    metavar="FILE",
    shell_complete=complete_paths,
    help="Write the fixes of Parameter Store dumps to a shell script.",
)
@option(
    "--allow-unrecognized",
    heading="Input",
    is_flag=True,
    help="Pass over named files that are not recognised, and folders without any file that is: for hooks.",
)
@option(
    "--color", heading="Report", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour the output.  [default: auto]"
)
@option("--quiet", "-q", heading="Report", is_flag=True, help="Print only findings: no summary, and nothing on a clean run.")
@min_severity_option
@statistics_option
def check(
    paths: tuple[str, ...],
    output_format: str,
    given_outputs: tuple[Output, ...],
    sarif_category: str,
    show_suppressed: bool,
    kind: str | None,
    target: str | None,
    server_version: ServerVersion | None,
    select: tuple[str, ...] | None,
    extend_select: tuple[str, ...] | None,
    ignore: tuple[str, ...] | None,
    pedantic: bool,
    rule_folders: tuple[Path, ...],
    config_file: str | None,
    isolated: bool,
    force_exclude: bool,
    baseline: Path | None,
    no_baseline: bool,
    write_baseline: Path | None,
    fail_on_stale_baseline: bool,
    fail_on: str | None,
    now: datetime | None,
    max_size: int,
    stdin_filename: str | None,
    show_settings: bool,
    show_files: bool,
    apply_fixes: bool,
    unsafe_fixes: bool,
    show_diff: bool,
    fix_script: str | None,
    allow_unrecognized: bool,
    color: str,
    quiet: bool,
    min_severity: Level | None,
    statistics: bool | None,
) -> None:
    """Check configurations (the default command).

    PATH is a file, a folder to search, a glob, or "-" for standard input; without one the current folder is searched.

    Examples:
      # See what would be mended, then mend it
      medplum-lint --diff medplum.config.json
      medplum-lint --fix medplum.config.json
      # Only some rules, or all but some; by id or category
      medplum-lint --select tls,secrets --ignore missing-port deploy
      # For code scanning
      medplum-lint --format sarif --output medplum-lint.sarif deploy
      # Judge by the server that you run
      medplum-lint --server-version 4.3.5 dump.json
    """
    if stdin_filename is not None and "-" not in paths:
        raise click.UsageError('--stdin-filename names standard input: give the path "-" too')
    if stdin_filename == "":
        raise click.UsageError("--stdin-filename is empty: give a name, or leave it out")
    outputs = outputs_of(output_format, _is_given("output_format"), given_outputs)
    if fix_script is not None and (fix_script in ("", "-") or any(is_same_output(fix_script, one.file) for one in outputs)):
        raise click.UsageError("--fix-script needs a file of its own")
    beside = [*(one.file for one in outputs), *([] if fix_script is None else [fix_script])]
    if write_baseline is not None and any(is_same_output(str(write_baseline), one) for one in beside):
        raise click.UsageError("--write-baseline needs a file of its own")
    for one in given_outputs:
        if one.file in format_names() and not one.format:
            say("note", f"{one.file}: is a file to which the report of --format goes; --output {one.file}:FILE writes a {one.file} report")
    if sarif_category and all(one.format != "sarif" for one in outputs):
        raise click.UsageError("--sarif-category names a SARIF report: give --format sarif or --output sarif:FILE too")
    check_statistics(statistics, outputs)
    is_suppressed_shown = show_suppressed and suppressed_for(outputs)
    style = Style(quiet=quiet, statistics=statistics, category=sarif_category, suppressed=is_suppressed_shown)
    overrides = Overrides(select, ignore, None, target, fail_on, pedantic or None, server_version, extend_select)
    options = Options(
        overrides, kind, rule_folders, now, allow_unrecognized, _named_config(config_file, isolated), isolated=isolated, max_size=max_size
    )
    options = options._replace(
        force_exclude=force_exclude,
        baseline=baseline,
        without_baseline=no_baseline,
        write_baseline=write_baseline,
        fail_on_stale_baseline=fail_on_stale_baseline,
    )
    _check_baseline_options(options, fixes=apply_fixes or show_diff)
    if show_settings or show_files:
        printed = all(one.format == "text" and one.file == STANDARD_OUTPUT for one in outputs)
        other = apply_fixes or show_diff or fix_script or write_baseline or not printed
        if other or (show_settings and show_files) or "-" in paths:
            raise click.UsageError("--show-settings and --show-files check nothing, and print text: give paths, and no other output")
        _show_configured(paths, options, settings=show_settings)
        return
    if unsafe_fixes and not (apply_fixes or show_diff or fix_script):
        raise click.UsageError("--unsafe-fixes says which fixes to make: give --fix, --diff or --fix-script too")
    paths = paths or (".",)
    if apply_fixes and not show_diff and "-" in paths:
        raise click.UsageError("standard input cannot be changed: give a file, or --diff to see what would be")
    check_again = _lint(list(paths), options, stdin_filename)
    keep_inputs = partial(_keep_inputs, outputs=outputs, fix_script=fix_script, from_stdin="-" in paths)
    report = partial(_report, outputs=outputs, style=style, color=color, min_severity=min_severity)
    if show_diff:
        aside = any(one.format != "text" and one.file == STANDARD_OUTPUT for one in outputs)
        tried = _show_fixes(check_again, unsafe_fixes, keep_inputs, report, aside=aside)
    elif apply_fixes:
        tried = _fix(check_again, unsafe_fixes, keep_inputs, report)
    else:
        outcome = check_again(None)
        keep_inputs(outcome)
        tried = with_commands(outcome, check_again, unsafe_fixes, as_they_are=True)
        tried = tried._replace(outcome=report(tried.outcome))
        for note in tried.notes if fix_script is not None else ():
            say("note", note)
    outcome = tried.outcome
    said_of(outcome, quiet=quiet, stale_baseline=fail_on_stale_baseline)
    if outcome.bugs and write_baseline is not None:
        say("note", f"{write_baseline}: is not written, because of the bug findings may be missing")
    if outcome.baseline is not None and write_baseline is not None:
        _write_baseline(outcome.baseline, write_baseline)
    if fix_script is not None and outcome.started:
        _write_script(tried.dumps, fix_script)
    sys.exit(outcome.exit_code)


def _is_given(name: str) -> bool:
    """Whether the command line itself gives a parameter."""
    return click.get_current_context().get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _show_configured(paths: tuple[str, ...], options: Options, *, settings: bool) -> None:
    """Print what holds for files, or what a search takes."""
    from .commands import configured

    if settings and not paths:
        raise click.UsageError("--show-settings needs a file: name the one that you ask about")
    shown = (
        [configured.settings_for(path, options) for path in paths] if settings else [configured.files_taken(list(paths or (".",)), options)]
    )
    write_standard_output("\n".join(one.text for one in shown if one.text))
    _fail([error for one in shown for error in one.errors], [bug for one in shown for bug in one.bugs])


def _check_baseline_options(options: Options, *, fixes: bool) -> None:
    """Refuse options that contradict each other."""
    if options.write_baseline is not None:
        if fixes:
            raise click.UsageError("--write-baseline takes in what is there, which --fix and --diff change: write the baseline afterwards")
        if options.baseline is not None or options.without_baseline or options.fail_on_stale_baseline:
            raise click.UsageError("--write-baseline takes in all findings: give no other option about a baseline with it")
    if options.without_baseline and (options.baseline is not None or options.fail_on_stale_baseline):
        raise click.UsageError("--no-baseline uses no baseline: give no other option about one with it")


def _write_baseline(new: NewBaseline, path: Path) -> None:
    """Write a baseline, and say what is in it."""
    try:
        write_report(str(path), new.text.encode())
    except Unwritable as error:
        _fail([f"{path}: cannot be written: {error}"])
    kept = f", of which {new.kept} are about files and rules that this run did not check" if new.kept else ""
    entries = f"{new.entries:,} {'entry' if new.entries == 1 else 'entries'}"
    if new.findings != new.entries - new.kept:
        entries = f"{new.findings:,} {'finding' if new.findings == 1 else 'findings'} in {entries}"
    say("note", f"{path}: wrote {entries}{kept}")


def _keep_inputs(outcome: Outcome, *, outputs: Sequence[Output], fix_script: str | None, from_stdin: bool) -> None:
    """Stop before anything is written if an output is an input: one that ``--fix`` has replaced is no longer known by its number."""
    for path, what in (*((one.file, "report") for one in outputs), (fix_script, "script")):
        if outcome.started and path not in (None, "-") and is_read(str(path), outcome.inputs, from_stdin=from_stdin):
            _fail([f"{path}: is one of the files that are read, and the {what} would overwrite it: write it to another file"])


def _write_script(dumps: Sequence[FixedDump], path: str) -> None:
    """Write the script that makes the fixes of dumps, if there are any."""
    from .commands import fix_script

    if not dumps:
        say("note", f"{path}: is not written, because no finding can be fixed in Parameter Store")
        return
    try:
        script = fix_script.script(dumps)
    except fix_script.SeveralAccounts as error:
        _fail([f"{path}: is not written: {error}"])
    try:
        write_report(path, script.text.encode("utf-8", "replace"), fix_script.MODE)
    except Unwritable as error:
        _fail([f"{path}: cannot be written: {error}"])
    say("note", fix_script.summary(script, path))


def _fix(check_again: Check, unsafe: bool, keep_inputs: Callable[[Outcome], None], report: Callable[[Outcome], Outcome]) -> Tried:
    """Make the fixes of files, and report what is left. A file that cannot be written is reported as it is."""
    from .commands.fix import summary
    from .fixes.plan import fixed

    fixes = fixed(check_again, unsafe=unsafe)
    keep_inputs(fixes.outcome)
    errors = {file.uri: _replaced(file.uri, file.after, file.before) for file in fixes.files}
    made = [file for file in fixes.files if not errors[file.uri]]
    tried = with_commands(fixes.outcome if len(made) == len(fixes.files) else check_again({}), check_again, unsafe)
    outcome = report(tried.outcome)
    for note in (*fixes.refused, *tried.notes):
        say("note", note)
    if made:
        say("note", summary(made, made=True))
    unwritten = [error for uri in errors for error in errors[uri]]
    return tried._replace(outcome=outcome._replace(errors=(*outcome.errors, *unwritten), bugs=(*outcome.bugs, *fixes.bugs)))


def _show_fixes(
    check_again: Check,
    unsafe: bool,
    keep_inputs: Callable[[Outcome], None],
    report: Callable[[Outcome], Outcome],
    *,
    aside: bool,
) -> Tried:
    """Print what fixes would change, and report what would be left, where it is now. A difference is a failure.

    ``aside``: on standard error, for a program reads the report.
    """
    from .commands.fix import summary, unified_diff
    from .commands.fix_script import printed
    from .fixes.plan import fixed, left

    fixes = fixed(check_again, unsafe=unsafe)
    keep_inputs(fixes.before)
    tried = with_commands(left(fixes), check_again, unsafe)
    text = "".join(map(unified_diff, fixes.files)) + (printed(tried.dumps) if tried.dumps else "")
    if aside:
        click.echo(text, err=True, nl=False)
    else:
        write_standard_output(text)
    outcome = report(tried.outcome)
    for note in (*fixes.refused, *tried.notes):
        say("note", note)
    if fixes.files:
        say("note", summary(fixes.files, made=False))
    failed = outcome.failed or bool(fixes.files or tried.dumps)
    return tried._replace(outcome=outcome._replace(bugs=(*outcome.bugs, *fixes.bugs), failed=failed))


def _replaced(path: str, content: bytes, before: bytes) -> list[str]:
    """Write a file, and give the error where that cannot be done."""
    try:
        replace_file(path, content, before)
    except Changed:
        return [f"{path}: has changed since it was read, so it is left as it is: run the command again"]
    except Unwritable as error:
        return [f"{path}: cannot be written: {error}"]
    return []


def _report(outcome: Outcome, outputs: Sequence[Output], style: Style, color: str, min_severity: Level | None) -> Outcome:
    if not outcome.started:
        return outcome
    written = write_all(outcome, outputs, style, color, min_severity)
    if outcome.failed and fails_unseen(outcome.result, min_severity):
        say("note", f"the run fails for findings less severe than {min_severity}, which --min-severity leaves out")
    return written


def _named_config(config_file: str | None, isolated: bool) -> Config | None:
    """The configuration that ``--config`` names."""
    if config_file is None:
        return None
    if isolated:
        raise click.UsageError("--isolated uses no configuration file, but --config names one: give only one of the two")
    return _config(lambda: named_config(Path(config_file)))


def _config(read: Callable[[], Read]) -> Read:
    """What is read of a configuration, or the reason why it cannot be, and the end."""
    try:
        return read()
    except ConfigError as error:
        _fail([str(error)])
        raise
    except OSError as error:
        _fail([f"the working directory: cannot be read: {reason_of(error)}"])
        raise


def _lint(paths: list[str], options: Options, stdin_filename: str | None) -> Check:
    """What checks the inputs, some of them with other contents; None keeps none of the contents."""
    if "-" not in paths:
        return lambda contents: watched(partial(lint_paths, paths), with_contents(options, contents))
    if len(paths) > 1:
        raise click.UsageError('"-" (standard input) cannot be combined with other paths')
    uri = Path(stdin_filename or STANDARD_INPUT).as_posix()
    given = Input(uri, _standard_input(options.max_size), Path(stdin_filename or "stdin"), piped=True)

    def check(contents: Mapping[str, bytes] | None) -> Outcome:
        data = (contents or {}).get(uri, given.data)
        return watched(partial(lint_input, given._replace(data=data)), with_contents(options, contents))

    return check


def _standard_input(limit: int) -> bytes:
    try:
        return read_standard_input(sys.stdin.buffer if sys.stdin is not None else None, limit)
    except Unreadable as error:
        _fail([f"standard input: cannot be read: {error}"])
        raise


@cli.command()
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, shell_complete=complete_paths)
@format_option("text", "json")
@kind_option()
@option(
    "--only-changed", heading="Report", is_flag=True, help="Print only settings whose value in the server differs from what is written."
)
@option("--defaults", heading="Report", is_flag=True, help="Also print the defaults of settings that are not given.")
@server_version_option
@max_size_option
def show(
    paths: tuple[str, ...],
    output_format: str,
    kind: str | None,
    only_changed: bool,
    defaults: bool,
    server_version: ServerVersion | None,
    max_size: int,
) -> None:
    """Print the configuration as the server sees it.

    Secrets are masked.

    Examples:
      # Only what the server makes something else of than what is written
      medplum-lint show --only-changed medplum.config.json
      # What one release holds, with its defaults
      medplum-lint show --defaults --server-version 4.3.5 dump.json
    """
    from .commands import show as shown

    inputs = _inputs(paths, max_size)
    _declare_secrets([one.path if isinstance(one, Input) else Path(one) for one in inputs])
    loaded = load_documents(inputs, kind, max_size, server_version, _configured_server())
    text = shown.as_json if output_format == "json" else shown.as_text
    write_standard_output(text(loaded.documents, only_changed=only_changed, defaults=defaults))
    _fail(loaded.errors, loaded.bugs)


def _declare_secrets(files: Sequence[Path]) -> None:
    """Have the settings masked that the configurations of files call secret."""
    from .settings import declare_secrets

    configurations = Configurations()
    configs = [_config(lambda path=path: configurations.of(path / os.pardir)) for path in files]  # type: ignore[misc]
    declare_secrets(name for config in configs for name in config.secret_names)


def _configured_server() -> Callable[[Document], ServerVersion | None]:
    """The server that the configuration beside the file of a document says it is for."""
    configurations = Configurations()

    def configured(document: Document) -> ServerVersion | None:
        path = Path(document.uri)
        config = _config(lambda: configurations.of(path / os.pardir))
        return configured_server(config, config.overrides_for(path), document)

    return configured


def _inputs(paths: tuple[str, ...], max_size: int) -> list[str | Input]:
    return [Input(STANDARD_INPUT, _standard_input(max_size), Path("stdin"), piped=True) if path == "-" else path for path in paths]


@cli.command()
@click.argument("first", metavar="FIRST", shell_complete=complete_paths)
@click.argument("second", metavar="SECOND", shell_complete=complete_paths)
@format_option("text", "json")
@max_size_option
def diff(first: str, second: str, output_format: str, max_size: int) -> None:
    """Compare two configurations as the server sees them.

    FIRST and SECOND are files; for one environment of a dump add its name after a hash sign, as in dump.json#prod. The exit code is 1
    if they differ.

    Examples:
      # Two environments of one dump
      medplum-lint diff dump.json#staging dump.json#prod
      # What is in the repository, and what is deployed
      medplum-lint diff medplum.config.json dump.json#prod
    """
    from .commands import diff as compared

    _declare_secrets([Path(_file_and_environment(text)[0]) for text in (first, second)])
    one, other = (_one_document(text, max_size) for text in (first, second))
    text = compared.as_json if output_format == "json" else compared.as_text
    write_standard_output(text(one, other))
    sys.exit(1 if compared.differences(one, other) else 0)


def _file_and_environment(text: str) -> tuple[str, str]:
    path, _, environment = (text, "", "") if os.path.exists(text) else text.partition("#")
    return path, environment


def _one_document(text: str, max_size: int) -> Document:
    """The document that a path, perhaps with ``#environment``, stands for."""
    path, environment = _file_and_environment(text)
    documents, errors, bugs, _ = load_documents(_inputs((path,), max_size), None, max_size, ANY_SERVER)
    _fail(errors, bugs)
    fitting = [document for document in documents if not environment or document.environment == environment]
    if len(fitting) != 1:
        names = ", ".join(document.environment for document in documents if document.environment)
        problem = f"there is no environment {environment}" if environment else "there are several environments"
        way_out = f"write {path}#NAME with one of {names}" if names else f"write {path}, which has one configuration without a name"
        _fail([f"{path}: {problem}: {way_out}"])
    return fitting[0]


@cli.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, shell_complete=complete_paths)
@option(
    "--from",
    "oldest",
    heading="Input",
    metavar="VERSION",
    shell_complete=complete_servers,
    help="The release that the server has now, such as 4.3.5.  [default: by image]",
)
@option(
    "--to",
    "newest",
    heading="Input",
    metavar="VERSION",
    shell_complete=complete_servers,
    help="The release to upgrade to.  [default: the newest known one]",
)
@format_option("text", "json", "markdown")
@kind_option()
@max_size_option
def upgrade(paths: tuple[str, ...], oldest: str | None, newest: str | None, output_format: str, kind: str | None, max_size: int) -> None:
    """Print what an upgrade of the server changes.

    PATH is a file, a folder to search, a glob, or "-" for standard input; without one the current folder is searched. Give all files of one
    server: only what concerns them is printed. The exit code is 1 if something needs a hand.

    Examples:
      # From the release that an image in the files names to the newest
      medplum-lint upgrade deploy
      # A list of tasks for a ticket
      medplum-lint upgrade --from 4.3.5 --to 5.1.23 --format markdown dump.json
    """
    from .commands import upgrade as planned
    from .release import Release, ServerVersion
    from .settings.releases import KNOWN
    from .upgrade.plan import Plan

    inputs, errors = _found_inputs(paths or (".",), max_size)
    _declare_secrets([one.path for one in inputs])
    nothing = f"{', '.join(paths) or 'the current folder'}: no file is a Medplum configuration"

    def load(release: Release) -> LoadedDocuments:
        return load_documents(inputs, kind, max_size, ServerVersion(release, release, "the upgrade"))

    def today() -> list[Document]:
        loaded = load_documents(inputs, kind, max_size, None, _configured_server())
        found = [*loaded.documents, *loaded.without_settings.values()]
        if not found:
            _fail([*errors, *loaded.errors] or [nothing], loaded.bugs)
        return found

    try:
        between = planned.upgrade_between(oldest, newest, today, (SERVER_VARIABLE, os.environ.get(SERVER_VARIABLE) or None))
    except ValueError as error:
        _fail([*errors, str(error)])
        raise
    before = load(between.oldest)
    plan = Plan(lambda release: load(release).documents, between.oldest, between.newest, before.without_settings.values())
    found = plan.changes()
    errors += [error for error in before.errors if error not in before.without_settings]
    if before.documents or before.without_settings:
        text = {"json": planned.as_json, "markdown": planned.as_markdown}.get(output_format, planned.as_text)
        write_standard_output(text(between._replace(whole=plan.is_whole), found))
        say("note", f"knows the {KNOWN}")
    elif not errors:
        errors.append(nothing)
    _fail(errors, before.bugs)
    sys.exit(1 if planned.needs_a_hand(found) else 0)


def _found_inputs(paths: tuple[str, ...], max_size: int) -> tuple[list[Input], list[str]]:
    """The files that paths, folders and globs stand for, read, and an error for each that stands for nothing or cannot be read."""
    from .discover import NoWishes, find_files

    piped = [path for path in _inputs(paths, max_size) if isinstance(path, Input)]
    found, errors = find_files([path for path in paths if path != "-"], NoWishes())
    inputs, unread = read_inputs([*piped, *(str(one.path) for one in found if not one.too_large)], max_size)
    ways = {one.path.as_posix(): one for one in found}
    return [_as_found(one, ways.get(one.uri)) for one in inputs], [*errors, *unread]


def _as_found(given: Input, way: Found | None) -> Input:
    """An input that knows how a search came upon it."""
    return given if way is None else given._replace(searched=way.searched, by_content=way.by_content)


@cli.command(short_help="Accept one finding, with a reason.")
@click.argument("file", metavar="FILE", shell_complete=complete_paths)
@click.argument("rule_id", metavar="RULE", shell_complete=complete_rule)
@click.argument("setting", metavar="[SETTING]", required=False)
@option(
    "--reason",
    heading="Findings",
    metavar="TEXT",
    required=True,
    callback=parse_reason,
    help="Why it is accepted, for whoever reads it later.",
)
@option(
    "--until",
    heading="Findings",
    metavar="DATE",
    callback=parse_day,
    help="The last day (2026-01-31) on which it is.  [default: no end]",
)
@option(
    "--environment",
    heading="Findings",
    metavar="NAME",
    help="Accept it in this environment, service, container or job only.  [default: in all of the file]",
)
@kind_option("Treat the file as this kind, such as server/ssm.")
@rules_option
@config_option
def accept(
    file: str,
    rule_id: str,
    setting: str | None,
    reason: str,
    until: date | None,
    environment: str | None,
    kind: str | None,
    rule_folders: tuple[Path, ...],
    config_file: str | None,
) -> None:
    """Accept a finding: write it to the configuration file, with the reason.

    FILE is the file in which RULE has a finding at SETTING, such as database.ssl; where it has only one, SETTING can be left out. The entry
    goes to the end of the configuration file that counts for FILE, which otherwise stays as it is; where there is none, one is begun.

    Examples:
      medplum-lint accept dump.json unserved-oauth-url --reason "a proxy has it"
    """
    from .commands import accept as accepted
    from .config import Acceptance

    options = Options(kind=kind, rules=rule_folders, config=_named_config(config_file, isolated=False))
    wanted = Acceptance(rule_id, reason, setting=setting, environment=environment, until=until)
    try:
        entry = _config(lambda: accepted.entry(file, wanted, options))
    except accepted.Refused as error:
        _fail([str(error)])
        raise
    path = str(entry.path)
    if entry.before is not None:
        _fail(_replaced(path, entry.after, entry.before))
    else:
        _write_new(path, entry.after)
    count = "1 finding is" if entry.accepted == 1 else f"{entry.accepted} findings are" if entry.accepted else "what it finds is"
    say("note", f"{relative_to_here(entry.path)}:{entry.line}: {count} accepted from now on")


def _write_new(path: str, content: bytes) -> None:
    """Write a file that is not there yet."""
    try:
        write_report(path, content)
    except Unwritable as error:
        _fail([f"{path}: cannot be written: {error}"])


@cli.command()
@click.argument("what", metavar="[WHAT]", type=click.Choice(["server", "rule", "configuration"]), default="server")
def schema(what: str) -> None:
    """Print a JSON Schema for editors.

    WHAT is the file that it is for: server, rule or configuration. These are the server's JSON config file, a policy of your own, and the
    configuration file of medplum-lint.

    Examples:
      medplum-lint schema > medplum.schema.json
      # Then, at the top of the config: "$schema": "./medplum.schema.json"
      medplum-lint schema configuration > medplum-lint.schema.json
    """
    if what == "configuration":
        from .config_schema import schema_text as schema_of_configuration

        rules = [rule.info for rule in all_rules(())[0]]
        write_standard_output(schema_of_configuration([one.id for one in rules], {one.category for one in rules}))
        return
    from .policy import grammar
    from .settings import json_schema

    write_standard_output(grammar.schema_text() if what == "rule" else json_schema.schema_text())


@cli.command()
def init() -> None:
    """Begin a configuration file in the current folder.

    Each option is in it, in a comment. A file that is there already is not replaced.

    Examples:
      medplum-lint init
    """
    from .config_schema import beginning
    from .configurations import OWN_FILE, Configurations

    if os.path.lexists(OWN_FILE):
        _fail([f"{OWN_FILE}: is there already"])
    config = _config(lambda: Configurations().of(Path(os.curdir)))
    if config.path is not None and config.folder == Path.cwd():
        _fail([f"{relative_to_here(config.path)}: has a table [tool.medplum-lint] already, for which {OWN_FILE} would count instead"])
    _write_new(OWN_FILE, beginning().encode())
    say("note", f"{OWN_FILE}: wrote every option, in a comment")


# --- The rules themselves ----------------------------------------------------------------------------------------------------------


@cli.command("rules", short_help="List the rules, all or some of them.")
@click.argument("selectors", metavar="[RULE]...", nargs=-1, callback=split_names, shell_complete=complete_selectors)
@rules_option
@config_option
@isolated_option
@format_option("text", "json")
def list_rules(
    selectors: tuple[str, ...] | None, rule_folders: tuple[Path, ...], config_file: str | None, isolated: bool, output_format: str
) -> None:
    """List every rule, or those of the ids and categories that are given.

    Examples:
      medplum-lint rules tls missing-setting
      # For a program, with the policies of your own
      medplum-lint rules --rules policies --format json
    """
    from .commands.rules import rules_as_json, rules_as_text
    from .policy.rule_set import check_selectors, rank

    rules, errors, _ = all_rules(_rule_folders(rule_folders, config_file, isolated))
    _fail(errors)
    if selectors is not None:
        _fail(check_selectors(selectors, [rule.info for rule in rules]))
        rules = [rule for rule in rules if rank(rule.info, selectors)]
    write_standard_output(rules_as_json(rules) if output_format == "json" else rules_as_text(rules))


@cli.command(short_help="Explain a rule, or why it speaks of files or not.")
@click.argument("rule_id", metavar="ID", shell_complete=complete_rule)
@click.argument("paths", metavar="[PATH]...", nargs=-1, shell_complete=complete_paths)
@kind_option("Treat every input as this kind, such as server/json.")
@option("--target", heading="Input", type=click.Choice(TARGET_CHOICES), help="What the configuration is for.  [default: auto]")
@server_version_option
@selectors_option("--select", "As for check.")
@selectors_option("--ignore", "As for check.")
@option("--pedantic", heading="Rules", is_flag=True, help="As for check.")
@rules_option
@config_option
@isolated_option
@max_size_option
def explain(
    rule_id: str,
    paths: tuple[str, ...],
    kind: str | None,
    target: str | None,
    server_version: ServerVersion | None,
    select: tuple[str, ...] | None,
    ignore: tuple[str, ...] | None,
    pedantic: bool,
    rule_folders: tuple[Path, ...],
    config_file: str | None,
    isolated: bool,
    max_size: int,
) -> None:
    """Explain a rule, with examples.

    With a PATH (a file, a folder, a glob, or "-") it says for each document what the rule asks, what it finds at which place, and what
    keeps it from speaking: the kind, the target, a condition, the configuration, a comment.

    Examples:
      medplum-lint explain missing-trailing-slash
      medplum-lint explain --rules policies acme/support-email-domain
      medplum-lint explain unencrypted-database medplum.config.json
    """
    from .commands.rules import explanation, rule_file_of
    from .policy.rule_set import check_ids

    folders = _folders_for(paths, rule_folders, config_file, isolated)
    rules, errors, _ = all_rules(folders)
    _fail(errors)
    _fail(check_ids([rule_id], [rule.info for rule in rules]))
    rule_file = rule_file_of(rule_id, folders)
    if not paths:
        write_standard_output(explanation(rule_file))
        return
    from .commands.explain import explained

    given = Overrides(select=select, ignore=ignore, target=target, pedantic=pedantic or None, server=server_version)
    named = _named_config(config_file, isolated)
    options = Options(given, kind, rule_folders, config=named, isolated=isolated, max_size=max_size)
    outcome = _lint(list(paths), options, None)(None)
    if outcome.started and (outcome.result.documents or not outcome.errors):
        write_standard_output(explained(rule_file, outcome, given, Configurations(named, isolated=isolated).of))
    _fail(list(outcome.errors), outcome.bugs)


def _folders_for(paths: tuple[str, ...], given: tuple[Path, ...], config_file: str | None, isolated: bool) -> list[Folder]:
    """The folders of rules for files: those of the command line, and of the configuration of each; without files of the current folder."""
    configurations = Configurations(_named_config(config_file, isolated), isolated=isolated)
    beside = [Path(path) if os.path.isdir(path) else Path(path).parent for path in paths if path != "-"] or [Path(os.curdir)]
    configured = [folder for one in beside for folder in folders_of(_config(partial(configurations.of, one)))]
    return [*dict.fromkeys(configured), *given]


@cli.command("test", short_help="Run the examples in rule files.")
@click.argument("folders", metavar="[PATH]...", nargs=-1, callback=check_folders, shell_complete=complete_paths)
@config_option
@isolated_option
@option(
    "--no-built-in",
    heading="Rules",
    is_flag=True,
    help="Where there are no rules of your own, fail instead of running the examples of the built-in ones: for hooks.",
)
@option("--quiet", "-q", heading="Report", is_flag=True, help="Print failures only.")
def test_rules(folders: tuple[Path, ...], config_file: str | None, isolated: bool, no_built_in: bool, quiet: bool) -> None:
    """Run the examples in rule files: in the given files and folders, in those of the configuration file, or in the built-in rules.

    package:NAME stands for the rules of an installed package. A folder is searched with all the folders in it. What fails is printed with
    the clause that is the reason, and what it found instead.

    Examples:
      medplum-lint test policies
    """
    from .commands.rules import run_examples

    tested = list[Folder](folders) or _rule_folders((), config_file, isolated)
    if no_built_in and not tested:
        _fail(['there are no policies to test: name their folder in "rules" of the configuration, or as a PATH'])
    report = run_examples(tested)
    lines = [*map(printable_lines, [*report.notes, *report.failures]), *([] if quiet or report.errors else [report.summary])]
    write_standard_output("".join(f"{line}\n" for line in lines))
    _fail(report.errors)
    sys.exit(1 if report.failures else 0)


@cli.command("new-rule", short_help="Write a rule of your own to begin with.")
@click.argument("rule_id", metavar="ORG/ID")
@option(
    "--folder",
    heading="Rules",
    metavar="DIR",
    shell_complete=complete_folders,
    help="Where to write it.  [default: that of the configuration, else policies]",
)
@option(
    "--for",
    "kind",
    heading="Rules",
    type=click.Choice(["server", "infra", "deployment"]),
    default="server",
    help="What it is about.  [default: server]",
)
@config_option
@isolated_option
def new_rule(rule_id: str, folder: str | None, kind: str, config_file: str | None, isolated: bool) -> None:
    """Write a complete rule with examples, which pass, as FOLDER/ID.yaml, and the schema for editors beside it.

    ORG is the name of your organisation, and the category of your rules. A file that is there is never overwritten.

    Examples:
      medplum-lint new-rule acme/mail-from-our-domain
    """
    from .commands import new_rule as new

    configured = _rule_folders((), config_file, isolated)
    chosen = new.folder_for(folder, configured)
    known = all_rules(configured).rules
    _fail(list(filter(None, [new.wrong_id(rule_id, known), "" if folder != "" else "--folder names no folder"])))
    try:
        made = new.create(rule_id, chosen, kind)
    except ValueError as error:
        _fail([str(error)])
        raise
    is_configured = any(chosen.resolve() == (one if isinstance(one, Path) else one.path).resolve() for one in configured)
    write_standard_output(made.next_steps(is_configured))


def _rule_folders(given: tuple[Path, ...], config_file: str | None, isolated: bool) -> list[Folder]:
    """The folders of the command line and of the configuration that it names, or of that of the current folder."""
    named = _named_config(config_file, isolated)
    return [*folders_of(_config(lambda: Configurations(named, isolated=isolated).of(Path(os.curdir)))), *given]


def _fail(errors: list[str], bugs: Sequence[str] = ()) -> None:
    """Tell what could not be done, and exit, if there is anything."""
    say_all(errors, bugs)
    if errors or bugs:
        sys.exit(3 if bugs else 2)


def main(run: Callable[..., Any] = cli) -> None:
    """The console script."""
    sys.exit(without_traceback(lambda: run(prog_name=PROGRAM)))
