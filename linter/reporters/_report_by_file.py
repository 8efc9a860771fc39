"""What the format ``text`` prints of findings: the documents one by one, in each what keeps the server from starting first.

Findings at one place share its source lines. Settings that are missing share one block, for what lacks them is a brace. Of a rule the
consequence and the remedy are printed in full once; later findings of it repeat them only where they say something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from operator import itemgetter

from ..model import Document, Finding, Fix, Related, Result, SettingPath, Style, dotted
from ..redaction.mask import holder_text
from ..text import Edit, Excerpt, Piece, Span, printable
from ..typed import Final, NamedTuple
from ._columns import UNKNOWN, fitting, width, wrapped
from ._drawing import Mark, drawn, mark_of, place
from ._words import as_text, of_holder, paint

_MOST_PLACES: Final = 6
"""Second places of one finding in its own document that are drawn; the others are named."""
_MOST_LINES: Final = 6
"""Lines of an edit at most that are shown: a longer one is for a diff."""
_WIDEST: Final = 160
"""Characters at most of a line that a fix changes and that is shown whole."""


def by_file(findings: Iterable[Finding], result: Result, style: Style) -> Iterator[str]:
    """The parts of the text of a report on findings, in the order of their documents, each of whole lines."""
    documents: dict[Document, list[Finding]] = {}
    for finding in findings:
        documents.setdefault(finding.document, []).append(finding)
    writer = _Writer(result, style)
    for document, found in documents.items():
        for block in _blocks(document, found):
            yield as_text(writer.block(block))


_Weighed = tuple[int, Finding]
"""How grave a finding is, which is worked out once, and the finding."""


class _Block(NamedTuple):
    """Findings of a document that are reported together: those at one place, or those of what ``is_missing``.

    The first block of a document has its ``headline``: how many findings there are, and how many of them keep the server from starting.
    """

    document: Document
    findings: Sequence[Finding]
    is_missing: bool
    headline: tuple[int, int] | None = None


def _blocks(document: Document, findings: Sequence[Finding]) -> Iterator[_Block]:
    """The findings of a document as they are reported: what is missing is a block behind those that are as grave as the gravest of it."""
    weighed = [(finding.gravity, finding) for finding in findings]
    missing: list[_Weighed] = []
    there: list[_Weighed] = []
    for one in weighed:
        (missing if one[1].is_missing else there).append(one)
    groups = [(False, group) for group in _groups(there)]
    groups += [(True, _gravest_first(missing))] if missing else []
    headline: tuple[int, int] | None = (sum(weight == 0 for weight, _ in weighed), len(findings))
    for is_missing, group in sorted(groups, key=lambda one: (one[1][0][0], one[0])):
        yield _Block(document, [finding for _, finding in group], is_missing, headline)
        headline = None


def _groups(findings: Iterable[_Weighed]) -> list[list[_Weighed]]:
    """The findings at each place, the gravest first."""
    places: dict[Span, list[_Weighed]] = {}
    for one in findings:
        places.setdefault(one[1].span, []).append(one)
    return [_gravest_first(group) for group in places.values()]


def _gravest_first(findings: list[_Weighed]) -> list[_Weighed]:
    return sorted(findings, key=itemgetter(0)) if len(findings) > 1 else findings


class _Writer:
    """Writes blocks, and knows what it has said of each rule."""

    def __init__(self, result: Result, style: Style) -> None:
        self._rules = result.rules
        self._style = style
        self._columns = style.width or UNKNOWN
        self._said: set[tuple[str, str, str]] = set()
        """What was said of a rule: the rule, what part of a finding says it, and that without what differs."""

    def block(self, block: _Block) -> Iterator[str]:
        """The lines of a block."""
        if block.headline is not None:
            yield from self._headline(block.document, *block.headline)
            yield ""
        yield from self._missing(block.findings) if block.is_missing else self._place(block.findings)
        yield ""

    def _headline(self, document: Document, stops: int, findings: int) -> Iterator[str]:
        facts = ", ".join(filter(None, (printable(document.kind), holder_text(document), document.target)))
        what = f": {stops} of {findings} findings keep{'s' * (stops == 1)} the server from starting" if stops else ""
        path = printable(document.uri)
        first, *others = wrapped(f"{path} ({facts}){what}", self._columns, indent=4)
        yield paint(path, "place", self._style) + first[len(path) :] if first.startswith(path) else paint(first, "place", self._style)
        yield from others

    def _missing(self, findings: Iterable[Finding]) -> Iterator[str]:
        """What is missing, without the source lines, in which there is nothing to see of it."""
        yield paint("Missing here:", "place", self._style)
        for finding in findings:
            yield from self._label(finding)
            if finding.path is not None and len(finding.path) > 1:
                yield f" {paint('-->', 'gutter', self._style)} {place(finding.document, finding.span)}"
            others = [one for one in finding.related if one.document is not finding.document]
            yield from self._elsewhere(others)
            yield from self._notes(finding, 1)

    def _place(self, findings: Sequence[Finding]) -> Iterator[str]:
        """The findings at one place, with its source lines behind the headline of the first."""
        digits = 1
        for number, finding in enumerate(findings):
            document = finding.document
            yield from self._label(finding)
            here = [one for one in finding.related if one.document is document]
            marks = [mark_of(finding)] if number == 0 else []
            marks += [Mark(one.path, one.span, "note", "-", _label_of(one)) for one in here[:_MOST_PLACES]]
            if marks:
                lines, digits = drawn(document, marks, self._style)
                yield f"{' ' * digits}{paint('-->', 'gutter', self._style)} {place(document, marks[0].span)}"
                yield from lines
            yield from self._more(here[_MOST_PLACES:], digits)
            yield from self._elsewhere([one for one in finding.related if one.document is not document])
            yield from self._notes(finding, digits)

    def _more(self, others: Sequence[Related], digits: int) -> Iterator[str]:
        """The lines of the places that are not drawn."""
        if others:
            numbers = list(dict.fromkeys(one.document.position(one.span.start).line for one in others))
            listed = ", ".join(map(str, numbers[:12])) + (", …" if len(numbers) > 12 else "")
            yield from self._note("also", f"{'line' if len(numbers) == 1 else 'lines'} {listed}", digits)

    def _elsewhere(self, others: Iterable[Related]) -> Iterator[str]:
        """Places in other documents, each with its own source line."""
        for one in others:
            lines, digits = drawn(one.document, [Mark(one.path, one.span, "note", "-", _label_of(one))], self._style)
            where = f"{place(one.document, one.span)}{of_holder(one.document)}"
            yield f"{' ' * digits}{paint('-->', 'gutter', self._style)} {where}"
            yield from lines

    def _label(self, finding: Finding) -> Iterator[str]:
        """The severity, the rule and what is wrong."""
        label = f"{finding.severity}[{printable(finding.rule)}]"
        text = wrapped(printable(finding.says.what), self._columns, len(label) + 2, 4)
        painted = self._linked(finding) if self._style.links else paint(label, finding.severity, self._style)
        yield f"{painted}: {text[0]}"
        yield from text[1:]

    def _linked(self, finding: Finding) -> str:
        """The severity, and the id of a rule as a hyperlink to what it goes by."""
        rule = self._rules.get(finding.rule)
        address = next((link for link in rule.links if re.fullmatch(r"https?://[!-~]+", link)), "") if rule is not None else ""
        name = paint(printable(finding.rule), finding.severity, self._style)
        linked = f"\033]8;;{address}\033\\{name}\033]8;;\033\\" if address else name
        before, behind = (paint(text, finding.severity, self._style) for text in (f"{finding.severity}[", "]"))
        return f"{before}{linked}{behind}"

    def _notes(self, finding: Finding, digits: int) -> Iterator[str]:
        """What comes of it and what to do, unless it was said of another finding; the change that a fix makes; where to read more."""
        setting = dotted(finding.path or ())
        yield from self._once(finding.rule, "why", finding.says.why, setting, digits)
        if finding.says.also:
            yield from self._note("also", finding.says.also, digits)
        if set(finding.held_by) != set(finding.document.holders):
            yield from self._note("of", holder_text(finding.document, finding.held_by), digits)
        fix = finding.fix
        if not (fix is not None and fix.safe and fix.can_be_made):
            yield from self._once(finding.rule, "fix", finding.says.remedy, setting, digits)
        if fix is not None:
            yield from self._fix(finding.document, finding.path, fix, digits)
        yield from self._once(finding.rule, "see", f"medplum-lint explain {finding.rule}", "", digits)

    def _once(self, rule: str, what: str, text: str, setting: str, digits: int) -> Iterator[str]:
        """A note that is printed once for a rule, whatever the setting is; nothing where there is no text, or where it was made before."""
        known = (rule, what, _general(text, setting))
        if text and known not in self._said:
            self._said.add(known)
            yield from self._note(what, text, digits)

    def _note(self, what: str, text: str, digits: int) -> Iterator[str]:
        first = digits + 5 + len(what)
        lines = wrapped(printable(text), self._columns, first, first)
        yield f"{' ' * digits} {paint('=', 'gutter', self._style)} {what}: {lines[0]}"
        yield from lines[1:]

    def _fix(self, document: Document, setting: SettingPath | None, fix: Fix, digits: int) -> Iterator[str]:
        """What a fix would do, and its edits as a diff or the commands that make it."""
        yield from self._note(_how(fix), fix.description, digits)
        margin = " " * (digits + 3)
        for line in self._fitted(_changed_lines(document, setting, fix), len(margin)):
            yield f"{margin}{paint(line, 'error' if line[0] == '-' else 'added', self._style)}"
        for command in fix.commands or ():
            yield from (f"{margin}{paint(printable(line), 'added', self._style)}" for line in command.printed)

    def _fitted(self, lines: Sequence[str], margin: int) -> Iterator[str]:
        """The lines of a diff, cut to the terminal around what differs; commands are never cut, for people copy them."""
        columns = self._style.width - margin - 2
        same = _same_start([line[2:] for line in lines])
        for line in lines:
            text = line[2:]
            fits = not self._style.width or width(text) <= columns
            yield line if fits else line[:2] + fitting(Excerpt(0, text, min(same, len(text)), len(text)), columns).text


def _how(fix: Fix) -> str:
    """What a fix is headed with: the option that makes it, where one does."""
    if not fix.can_be_made:
        return "by hand"
    return f"fix with {'--fix' if fix.edits is not None else '--fix-script'}" if fix.safe else "fix with --unsafe-fixes"


def _same_start(texts: Sequence[str]) -> int:
    """How many characters at their start all texts have in common."""
    least, most = min(texts, default=""), max(texts, default="")
    return next((at for at, (one, other) in enumerate(zip(least, most, strict=False)) if one != other), len(least))


def _label_of(related: Related) -> str:
    """What is said of a second place; nothing where it is the name that stands there anyhow."""
    return "" if related.message == dotted(related.path) else related.message


def _general(text: str, setting: str) -> str:
    """A text without what differs between the findings of a rule: the setting, quoted texts, addresses, numbers."""
    return _without_what_differs(text.replace(setting, "_") if setting else text)


@lru_cache(maxsize=1_000)
def _without_what_differs(text: str) -> str:
    return re.sub(r'"[^"]*"|\([^()]*\)|https?://\S+|\d+', "_", text)


def _changed_lines(document: Document, path: SettingPath | None, fix: Fix) -> list[str]:
    """What the fix of a finding about ``path`` changes, as a diff has it; nothing where that is not to be seen, or is long."""
    edits = sorted(fix.edits or ()) if fix.shown else []
    if not edits:
        return []
    first, last = document.position(edits[0].span.start).line, document.position(edits[-1].span.end).line
    if last - first >= _MOST_LINES:
        return []
    spans = [document.text.line_span(number) for number in range(first, last + 1)]
    if max(*(span.end - span.start for span in spans), *(len(edit.text) for edit in edits)) <= _WIDEST:
        texts = [_whole_lines(document, edits, Span(spans[0].start, spans[-1].end))]
    else:
        from ._cut_lines import cut_lines  # only for long lines

        texts = list(islice(cut_lines(document, path, fix.changes, edits), _MOST_LINES))
    return [line for old, new in texts for line in _difference(old, new)][: 2 * _MOST_LINES]


def _difference(old: str, new: str) -> list[str]:
    """The lines of two texts as a diff has them, without those at the start and the end that are the same."""
    gone, come = old.splitlines(), new.splitlines()
    while gone and come and gone[-1] == come[-1]:
        gone, come = gone[:-1], come[:-1]
    while gone and come and gone[0] == come[0]:
        gone, come = gone[1:], come[1:]
    return [*(f"- {printable(line)}" for line in gone), *(f"+ {printable(line)}" for line in come)]


def _whole_lines(document: Document, edits: Sequence[Edit], part: Span) -> tuple[str, str]:
    """Lines before and after edits, masked."""
    new: list[str] = []
    at = part.start
    for edit in edits:
        new += [_masked(document, at, edit.span.start), edit.text]
        at = edit.span.end
    return _masked(document, *part), "".join((*new, _masked(document, at, part.end)))


def _masked(document: Document, start: int, end: int) -> str:
    """A part of a text as it may be shown, line by line; what may be shown of a line only its beginning tells."""
    parts: list[str] = []
    while start < end:
        line = document.text.line_span(document.position(start).line)
        stop = min(end, line.end)
        parts += [_clipped(piece, start, stop) for piece in document.origin.pieces(line) if piece.start < stop and start < piece.end]
        start = max(stop, start + 1)
        if stop < end and stop == line.end:
            parts.append("\n")
            start = stop + (2 if document.text.content[stop : stop + 2] == "\r\n" else 1)
    return "".join(parts)


def _clipped(piece: Piece, start: int, end: int) -> str:
    """What of a piece stands in a part of its line; of one that is masked, or is shown otherwise than it is written, all."""
    if piece.masked or len(piece.text) != piece.end - piece.start:
        return piece.text
    return piece.text[max(start - piece.start, 0) : end - piece.start]
