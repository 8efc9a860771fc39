"""Join: the documents to check. What one server gets from several files is one document, a sum."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import cache, partial

from ..deployment.parts import parts_of_others
from ..documents.source import Loaded, Started
from ..model import Document, Notice, SettingPath
from ..server.target import evidence_in
from ..text import printable
from .state import File, Run, Subject
from .versions import as_newest_reads


def join(run: Run, files: list[File], *, alone: bool = True) -> list[Subject]:
    """The documents to check: all except parts of others. ``alone``: secrets that parameters name are checked by themselves, too."""
    covered = parts_of_others(loaded for file in files for loaded in file.reading.loaded)
    subjects = _with_secrets(subjects_of(run, files, covered), alone=alone)
    by_hand = Started(run.options.start) if run.options.start is not None else None
    started = subjects[:1] if by_hand is not None else [subject for subject in subjects if subject.loaded.start is not None]
    if not started:
        return _with_parts(run, subjects)
    from ..deployment.join import Source, join_sources  # only where a start argument names sources

    every = {subject.document: Source(subject.loaded, subject.newest) for subject in subjects}
    others = [source for document, source in every.items() if by_hand is not None or document.kind != "server/env"]
    sums: list[Subject] = []
    unjoined: dict[Document, Subject] = {}
    for subject in started:
        with run.log.surviving(subject.file.given.uri, "joining what its server reads"):
            own = every[subject.document] if by_hand is None else None
            joined = join_sources(by_hand or subject.loaded.start, subject.document.server, others, own)
            if not isinstance(joined, str):
                covered.update(joined.sources)
                main = subject if by_hand is None else next(other for other in subjects if other.document is joined.main)
                container = subject.loaded.texts[0].places if by_hand is None else frozenset()
                sums.append(main._replace(loaded=joined.loaded, newest=joined.newest, container=container))
            elif by_hand is not None:
                run.log.error(f"--start: {joined}")
            elif subject.loaded.start is not None and subject.loaded.image is not None:
                unjoined[subject.document] = _alone(run, subject, subject.loaded.start)
    subjects = [unjoined.get(subject.document, subject) for subject in subjects]
    covered |= parts_of_others(subject.loaded for subject in (*subjects, *sums)) - {joined.document for joined in sums}
    return _with_parts(run, [subject for subject in (*subjects, *sums) if subject.document not in covered])


def _alone(run: Run, subject: Subject, start: Started) -> Subject:
    """A server of whose sources none but its variables is known; what it does not read of these is not checked."""
    from ..deployment.join import alone  # only where a start argument names sources
    from ..server.start import DEFAULT, reads_variables

    server = subject.document.server
    unread, notes = alone(start, server)
    for why in notes:
        run.log.note(Notice("unread-block", subject.document.uri, None, why))
    if not unread:
        return subject
    subject.document.unread = unread
    # Without an argument the variables are what was meant to be read.
    is_meant = start.argument == DEFAULT or reads_variables(start.argument, server.release) != "never"
    return subject if is_meant else subject._replace(replaced={path for path, _ in subject.document.given or ()})


def _with_parts(run: Run, subjects: list[Subject]) -> list[Subject]:
    """The documents, with a note on each that may be read over another one."""
    if len(subjects) < 2:
        return subjects
    from ..deployment.members import bases_of  # only where there are several documents

    for part, base in bases_of(subject.document for subject in subjects if not subject.file.given.environments):
        part.unread = {(): f"{base.uri} may give it"}
        name, of_base = (printable(one.uri.rpartition("/")[2]) for one in (part, base))
        way_out = f"--start file:{of_base},file:{name} checks both as one server"
        run.log.note(
            Notice("unread-block", part.uri, None, f"checked as a part of a configuration, because {of_base} has the rest; {way_out}")
        )
    return subjects


def _with_secrets(subjects: list[Subject], *, alone: bool) -> list[Subject]:
    """The documents, each with the secrets that its parameters name; ``alone``: these are documents of their own, too.

    What a secret lacks is then up to the server that reads it, and what each of its servers replaces by parameters is not checked.
    """
    secrets = [subject.loaded for subject in subjects if subject.loaded.names]
    if not secrets:
        return subjects
    from ..deployment.layers import TLS, secrets_of, with_secrets  # only where there is a secret

    replaced: dict[Document, set[SettingPath]] = {}
    named = {subject.document: secrets_of(subject.document, secrets) for subject in subjects if subject.document.kind == "server/ssm"}
    for document, sections in named.items():
        for section, secret in sections.items():
            secret.section = secret.section or section
            given = {path[1:] for path, _ in document.given or () if path[0] == section}
            replaced[secret] = replaced[secret] & given if secret in replaced else given
            secret.unread = {**secret.unread, **dict.fromkeys((*replaced[secret], *TLS), "parameters beside it can give it")}
    covered = {secret for sections in named.values() for secret in sections.values()}

    def filled(subject: Subject) -> Subject:
        sections = named.get(subject.document)
        if not sections:
            return subject._replace(replaced=replaced.get(subject.document, ()))
        document = with_secrets(subject.document, sections)
        unread = tuple(one for one in subject.loaded.unread if one.why in document.unread.values())
        loaded = subject.loaded._replace(document=document, parts=subject.loaded.texts, unread=unread)
        return subject._replace(loaded=loaded, newest=lambda: with_secrets(subject.newest(), sections))

    return [filled(subject) for subject in subjects if alone or subject.document not in covered]


def subjects_of(run: Run, files: list[File], covered: Collection[Document]) -> list[Subject]:
    """The documents of files, except those that are ``covered``, each with the rules to check it with."""
    subjects: list[Subject] = []
    for file in files:
        beside = evidence_in([loaded.document for loaded in file.reading.loaded])
        newest = cache(partial(as_newest_reads, run, file))
        for index, loaded in enumerate(file.reading.loaded):
            if loaded.document not in covered:
                with run.log.surviving(file.given.uri, "checking the file"):
                    rules = run.rules_for(file, loaded.document)
                    subjects.append(Subject(file, loaded, rules, beside, partial(_at, newest, index)))
    return subjects


def _at(documents: Callable[[], list[Document]], index: int) -> Document:
    return documents()[index]


def files_in_sums(every: Iterable[Loaded]) -> set[str]:
    """The files that contribute to a server's sum of several files."""
    return {uri for loaded in every if loaded.parts for uri, _ in loaded.places}
