"""All stages of a run in order, with findings (:func:`lint_paths`) or without (:func:`load_documents`)."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from .. import __version__
from ..acceptance import Reach
from ..acceptance.acceptors import Acceptors
from ..documents.inputs import Input, around_inputs, bytes_of, read_inputs
from ..documents.source import Loaded
from ..files import LARGEST_INPUT
from ..model import Deployment, Document, Finding, Notice, Result, RuleInfo
from ..options.config import ConfigError, Overrides
from ..release import ServerVersion
from ..settings import declare_secrets
from ..settings.kinds import WORKLOAD
from ..typed import NamedTuple
from .accept import accept, checked, fails, new_baseline, note_leftovers, unused
from .check import around_servers, check_all, check_around
from .discover import Found, what_is_searched_for
from .join import files_in_sums, join
from .load import Reading, error_of
from .merge import Texts, deduplicate, merge
from .prepare import prepare
from .read import found_nothing, load_input, read_all, report_unloaded, surroundings
from .state import Batch, Compared, File, Options, Outcome, Run, Subject
from .versions import as_servers_read, ask_server, document_without_settings, served, set_targets

Check = Callable[[Mapping[str, bytes] | None], Outcome]
"""Checks the inputs of a run, some of them with other contents; with None the contents are not kept."""


def checks(paths: list[str], options: Options, given: Sequence[Input] = ()) -> Check:
    """The function that checks paths, and texts that are read already, repeatedly: also with the changes of fixes."""

    def check(contents: Mapping[str, bytes] | None) -> Outcome:
        asked = options if contents is None else options._replace(keep_contents=True, instead=contents)
        return lint_paths(paths, asked, given)

    return check


def lint_paths(paths: list[str], options: Options, given: Sequence[Input] = ()) -> Outcome:
    """Lint files, folders and globs, and texts that are read already. Never raises because of their content."""
    given = [text._replace(data=options.instead.get(text.uri, text.data)) for text in given]
    run = Run.of(options, _real_folders(paths))
    found, errors = run.search.find(paths, may_be_empty=options.allow_unrecognized)
    if not prepare(run, [*(file.path for file in found), *(text.path for text in given), *options.addresses]):
        return _outcome(run, (), [], {}, ())._replace(started=False)
    run.log.errors.extend(errors)
    run.log.notices.extend(options.notices)
    names = ", ".join(paths)
    is_left_out = any(left_out.named for left_out in run.search.left_out)
    if paths and not found and not errors and not is_left_out and not options.allow_unrecognized:
        run.log.errors.append(f"{names}: nothing is checked: the configuration excludes every file")
    run = run._replace(around=surroundings(run, found, given))
    run.contents.update({text.uri: bytes_of(text) for text in given} if options.keep_contents else {})
    outcome = _lint(run, [*filter(None, (load_input(run, text) for text in given)), *read_all(run, found)])
    if found and found_nothing(run):
        what = f"as {options.kind}" if options.kind is not None else "as a Medplum configuration"
        searched = f": {what_is_searched_for()}" if options.kind is None and run.folders and not run.log.files else ""
        outcome = outcome._replace(errors=(*outcome.errors, f"{names}: no file is recognised {what}{searched}"))
    return outcome


def lint_input(given: Input, options: Options) -> Outcome:
    """Lint one text, such as standard input."""
    return lint_paths([], options, [given])


def _real_folders(paths: Iterable[str]) -> list[str]:
    """The real paths of those that are folders; none if the working folder is gone, which the search reports."""
    try:
        return [os.path.realpath(path) for path in paths if os.path.isdir(path)]
    except OSError:
        return []


def _lint(run: Run, files: list[File]) -> Outcome:
    """Everything after reading: from the files with their documents to the outcome."""
    log = run.log
    live, said = ask_server(run, files)
    with log.surviving("all files", "finding out the server's version"):
        set_targets(run, files)
        files = as_servers_read(run, files, said)
    files = [*files, *live]
    subjects = join(run, files)
    # The other environments of a file may need a shared comment or value, which is not known.
    in_part = {uri for subject in subjects if subject.file.given.environments for uri, _ in subject.loaded.places}
    given = {file.given.uri for file in files if not file.given.environments} - in_part
    in_sums = files_in_sums(subject.loaded for subject in subjects)
    report_unloaded(run, files, in_sums)
    around = around_servers(run, files, subjects)
    found = check_all(run, subjects)
    beside = list(check_around(run, around))
    found += beside
    for path in run.around.found.values():
        log.read(path)
    answers = served(run, [subject.document for subject in found if subject.loaded.checkable])
    companions = [*((subject.document, subject.server) for subject in beside if subject.server is not None), *answers]
    compared = _compared(run, found, companions)
    infos = {name: info for subject in found for name, info in subject.rules.plan(subject.document).infos.items()} | compared.infos
    today = run.options.now.date() if run.options.now is not None else None
    acceptors = Acceptors(list(checked(found, compared.rules, given)), run.baselines, today)
    texts = Texts(found, given)
    batches = [Batch(subject.findings, subject.rules, subject.document) for subject in found]
    batches = accept(deduplicate([*batches, *compared.batches], in_sums), acceptors)
    with log.surviving("all files", "looking for unused suppression comments"):
        batches += accept(unused(acceptors, texts.rules_of, in_part), acceptors)
    batches = [merge(batch, texts, acceptors, log) for batch in batches]
    findings = [finding for batch in batches for finding in batch.findings]
    reach = Reach(run.folders, tuple(Path(file.path) for file in log.files if file.status != "checked"))
    stale = note_leftovers(run, acceptors, reach, list(texts.loaded))
    documents = tuple(document for document in texts.loaded if document.kind != WORKLOAD)
    outcome = _outcome(run, documents, findings, infos, tuple(compared.deployments))
    return outcome._replace(
        failed=any(map(fails, batches)) or stale,
        contents=run.contents,
        baseline=new_baseline(acceptors, reach, findings) if not log.bugs else None,
        rules=texts.rules_of,
        options=run.options,
        config_of=run.choices.config_of,
        checkable=tuple(subject.document for subject in found if subject.loaded.checkable),
        around=(*((subject.document, subject.server) for subject in beside), *answers),
        rewriters={document: text.rewriter for document, text in texts.loaded.items() if text.rewriter is not None},
        acceptances=partial(acceptors.listed, reach),
        suppress=acceptors.by_comment if acceptors.comments else None,
    )


def _compared(run: Run, subjects: list[Subject], companions: list[tuple[Document, Document]]) -> Compared:
    if len(subjects) > 1:
        with run.log.surviving("all files", "comparing the documents"):
            from .compare import compare  # only where there are several documents

            return compare(run, subjects, companions)
    return Compared([], [], {}, {})


def _outcome(
    run: Run, documents: tuple[Document, ...], findings: list[Finding], rules: Mapping[str, RuleInfo], deployments: tuple[Deployment, ...]
) -> Outcome:
    """The outcome of a run, in reporting order."""
    for config in run.choices.used():
        run.log.read(config.path or Path())
    result = Result(
        version=__version__,
        files=tuple(sorted(run.log.files, key=lambda file: (file.path, file.environment or ""))),
        documents=documents,
        findings=tuple(sorted(findings, key=_order)),
        rules=dict(sorted(rules.items())),
        deployments=deployments,
        configurations=run.choices.configurations(),
        notices=tuple(sorted(run.log.notices, key=lambda one: (one.kind, one.path, one.line or 0, one.message))),
    )
    return Outcome(result, tuple(run.log.errors), tuple(run.log.bugs), failed=False, inputs=frozenset(run.log.inputs))


def _order(finding: Finding) -> tuple[object, ...]:
    document = finding.document
    path = tuple(str(step) for step in finding.path or ())
    return (document.uri, finding.span, finding.rule, document.environment or "", path)


# --- Without findings ---


def read_paths(paths: list[str], options: Options) -> tuple[Run, list[str], dict[Found, Reading | None]]:
    """Find and read files as a run does, without checking: the run, its errors so far, and the readings of each file.

    Files that are too large for a search, or unreadable, have no reading; the log of the run names them.
    """
    run = Run.of(options)
    found, errors = run.search.find(paths)
    run.choices.prepare([file.path for file in found])
    found, errors = [] if run.log.errors else found, [*run.log.errors, *errors]
    readings = {file.given.path: file.reading for file in read_all(run._replace(around=surroundings(run, found)), found)}
    return run, errors, {file: readings.get(file.path) for file in found}


class LoadedDocuments(NamedTuple):
    """The documents of files that are not linted, an error for each file without one, and failures in our own code.

    ``without_settings`` are the documents of files that name server images and give no settings, such as a Compose file that mounts a
    configuration, each by the error that says so. ``notices`` are notes on what is not read.
    """

    documents: list[Document]
    errors: list[str]
    bugs: list[str]
    without_settings: Mapping[str, Document] = {}
    notices: Sequence[Notice] = ()


def load_documents(
    paths: Iterable[str | Input],
    kind: str | None,
    max_size: int = LARGEST_INPUT,
    server: ServerVersion | None = None,
    start: str | None = None,
) -> LoadedDocuments:
    """What servers get from files, and the other documents in these, without linting; ``start`` is the start argument given by hand.

    Without a ``server`` it is the one that a configuration names, else the one that images name, else the newest. Raises
    :exc:`~linter.options.config.ConfigError` for an invalid configuration.
    """
    run = Run.of(Options(Overrides(server=server), kind, max_size=max_size, start=start))
    inputs, errors = read_inputs(paths, max_size)
    configs = [run.choices.config(given.path) for given in inputs]
    if run.log.errors:
        raise ConfigError(run.log.errors[0])
    declare_secrets(name for config in configs if config is not None for name in config.secret_names)
    run = run._replace(around=around_inputs(inputs))
    files = list(filter(None, (load_input(run, given) for given in inputs)))
    with run.log.surviving("all files", "finding out the server's version"):
        files = as_servers_read(run, files)
    every = [loaded for file in files for loaded in file.reading.loaded]
    subjects = join(run, files, alone=False)
    in_sums = files_in_sums((*every, *(subject.loaded for subject in subjects)))
    without_settings = {
        f"{given.uri}: {reading.note}": document_without_settings(given, reading)
        for given, _, _, reading in files
        if reading.images and given.uri not in in_sums and not any(map(_has_settings, reading.loaded))
    }
    errors += [*filter(None, (error_of(file.given, file.reading, in_sums) for file in files)), *run.log.errors]
    documents = [subject.document for subject in subjects if subject.loaded.checkable and _has_settings(subject.loaded)]
    return LoadedDocuments(documents, errors, run.log.bugs, without_settings, run.log.notices)


def _has_settings(loaded: Loaded) -> bool:
    """Whether a document contains more than how its server is started."""
    return loaded.start is None or bool(loaded.document.data) or loaded.document.complete
