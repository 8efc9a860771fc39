"""The protocol: what the editor says and asks for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from ... import __version__
from ...log import described
from ...model import Part
from ...options.choose import OWN_FILE, Configurations, folders_of
from ...options.config import PROJECT_FILE
from ...run import Options
from ...server.shown import catalogue_of, shown_name
from ...settings import page_link
from ...sources import file_names
from ...text import Text
from ...typed import Any, Final
from ..explain import explanation
from ..rules import rule_file_of
from .actions import EXPLAIN, FIX_ALL, actions, fix_all
from .completion import completions
from .diagnostics import SOURCE, diagnostic
from .hover import hover
from .places import Place, setting_at, settings_in
from .positions import Positions
from .session import Buffer, Checked, checked, options_of

PAUSE: Final = 0.15
"""Seconds without a change after which the texts are checked."""
_SECTION: Final = "medplumLint"
"""The section of the editor's settings that is ours."""


class Server(LanguageServer):
    """The language server. All texts that are open are checked together, in another thread, one check at a time."""

    def __init__(self) -> None:
        # Whole texts, since pygls ends lines where the protocol does not, such as at U+2028.
        super().__init__("medplum-lint", __version__, types.TextDocumentSyncKind.Full)
        self.options = Options()
        self.is_shut = False
        self._checked: Checked | None = None
        self.kinds: dict[str, str] = {}
        """The kind of each text as it was last recognised: while it is typed it may not be."""
        self._published: set[str] = set()
        self._said: tuple[str, ...] = ()
        self._changes = 0
        self._quiet_from = 0.0
        self._checking: asyncio.Task[None] | None = None

    def say(self, text: str) -> None:
        """Show an error to the user."""
        self.window_show_message(types.ShowMessageParams(types.MessageType.Error, f"{SOURCE}: {text}"))

    def report_server_error(self, error: Exception, source: Any = None) -> None:
        """Log an error by its kind: its text may have a value from a file, and what pygls would say of a message has the message."""
        self.window_log_message(types.LogMessageParams(types.MessageType.Error, f"a bug in medplum-lint: {described(error)}"))

    def answers(self, feature: str, options: Any = None) -> Callable[[Callable[[Any], Awaitable[Any]]], None]:
        """A decorator for what answers a request, or nothing after an error, which is logged."""

        def register(handler: Callable[[Any], Awaitable[Any]]) -> None:
            async def answer(params: Any) -> Any:
                try:
                    return await handler(params)
                except Exception as error:
                    self.report_server_error(error)
                    return None

            self.feature(feature, options)(answer)

        return register

    @property
    def encoding(self) -> str:
        """The encoding of positions that the client and the server agree on."""
        return str(getattr(self.workspace.position_encoding, "value", self.workspace.position_encoding))

    def buffers(self) -> Iterator[Buffer]:
        """The texts that are open and have a path."""
        for document in self.workspace.text_documents.values():
            path = to_fs_path(document.uri)
            if path is not None:
                yield Buffer(document.uri, Path(path), document.source, document.version)

    def buffer(self, uri: str) -> Buffer | None:
        """An open text; None if it has no path, or is not open."""
        return next((buffer for buffer in self.buffers() if unquote(buffer.uri) == unquote(uri)), None)

    def root(self, buffer: Buffer) -> Path | None:
        """The folder of the workspace that has a text."""
        folders = (to_fs_path(uri) for uri in self.workspace.folders)
        return next((Path(folder) for folder in folders if folder is not None and buffer.path.is_relative_to(folder)), None)

    def use(self, settings: Any) -> None:
        """Use the settings of the editor; those that cannot be used are reported, and the ones before stay."""
        try:
            self.options = options_of(settings)
        except ValueError as error:
            self.say(str(error))

    def changed(self) -> None:
        """Check the texts after a pause."""
        loop = asyncio.get_running_loop()
        self._changes += 1
        self._quiet_from = loop.time() + PAUSE
        if self._checking is None or self._checking.done():
            self._checking = loop.create_task(self._check())

    async def current(self, uri: str) -> tuple[Checked, Buffer] | None:
        """The check of a text as it is now; None if there is none."""
        if self._checking is not None:
            await asyncio.shield(self._checking)
        buffer, found = self.buffer(uri), self._checked
        return (found, buffer) if buffer is not None and found is not None and found.buffers.get(buffer.name) == buffer else None

    async def places(self, uri: str, part: Part) -> list[tuple[Place, types.Range]]:
        """The names, or the values, of all settings in a text as it is now, each with its range."""
        now = await self.current(uri)
        every = settings_in(now[0], now[1].name) if now is not None else ()
        own = (one for one in every if one.row is not None and one.part == part)
        return [(one, Positions(one.document.text, self.encoding).range(one.span)) for one in own]

    async def _check(self) -> None:
        done = -1
        while done != self._changes:
            while (left := self._quiet_from - asyncio.get_running_loop().time()) > 0:
                await asyncio.sleep(left)
            done = self._changes
            buffers = list(self.buffers())
            try:
                found = await asyncio.to_thread(checked, buffers, self.options)
            except Exception as error:
                self._checked = None
                self.report_server_error(error)
                continue
            if done == self._changes:
                self._use(buffers, found)

    def _use(self, buffers: list[Buffer], found: Checked) -> None:
        """Publish what a check finds. A mistake in a configuration stops it: then that is said, once, and the findings stay."""
        outcome = found.outcome
        for bug in outcome.bugs:
            self.window_log_message(types.LogMessageParams(types.MessageType.Error, bug))
        errors = outcome.errors if not outcome.started else ()
        for error in errors if errors != self._said else ():
            self.say(error)
        self._said = errors
        self._checked = found if outcome.started else None
        open_now = {buffer.uri for buffer in buffers}
        for uri in self._published - open_now:
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))
        self._published = open_now
        if outcome.started:
            known = {**self.kinds, **{name: every[0].kind for name, every in found.documents.items()}}
            self.kinds = {buffer.name: known[buffer.name] for buffer in buffers if buffer.name in known}
            for buffer in buffers:
                shown = [diagnostic(one, found, self.encoding) for one in found.findings.get(buffer.name, ())]
                self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(buffer.uri, shown, buffer.version))


def server() -> Server:
    """A server with everything that it answers to."""
    logging.getLogger("pygls").addHandler(logging.NullHandler())
    logging.getLogger("pygls").propagate = False  # it logs messages, in which the texts of files are
    made = Server()
    _add_events(made)
    _add_actions(made)
    _add_places(made)
    return made


def _add_events(made: Server) -> None:
    """What the editor says."""

    @made.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        made.use(params.initialization_options or {})

    @made.feature(types.INITIALIZED)
    def initialized(_params: types.InitializedParams) -> None:
        workspace = made.client_capabilities.workspace
        if workspace is not None and workspace.did_change_watched_files and workspace.did_change_watched_files.dynamic_registration:
            names = (OWN_FILE, PROJECT_FILE, *file_names())
            watchers = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher(f"**/{name}") for name in names])
            registration = types.Registration("files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, watchers)
            made.client_register_capability(types.RegistrationParams([registration]))

    @made.feature(types.SHUTDOWN)
    def shutdown(_params: None) -> None:
        made.is_shut = True

    @made.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def settings_changed(params: types.DidChangeConfigurationParams) -> None:
        given = params.settings.get(_SECTION) if isinstance(params.settings, dict) else None
        if given is not None:  # some editors send an empty object at first
            made.use(given)
        made.changed()

    for event in (
        types.TEXT_DOCUMENT_DID_OPEN,
        types.TEXT_DOCUMENT_DID_CHANGE,
        types.TEXT_DOCUMENT_DID_SAVE,
        types.TEXT_DOCUMENT_DID_CLOSE,
        types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
    ):
        made.feature(event)(lambda _params: made.changed())


def _add_actions(made: Server) -> None:
    """What can be done about findings."""

    @made.answers(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions([types.CodeActionKind.QuickFix, FIX_ALL], resolve_provider=True))
    async def code_actions(params: types.CodeActionParams) -> list[types.CodeAction | types.Command]:
        now = await made.current(params.text_document.uri)
        if now is None:
            return []
        found, buffer = now
        return list(actions(buffer, params.range, params.context.only, found, made.encoding, made.root(buffer)))

    @made.feature(types.CODE_ACTION_RESOLVE)
    async def resolve(action: types.CodeAction) -> types.CodeAction:
        now = await made.current(str(action.data)) if action.kind == FIX_ALL else None
        if now is not None:
            action.edit = await asyncio.to_thread(fix_all, now[1], now[0], made.encoding)
        return action

    @made.command(EXPLAIN)
    def explain(uri: str, rule: str) -> None:
        path = to_fs_path(uri)
        try:
            text = explanation(rule_file_of(rule, folders_of(Configurations().of(Path(path or ".")))))
        except Exception as error:
            made.report_server_error(error)
            return
        made.window_log_message(types.LogMessageParams(types.MessageType.Info, text))
        made.window_show_message(types.ShowMessageParams(types.MessageType.Info, text))


def _add_places(made: Server) -> None:
    """What is asked about a place in a text."""

    @made.answers(types.TEXT_DOCUMENT_HOVER)
    async def hover_at(params: types.HoverParams) -> types.Hover | None:
        now = await made.current(params.text_document.uri)
        if now is None:
            return None
        found, buffer = now
        positions = Positions(Text(buffer.text), made.encoding)
        place = setting_at(found, buffer.name, positions.offset(params.position))
        if place is None:
            return None
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, hover(place)), positions.range(place.span))

    @made.answers(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=['"', "/", "_"]))
    async def complete(params: types.CompletionParams) -> list[types.CompletionItem]:
        buffer = made.buffer(params.text_document.uri)
        kind = made.kinds.get(buffer.name) if buffer is not None else None
        if buffer is None or kind is None:
            return []
        return list(completions(Text(buffer.text), params.position, kind, made.encoding))

    @made.answers(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def symbols(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        places = await made.places(params.text_document.uri, "value")
        names = [(shown_name(catalogue_of(one.document), one.path), at) for one, at in places]
        return [types.DocumentSymbol(name, types.SymbolKind.Property, at, at) for name, at in names]

    @made.answers(types.TEXT_DOCUMENT_DOCUMENT_LINK)
    async def links(params: types.DocumentLinkParams) -> list[types.DocumentLink]:
        places = await made.places(params.text_document.uri, "key")
        known = ((catalogue_of(one.document).get(one.path), at) for one, at in places)
        return [types.DocumentLink(at, page_link(setting)) for setting, at in known if setting is not None and setting.link]
