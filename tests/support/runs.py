"""Runs to report, made of little: a document of a text, a finding in it, and what a reporter writes of them."""

from __future__ import annotations

import io
from typing import Any

from linter.model import (
    Acceptance,
    Document,
    FileStatus,
    Finding,
    Level,
    Record,
    Result,
    RuleCoverage,
    RuleInfo,
    RuleStatus,
    SettingPath,
    Style,
    as_message,
)
from linter.reporters import reporter

from .helpers import written

RULE = RuleInfo(
    id="acme/port",
    title="The port is not ours",
    severity={"production": "error"},
    kinds=("server",),
    tags=(),
    docs="Why.",
    links=(),
    fixable=False,
    category="acme",
)
SERVER = '{\n  "baseUrl": "https://api.example.com",\n  "port": 8103,\n  "database": {"password": "hunter2-hunter2"}\n}\n'


def document(text: str = SERVER, uri: str = "server.json", environment: str | None = None) -> Document:
    """A document of the server's JSON."""
    made = written(text)
    return Document(uri, made.kind, made.text, made.data, made.origin, environment=environment)


def finding(
    message: str, where: Document | None = None, path: SettingPath | None = ("port",), level: Level = "error", **more: Any
) -> Finding:
    """A finding about a setting; ``more`` are its other fields."""
    place = where or document()
    return Finding(RULE.id, level, as_message(message), place, path, place.locate(path or ()))._replace(**more)


def accepted(reason: str, **more: Any) -> Acceptance:
    """What accepts a finding; ``more`` are its other fields."""
    return Acceptance(RULE.id, reason, line=3, file="lint.toml")._replace(**more)


def result(*findings: Finding, files: tuple[FileStatus, ...] = ()) -> Result:
    """A run with these findings, in which each of their documents was checked."""
    documents = tuple({id(one.document): one.document for one in findings}.values())
    checked = tuple(FileStatus(one.uri, one.kind, one.environment, one.target, "checked") for one in documents)
    return Result("1.2.3", (*checked, *files), documents, findings, {RULE.id: RULE}, record=lambda: record(found=bool(findings)))


def record(*passed: RuleInfo, found: bool = False) -> Record:
    """A record of the rule of :func:`result`, and of rules that found nothing."""
    verdict = RuleStatus("found", "") if found else RuleStatus("checked", "every clause is satisfied")
    others = (RuleCoverage(one, ((RuleStatus("checked", "every clause is satisfied"), 1),)) for one in passed)
    return Record((RuleCoverage(RULE, ((verdict, 1),)), *others))


def reported(form: str, run: Result, style: Style = Style()) -> str:
    """What a reporter writes of a run."""
    stream = io.StringIO()
    reporter(form).report(run, stream, style)
    return stream.getvalue()
