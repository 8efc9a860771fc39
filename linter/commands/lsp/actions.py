"""What can be done about a finding: fix it, accept it, explain it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

from lsprotocol import types

from ...files import LARGEST_CONFIGURATION, Unreadable, read_regular
from ...model import Acceptance, Finding, Fix, dotted
from ...options.choose import OWN_FILE, Configurations
from ...output.say import Failed
from ...redaction.mask import named_environment
from ...text import Span, Text
from ...typed import Final
from ..accept import appended, glob_for
from .diagnostics import diagnostic
from .positions import Positions
from .session import Buffer, Checked

EXPLAIN: Final = "medplum-lint.explain"
"""The command that explains a rule."""
FIX_ALL: Final = "source.fixAll.medplum-lint"
"""The kind of the action that makes all safe fixes, which editors can ask for when a file is saved."""


def actions(
    buffer: Buffer, wanted: types.Range, kinds: Sequence[str] | None, checked: Checked, encoding: str, root: Path | None
) -> Iterator[types.CodeAction | types.Command]:
    """The actions for a range: safe fixes are preferred. All safe fixes at once are worked out by :func:`fix_all`, when they are chosen.

    ``root`` is the folder of the workspace that has the buffer.
    """
    findings = checked.findings.get(buffer.name, ())
    for one in _at(findings, wanted, encoding) if _is_wanted(types.CodeActionKind.QuickFix, kinds) else ():
        about = [diagnostic(one, checked, encoding)]
        if one.fix is not None and one.fix.edits is not None:
            yield _fix(buffer, one, one.fix, about, encoding)
        acceptance = _comment(buffer, one) if _has_comments(buffer) else _entry(buffer, one, checked, encoding, root)
        if acceptance is not None:
            yield types.CodeAction(f"Accept {one.rule} (write the reason)", types.CodeActionKind.QuickFix, about, edit=acceptance)
        yield types.Command(title=f"Explain {one.rule}", command=EXPLAIN, arguments=[buffer.uri, one.rule])
    is_fixable = any(one.fix is not None and one.fix.safe and one.fix.edits is not None for one in findings)
    if is_fixable and _is_wanted(FIX_ALL, kinds):
        yield types.CodeAction("Fix everything that is safe to fix", FIX_ALL, data=buffer.uri)


def fix_all(buffer: Buffer, checked: Checked, encoding: str) -> types.WorkspaceEdit | None:
    """The edit that makes all safe fixes of a buffer; None if they change nothing."""
    after = checked.fixed(buffer.name)
    text = Text(buffer.text)
    whole = types.Range(types.Position(0, 0), Positions(text, encoding).position(len(text.content)))
    return _edit(buffer, [types.TextEdit(whole, after)]) if after is not None else None


def _is_wanted(kind: str, kinds: Sequence[str] | None) -> bool:
    """Whether a kind is one of those that are asked for, or under one: all are under ``source.fixAll``, for example."""
    return not kinds or any(one == "" or kind == one or kind.startswith(f"{one}.") for one in kinds)


def _at(findings: Iterable[Finding], wanted: types.Range, encoding: str) -> Iterator[Finding]:
    for finding in findings:
        own = Positions(finding.document.text, encoding).range(finding.span)
        if own.start <= wanted.end and wanted.start <= own.end:
            yield finding


def _fix(buffer: Buffer, finding: Finding, fix: Fix, about: list[types.Diagnostic], encoding: str) -> types.CodeAction:
    positions = Positions(finding.document.text, encoding)
    edits = [types.TextEdit(positions.range(edit.span), edit.text) for edit in fix.edits or ()]
    title = fix.description if fix.safe else f"{fix.description} (review it)"
    return types.CodeAction(title, types.CodeActionKind.QuickFix, about, is_preferred=fix.safe, edit=_edit(buffer, edits))


def _has_comments(buffer: Buffer) -> bool:
    """Whether comments in a text can accept findings: in all but JSON."""
    start = buffer.text.lstrip("\ufeff \t\r\n")[:1]
    return start != "{" and not (start == "[" and buffer.path.suffix == ".json")


def _comment(buffer: Buffer, finding: Finding) -> types.WorkspaceEdit:
    """The comment above a finding that accepts it, without its reason: until that is written, it accepts nothing."""
    text = finding.document.text
    line, span = text.line_around(finding.span.start)
    content = text.content[span.start : span.end]
    indent = content[: len(content) - len(content.lstrip())]
    at = types.Position(line - 1, 0)
    return _edit(buffer, [types.TextEdit(types.Range(at, at), f"{indent}# medplum-lint: ignore[{finding.rule}] \n")])


def _entry(buffer: Buffer, finding: Finding, checked: Checked, encoding: str, root: Path | None) -> types.WorkspaceEdit | None:
    """The entry of the configuration that accepts a finding, without its reason; None if the file cannot be continued."""
    config = Configurations().of(buffer.path)
    folder = config.folder if config.path is not None else root or buffer.path.parent
    path, setting = config.path or folder / OWN_FILE, dotted(finding.path) if finding.path else None
    own = checked.buffers.get(path.as_posix())
    try:
        before = own.text.encode() if own is not None else read_regular(path, LARGEST_CONFIGURATION) if path.exists() else b""
        environment = named_environment(finding.document)
        entry = Acceptance(finding.rule, "?", glob_for(buffer.path, folder), setting, environment, since=date.today())
        after, _ = appended(path, before, entry)
        text, new = Text(before.decode()), after[len(before) :].decode().replace('reason = "?"', 'reason = ""')
    except (Failed, Unreadable, UnicodeError):
        return None
    at = Positions(text, encoding).range(Span(len(text.content), len(text.content)))
    file = types.OptionalVersionedTextDocumentIdentifier(own.uri if own is not None else path.as_uri(), own.version if own else None)
    changes: list[types.CreateFile | types.TextDocumentEdit] = [types.TextDocumentEdit(file, [types.TextEdit(at, new)])]
    return types.WorkspaceEdit(document_changes=changes if own or path.exists() else [types.CreateFile(path.as_uri()), *changes])


def _edit(buffer: Buffer, edits: list[types.TextEdit]) -> types.WorkspaceEdit:
    document = types.OptionalVersionedTextDocumentIdentifier(buffer.uri, buffer.version)
    return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, list(edits))])
