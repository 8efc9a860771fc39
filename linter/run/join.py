"""Join: the servers to check, each as one document, by the rules of the file that it is named after."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from ..deployment.parts import parts_of_others
from ..documents.source import Loaded
from ..model import Document, Notice
from ..server.target import evidence_in
from ..settings.kinds import source_in_name
from .state import File, Run, Subject
from .versions import newest_reader


def join(run: Run, files: list[File], *, alone: bool = True) -> list[Subject]:
    """The servers, and other documents to check. ``alone``: secrets that parameters name are checked by themselves, too."""
    read, start = newest_reader(run, files), run.options.start
    subjects = _subjects(run, files, read)
    if subjects and (len(subjects) > 1 or start is not None or subjects[0].loaded.start is not None):
        from ..deployment.servers import servers  # only where there is more than one document

        of_document = {subject.document: subject for subject in subjects}
        surviving = partial(run.log.surviving, what="joining what its server reads")
        made, wrong = servers([subject.loaded for subject in subjects], start, surviving, alone=alone)
        if wrong:
            run.log.error(f"--start: {wrong}")
        subjects = [
            of_document[server.main.document]._replace(
                loaded=loaded, newest=partial(server.document, read), ignored=server.ignored, container=server.container
            )
            for server, loaded in made
        ]
    for subject in subjects:
        for block in subject.loaded.unread if not source_in_name(subject.file.given.uri) else ():  # where the reader of AWS has said so
            run.log.note(Notice("unread-block", block.uri, block.line, block.why))
    return subjects


def _subjects(run: Run, files: list[File], newest: Callable[[Document], Document]) -> list[Subject]:
    """The documents of files, except those that are parts of others, each with the rules to check it with; see :func:`newest_reader`."""
    covered = parts_of_others(loaded for file in files for loaded in file.reading.loaded)
    subjects: list[Subject] = []
    for file in files:
        beside = evidence_in([loaded.document for loaded in file.reading.loaded])
        for loaded in file.reading.loaded:
            if loaded.document not in covered:
                with run.log.surviving(file.given.uri, "checking the file"):
                    rules = run.rules_for(file, loaded.document)
                    subjects.append(Subject(file, loaded, rules, beside, partial(newest, loaded.document)))
    return subjects


def files_in_sums(every: Iterable[Loaded]) -> set[str]:
    """The files that contribute to a server's sum of several files."""
    return {uri for loaded in every if loaded.parts for uri, _ in loaded.places}
