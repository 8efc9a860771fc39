"""Loading: from the bytes of an input to its documents, or to the reason why there are none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial

from ..documents.inputs import Input
from ..documents.recognise import is_medplum_name
from ..documents.source import Confidence, Image, Loaded, Recognised, Source, SourceFile, Surroundings, may_name_images
from ..model import PART
from ..release import ANY_SERVER, ServerVersion
from ..sources import answers_of, chosen_maker, source_of
from ..typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..documents.containers.workload import Described


class Reading(NamedTuple):
    """What was read of an input: its documents, which are empty for a file that is left alone.

    ``note`` says in a few words what such a file is. ``unread``: the ``note`` is why the input, or a part of it, cannot be read though it
    should be. ``silent``: a search found it, and nothing about it need be reported. ``images`` are the server images that it names,
    ``workloads`` finds the containers that it describes.
    """

    loaded: list[Loaded]
    note: str = ""
    unread: bool = False
    silent: bool = False
    images: tuple[Image, ...] = ()
    workloads: Callable[[], Sequence[Described]] = tuple


def load(
    given: Input, kind: str | None, server: ServerVersion = ANY_SERVER, *, guess: bool = True, around: Surroundings | None = None
) -> Reading:
    """Load an input: documents of the given kind, else of the kind that its content shows, as a ``server`` reads them.

    With ``guess`` broken JSON counts as a configuration, whatever it is called; never in a search. ``around`` are the files around it.
    """
    file = SourceFile(given.uri, given.data, server, around)
    reading = _read(file, given, kind, guess=guess)
    for loaded in reading.loaded:
        loaded.set_server(server)
    named: tuple[Image, ...] = ()
    if may_name_images(file):
        from ..documents.containers.images import images_in  # only for a file that can name one

        named = images_in(file)
    resolved = {loaded.image for loaded in reading.loaded if loaded.image is not None}.difference(named)
    if resolved:  # the text of a reference does not show what a source knows about it
        named = (*(image for image in named if "$" not in image.text), *sorted(resolved))
    reading = reading._replace(images=named)
    return _chosen(reading, given) if given.environments else reading


def _chosen(reading: Reading, given: Input) -> Reading:
    """The documents of the environments that the user names, or a note that one does not exist; mistakes in the text are still reported."""
    loaded = [candidate for candidate in reading.loaded if candidate.document.environment in given.environments]
    if loaded and loaded[0] is not reading.loaded[0]:
        loaded[0] = loaded[0].with_text()
    lacking = set(given.environments).difference(chosen.document.environment for chosen in loaded)
    if not lacking or (reading.unread and not reading.loaded):
        return reading._replace(loaded=loaded)
    from ..redaction.mask import environment_text  # only for a mistake

    names = dict.fromkeys(environment_text(name) for candidate in reading.loaded if (name := candidate.document.environment) is not None)
    way_out = f"write {given.uri}, which has one configuration without a name" if reading.loaded else reading.note
    way_out = f"write {given.uri}#NAME with one of {', '.join(names)}" if names else way_out
    asked = " or ".join(environment_text(name) if name else '""' for name in sorted(lacking))
    return Reading(loaded, f"there is no environment {asked}: {way_out}", unread=True)


def _read(file: SourceFile, given: Input, kind: str | None, *, guess: bool) -> Reading:
    if given.piped and not file.text.content.strip():
        return Reading([], "standard input is empty: the command before the pipe failed or found nothing", unread=True)
    answers = answers_of(file)
    if given.by_content and not _is_known_content(answers):
        return Reading([], silent=True)
    if kind is not None:
        return _load_as(file, kind, answers, named=not given.searched)
    if given.searched or not guess:
        answers = [answer for answer in answers if answer[1].confidence >= Confidence.GUESS]
    if not answers:
        return Reading([], silent=True) if given.searched and not given.included else _unrecognised(file)
    # A file that one source leaves alone only because it is broken may be what another source recognises.
    source, recognised = max(answers, key=_confidence)
    if recognised.kind is None and recognised.unread:
        sure = [(module, answer) for module, answer in answers if answer.kind is not None and answer.confidence >= Confidence.GUESS]
        source, recognised = max(sure, key=_confidence, default=(source, recognised))
        if recognised.kind is None and is_medplum_name(file.name) and not file.json.intact:
            source, recognised = source_of("server/json"), Recognised("server/json", Confidence.GUESS)
    if recognised.kind is None:
        note, workloads = recognised.unread or recognised.note, partial(_workloads, source, file)
        return Reading([], note, unread=bool(recognised.unread), workloads=workloads)
    loaded = source.load(file, recognised.kind)
    for candidate in loaded if recognised.partial else ():
        candidate.document.unread = PART
    reading = _reading(file, None, loaded, recognised.unread, named=not given.searched)
    return reading._replace(workloads=partial(_workloads, source, file, loaded))


def _workloads(source: Source, file: SourceFile, loaded: Collection[Loaded] = ()) -> Sequence[Described]:
    """The containers that a file describes, if Medplum's server may be among them."""
    describe: Callable[[SourceFile], Sequence[Described]] | None = getattr(source, "workloads", None)
    return describe(file) if describe is not None and (loaded or "edplum" in file.text.content) else ()


def _is_known_content(answers: list[tuple[Source, Recognised]]) -> bool:
    """Whether the content of a file found by its folder alone is a configuration: other programs use such folder names too."""
    _, surest = max(answers, key=_confidence, default=(None, None))
    return surest is not None and surest.kind is not None and surest.confidence >= Confidence.PLAUSIBLE


def _load_as(file: SourceFile, kind: str, answers: list[tuple[Source, Recognised]], *, named: bool) -> Reading:
    """The documents of a kind that the user gives, unless the file is evidently something else."""
    empty = next((answer.unread for _, answer in answers if answer.kind is None and answer.unread), "")
    fits = any(kind in module.KINDS and answer.kind is not None for module, answer in answers)
    if empty and not fits and (file.json.intact or kind == "server/ssm"):
        return Reading([], empty, unread=True)
    source = chosen_maker(answers, kind)
    unread = next((answer.unread for module, answer in answers if fits and module is source), "")
    loaded = source.load(file, kind)
    return _reading(file, kind, loaded, unread, named=named)._replace(workloads=partial(_workloads, source, file, loaded))


def _reading(file: SourceFile, kind: str | None, loaded: list[Loaded], unread: str, *, named: bool) -> Reading:
    """The result for the documents of a file: broken JSON is reported by findings, a file that is evidently not JSON by the reason."""
    if any(_is_read(candidate) or (candidate.start is not None and candidate.start.argument != "env") for candidate in loaded):
        return Reading(loaded, unread, unread=bool(unread))
    from ..documents.unread import evidently, why_unread  # only after the fact

    as_json = is_medplum_name(file.name) or file.is_meant_as_json or file.json.intact
    if as_json and any(problem.lossy for candidate in loaded for problem in candidate.problems) and not (named and evidently(file)):
        return Reading(loaded)
    return Reading([], unread or why_unread(file, kind), unread=True)


def _is_read(loaded: Loaded) -> bool:
    """Whether the file contains something of a document: a setting, or evidence that it lacks them all."""
    document = loaded.document
    is_wrong = any(problem.path is not None or problem.name in _OF_START for problem in loaded.problems)
    return loaded.checkable and bool(document.data or document.complete or is_wrong)


_OF_START = ("image-starts-without-env", "invalid-start-argument", "missing-program", "missing-shell-at-build")
"""Problems of how a server is started, which a file without any setting can have."""


def _unrecognised(file: SourceFile) -> Reading:
    from ..documents import unread  # only after the fact

    note = unread.foreign(file) if not unread.evidently(file) else ""
    return Reading([], note or unread.why_unread(file, None), unread=not note)


def _confidence(answer: tuple[Source, Recognised]) -> int:
    return answer[1].confidence


def breaks_off(loaded: Loaded) -> bool:
    """Whether a document could not be read to its end."""
    return not loaded.checkable or (not loaded.document.complete and any(problem.lossy for problem in loaded.problems))


def why_broken(loaded: Loaded, rule_of: Callable[[str], str]) -> str:
    """Why a document could not be read completely, where the rule that would report it is off; it must have a lossy problem.

    ``rule_of`` gives the id of the rule that reports a mistake, by the mistake's name.
    """
    problem = next(problem for problem in loaded.problems if problem.lossy)
    line, column = loaded.document.position(problem.span.start)
    return f"not all of it can be checked (line {line}, column {column}), and {rule_of(problem.name)}, which says why, is off"


def error_of(given: Input, reading: Reading, parts: Collection[str]) -> str:
    """Why an input cannot be shown, or not as it is; empty if it can, or if it is a part of another document."""
    if not reading.loaded and (given.searched or given.beside or given.uri in parts) and not given.environments:
        return ""
    if reading.unread or not reading.loaded:
        return f"{given.uri}: {reading.note}"
    texts = (text for loaded in reading.loaded for text in loaded.texts)
    stops = next((text for text in texts if any(problem.fatal for problem in text.problems)), None)
    if stops is not None:
        return f"{stops.document.uri}: the server stops at a mistake in it: check it to see where"
    if not any(loaded.checkable for loaded in reading.loaded):
        return f"{given.uri}: too much of it cannot be read: check it to see why"
    return ""
