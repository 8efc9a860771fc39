"""``medplum-lint check``: check configurations, report the findings, and fix them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial

from ..documents.inputs import Input
from ..files import STANDARD_OUTPUT, has_input, identity, is_deployed
from ..log import Log
from ..model import Record, Style
from ..options import Given, Output
from ..options.config import Overrides
from ..output import Unwritable, place_of, write_file, write_standard_output
from ..output.report import at_least, is_read, write_all
from ..output.say import Failed, UsageError, on_terminal, quietly, say, say_all
from ..reporters import names as format_names
from ..reporters import reporter
from ..run import Check, NewBaseline, Options, Outcome, checks
from ..text import count
from ..typed import TYPE_CHECKING

if TYPE_CHECKING:
    from ..fixes.plan import FixedFile
    from ..fixes.store_plan import FixedDump

Checked = tuple[Outcome, Sequence["FixedDump"]]
"""A checked run that is reported, and its dumps that have commands for their store, none of which is harmful."""


def run(given: Given) -> int:
    """Check configurations (the default command).

    PATH is a file, a folder to search, a glob, or "-" for standard input; without one the current folder is searched.
    dump.json#prod is one environment of a file, or one of its services or containers. aws:eu-west-1:/medplum/prod/ is what is deployed,
    and https://HOST/ a running server, which is asked, and compared with the files.

    Examples:
      # See what would be fixed, then fix it
      medplum-lint --diff medplum.config.json
      medplum-lint --fix medplum.config.json
      # Only some rules, or all but some; by id or category
      medplum-lint --select tls,secrets --ignore missing-host deploy
      # For code scanning
      medplum-lint --format sarif --output medplum-lint.sarif deploy
      # Check against the server that you run
      medplum-lint --server-version 4.3.5 dump.json
    """
    asked, given.output = given.output, _outputs(given)
    for mistake in _contradictions(given):
        raise UsageError(mistake)
    for one in asked:
        if one.file in format_names() and not one.format:
            say("note", f"{one.file}: is a file that the report of --format goes to; --output {one.file}:FILE writes a {one.file} report")
    options = run_options(given)
    if given.show_settings or given.show_files:
        from . import configured  # only here

        configured.show(given, options)
        return 0
    paths, options = _with_server(given, options)
    read: Sequence[Input] = ()
    if any(map(is_deployed, paths)):
        from .inputs import deployed  # only here

        found = deployed(paths, given)
        paths, read = found.files, found.read
        options = options._replace(start=options.start or found.start, notices=tuple(found.notices))
    checked = checker(paths, options, given.stdin_filename, read)
    log = Log()
    outcome, dumps = (_fix if given.fix or given.diff else _check)(given, checked, log)
    outcome = outcome._replace(errors=(*outcome.errors, *log.errors), bugs=tuple(dict.fromkeys((*outcome.bugs, *log.bugs))))
    _say_notices(outcome, given)
    if outcome.bugs and given.write_baseline is not None:
        say("note", f"{given.write_baseline}: is not written, because the bug may have hidden findings")
    if outcome.baseline is not None:
        _write_baseline(str(given.write_baseline), outcome.baseline)
    if given.fix_script is not None and outcome.started:
        _write_script(dumps, given.fix_script)
    return outcome.exit_code


def run_options(given: Given) -> Options:
    """The options of a run, as far as a command has them. Raises :exc:`~linter.options.config.ConfigError` for ``--config``."""
    values = vars(given).copy()
    values["overrides"] = Overrides(**{name: values[name] or None for name in Overrides._fields if name in values})
    if given.config is not None:
        from .inputs import config_named_by  # only here

        values["config"] = config_named_by(given)
    options = Options(**{name: values[name] for name in Options._fields if name in values})
    if options.until is not None and options.until < options.today:
        raise Failed(f"--until {options.until} is in the past: nothing would be accepted")
    return options


def _with_server(given: Given, options: Options) -> tuple[Sequence[str], Options]:
    """The paths without the address of a running server, and the options with that. Raises :exc:`UsageError` for what cannot be asked."""
    typed = [path for path in given.paths if path.lower().startswith(("https://", "http://"))]
    if not typed:
        if given.also:
            raise UsageError("--also names hosts to ask beside a running server: give its address, https://HOST/, too")
        return given.paths or (".",), options
    from ..live.server import RunningServer  # only where an argument names one

    if len(typed) > 1:
        raise UsageError("there are several addresses of servers: ask one in each run")
    try:
        return [path for path in given.paths if path not in typed], options._replace(live=RunningServer(typed[0], given.also))
    except ValueError as error:
        raise UsageError(str(error)) from None


# --- What to write, and which options contradict each other. --------------------------------------------------------------------------


def _outputs(given: Given) -> list[Output]:
    """All reports of the run, those to files first.

    The report of ``--format`` goes to each ``--output FILE`` without a format of its own, or to standard output if there is none and no
    other report goes there. Raises :exc:`UsageError` if two reports would go to one place.
    """
    plain, places = given.format or "text", dict[object, Output]()
    for one in given.output:
        if place_of(one.file) in places:
            raise UsageError(f"--output: two reports cannot go to one file: {one.file}")
        places[place_of(one.file)] = Output(one.format or plain, one.file)
    if all(one.format for one in given.output):
        printed = places.setdefault(place_of(STANDARD_OUTPUT), Output(plain))
        if given.format not in (None, printed.format):
            both = f"--format {plain} and --output {printed.format}:{printed.file}"
            raise UsageError(f"{both} both write to standard output: give one of them a file")
    return sorted(places.values(), key=lambda one: place_of(one.file) == place_of(STANDARD_OUTPUT))


def _contradictions(given: Given) -> Iterator[str]:
    """Why the options cannot be combined."""
    paths, places = given.paths, {place_of(one.file) for one in given.output}
    formats = list(dict.fromkeys(one.format for one in given.output))
    fixes, shows = given.fix or given.diff, given.show_settings or given.show_files
    if given.stdin_filename is not None and "-" not in paths:
        yield '--stdin-filename names standard input: give the path "-" too'
    if given.stdin_filename == "":
        yield "--stdin-filename is empty: give a name, or leave it out"
    for name, path in (("--fix-script", given.fix_script), ("--write-baseline", given.write_baseline)):
        if path is not None and (str(path) in ("", STANDARD_OUTPUT) or place_of(str(path)) in places):
            yield f"{name} needs a file of its own"
        places |= set() if path is None else {place_of(str(path))}
    if given.sarif_category and "sarif" not in formats:
        yield "--sarif-category names a SARIF report: give --format sarif or --output sarif:FILE too"
    if given.statistics and not _with_trait("TABLE", formats):
        none = f"{' and '.join(formats)} {'has' if len(formats) == 1 else 'have'} no table of the rules"
        yield f"--statistics is for reports that people read: {none}"
    if given.show_suppressed and not _with_trait("SHOWS_SUPPRESSED", formats):
        able = ", ".join(_with_trait("SHOWS_SUPPRESSED", format_names()))
        yield f"--show-suppressed: no report of this run can show suppressed findings: give one of {able}"
    if given.write_baseline is not None:
        if fixes:
            yield "--write-baseline records the files as they are, which --fix and --diff change: write the baseline afterwards"
        if given.baseline is not None or given.without_baseline or given.fail_on_stale_baseline:
            yield "--write-baseline records all findings: give no other baseline option with it"
    elif given.by is not None or given.until is not None:
        yield "--by and --until are about what a new baseline accepts: give --write-baseline too"
    if given.without_baseline and (given.baseline is not None or given.fail_on_stale_baseline):
        yield "--no-baseline uses no baseline: give no other baseline option with it"
    if shows:
        other = fixes or given.fix_script or given.write_baseline or given.output != [Output("text")]
        if other or (given.show_settings and given.show_files) or "-" in paths:
            yield "--show-settings and --show-files check nothing, and print text: give paths, and no other output"
        if given.show_settings and not paths:
            yield "--show-settings needs a file: name the one that you ask about"
        return
    if given.unsafe_fixes and not (fixes or given.fix_script):
        yield "--unsafe-fixes says which fixes to make: give --fix, --diff or --fix-script too"
    if given.fix and not given.diff and any(map(is_deployed, paths)):
        yield "nothing in AWS is changed: give --fix-script, or --diff to see what would be"
    if given.fix and not given.diff and "-" in paths:
        yield "standard input cannot be changed: give a file, or --diff to see what would be"


def _with_trait(name: str, formats: Sequence[str]) -> list[str]:
    """The formats whose reporter has a trait, except those that need a package that is not installed."""
    able = []
    for one in formats:
        with suppress(ModuleNotFoundError):
            able += [one] if getattr(reporter(one), name, False) else []
    return able


# --- The run. -----------------------------------------------------------------------------------------------------------------------


def checker(paths: Sequence[str], options: Options, stdin_filename: str | None = None, read: Sequence[Input] = ()) -> Check:
    """The function that checks paths, or standard input, and what is ``read`` already, with a progress line on a terminal."""
    if "-" in paths:
        if len(paths) > 1 or read:
            raise UsageError('"-" (standard input) cannot be combined with other paths')
        from .inputs import piped  # only here

        paths, read = (), [piped(options.max_size, stdin_filename)]

    def check(contents: Mapping[str, bytes] | None) -> Outcome:
        with on_terminal() as step:
            return checks(list(paths), options._replace(on_step=step), read)(contents)

    return check


def _with_commands(
    outcome: Outcome, checked: Check, given: Given, first: Outcome | None = None
) -> tuple[Outcome, Sequence[FixedDump], Sequence[str]]:
    """The run with the commands for its dumps verified, the dumps that have some, and why other commands are left out.

    ``first`` is the run on the unchanged files, if there was one.
    """
    if not any(finding.fix and finding.fix.commands for finding in outcome.result.findings):
        return outcome, (), ()
    from ..fixes.store_plan import tried  # only for dumps with findings

    return tried(outcome, checked, unsafe=given.unsafe_fixes, first=first)


def _check(given: Given, checked: Check, log: Log) -> Checked:
    """Report the findings. Problems with files are logged."""
    first = checked(None)
    _keep_inputs(first, given)
    outcome, dumps, notes = _with_commands(first, checked, given, first)
    _report(outcome, given, log)
    say("note", *(notes if given.fix_script is not None else ()))
    return outcome, dumps


def _fix(given: Given, checked: Check, log: Log) -> Checked:
    """Fix files, or with ``--diff`` print what fixes would change, and report the findings that remain, or would.

    A file that cannot be written is reported unchanged. A difference is a failure.
    """
    from ..fixes.plan import fixed, left
    from .fix import summary

    fixes = fixed(checked, unsafe=given.unsafe_fixes)
    _keep_inputs(fixes.before if given.diff else fixes.outcome, given)
    log.bugs += fixes.bugs
    made = fixes.files if given.diff else [file for file in fixes.files if is_replaced(file, log)]
    after = left(fixes) if given.diff else checked({}) if log.errors else fixes.outcome
    outcome, dumps, notes = _with_commands(after, checked, given)
    if given.diff:
        _print_diff(fixes.files, dumps, given)
    _report(outcome, given, log)
    say("note", *fixes.refused, *notes, *([summary(made, made=not given.diff)] if made else []))
    return outcome._replace(failed=outcome.failed or (given.diff and bool(made or dumps))), dumps


def is_replaced(file: FixedFile, log: Log) -> bool:
    """Write a fixed file; whether that was possible. If not, the log has the error."""
    try:
        write_file(file.uri, file.after, before=file.before)
    except Unwritable as error:
        log.errors.append(str(error))
        return False
    return True


def _print_diff(files: Sequence[FixedFile], dumps: Sequence[FixedDump], given: Given) -> None:
    """Print what fixes would change; to standard error if a program reads the report."""
    from .fix import unified_diff
    from .fix_script import printed

    text = "".join(map(unified_diff, files)) + (printed(dumps) if dumps else "")
    if any(one.format != "text" and one.file == STANDARD_OUTPUT for one in given.output):
        quietly(lambda: print(text, end="", file=sys.stderr))
    else:
        write_standard_output(text)


def _keep_inputs(outcome: Outcome, given: Given) -> None:
    """Stop before anything is written if an output is also an input: ``--fix`` would replace it with a different file."""
    inputs = {*outcome.inputs, *([identity(0)] if "-" in given.paths else [])}
    for path, what in (*((one.file, "report") for one in given.output), (given.fix_script, "script")):
        if outcome.started and path not in (None, STANDARD_OUTPUT) and is_read(path, inputs):
            raise Failed(f"{path}: is one of the files that are read, and the {what} would overwrite it: write it to another file")


def _report(outcome: Outcome, given: Given, log: Log) -> None:
    if not outcome.started:
        return
    style = Style(quiet=given.quiet, statistics=given.statistics, category=given.sarif_category, suppressed=given.show_suppressed)
    shown = at_least(outcome.result, given.min_severity)._replace(record=cache(partial(_record, outcome)))
    write_all(shown, given.output, style, given.color, log)
    if outcome.failed and shown.hidden and all(finding.suppressed is not None for finding in shown.findings):
        say("note", f"the run fails for findings less severe than {given.min_severity}, which --min-severity leaves out")


def _record(outcome: Outcome) -> Record:
    from ..run.record import record  # only for the reports that have it

    return record(outcome)


# --- Notes and other files. ---------------------------------------------------------------------------------------------------------


def _say_notices(outcome: Outcome, given: Given) -> None:
    """Print what there is to tidy up, unless ``--quiet``, and what went wrong.

    The report says which rules a configuration switches off. With ``--quiet`` a note here says so, unless ``--config`` names the file;
    likewise for stale entries of a baseline if they make the run fail.
    """
    for configuration in outcome.result.configurations:
        if given.quiet and configuration.rules_off and not configuration.named:
            say("note", f"{configuration.path}: switches off {count(len(configuration.rules_off), 'rule')}")
    for notice in outcome.result.notices:
        if not given.quiet or (notice.kind == "stale-baseline" and given.fail_on_stale_baseline):
            say("note", notice.text)
    if not (given.paths or given.quiet) and has_input():
        say("note", 'standard input is not read: to check it, give the path "-"')
    say_all(outcome.errors, outcome.bugs)


def _write_baseline(path: str, new: NewBaseline) -> None:
    """Write a baseline, and say what it contains."""
    write_file(path, new.text.encode())
    kept = f", of which {new.kept} are about files and rules that this run did not check" if new.kept else ""
    findings = f"{count(new.findings, 'finding')} in " if new.findings != new.entries - new.kept else ""
    say("note", f"{path}: wrote {findings}{count(new.entries, 'entry', 'entries')}{kept}")


def _write_script(dumps: Sequence[FixedDump], path: str) -> None:
    """Write the script that applies the fixes of dumps, if there are any."""
    from . import fix_script

    if not dumps:
        say("note", f"{path}: is not written, because no finding can be fixed in Parameter Store")
        return
    try:
        script = fix_script.script(dumps)
    except fix_script.SeveralAccounts as error:
        raise Failed(f"{path}: is not written: {error}") from None
    write_file(path, script.text.encode("utf-8", "replace"), fix_script.MODE)
    say("note", fix_script.summary(script, path))
