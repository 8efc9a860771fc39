"""The language server, as a process that is spoken to in the protocol."""

from __future__ import annotations

import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pytest_lsp import LanguageClient, client_capabilities, make_test_lsp_client
from test_dependencies import run as run_without

from linter.commands.lsp.server import PAUSE

CONFIG = {"port": 8103, "baseUrl": "https://api.hospital.org/", "supportEmail": "help@hospital.org"}
SECRET = "kUnpyqW7rTz2"
ROOT = Path(__file__).parent.parent


class Editor:
    """An editor with one language server."""

    def __init__(self, client: LanguageClient) -> None:
        self.client = client
        self.versions: dict[str, int] = {}
        self.texts: dict[str, str] = {}
        self.published: list[types.PublishDiagnosticsParams] = []
        self._heard = asyncio.Event()

    def publish(self, params: types.PublishDiagnosticsParams) -> None:
        """Keep what the server publishes."""
        self.published.append(params)
        self._heard.set()

    async def heard(self, path: Path, version: int | None = None, since: int = 0) -> list[types.Diagnostic]:
        """The next diagnostics of a text, of a version if one is given, after so many that were published."""
        while True:
            for one in self.published[since:]:
                if one.uri == path.as_uri() and version in (None, one.version):
                    return list(one.diagnostics)
            self._heard.clear()
            await self._heard.wait()

    async def open(self, path: Path, text: str, language: str = "json") -> list[types.Diagnostic]:
        """Open a text; returns its diagnostics."""
        uri = path.as_uri()
        self.versions[uri], self.texts[uri] = 1, text
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, language, 1, text)))
        return await self.diagnostics(path)

    def change(self, path: Path, text: str) -> None:
        """Replace a text."""
        uri = path.as_uri()
        self.versions[uri] += 1
        self.texts[uri] = text
        document = types.VersionedTextDocumentIdentifier(self.versions[uri], uri)
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))

    async def diagnostics(self, path: Path) -> list[types.Diagnostic]:
        """The diagnostics of the last version of a text."""
        return await self.heard(path, self.versions[path.as_uri()])

    def close(self, uri: str) -> None:
        """Close a text."""
        del self.versions[uri], self.texts[uri]
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))

    async def actions(self, path: Path, *kinds: str) -> list[Any]:
        """The code actions for the whole text."""
        whole = types.Range(types.Position(0, 0), types.Position(10_000, 0))
        asked = types.CodeActionParams(types.TextDocumentIdentifier(path.as_uri()), whole, types.CodeActionContext([], only=kinds or None))
        found = await self.client.text_document_code_action_async(asked)
        return list(found or ())

    def applied(self, path: Path, action: types.CodeAction, encoding: str = "utf-16-le", size: int = 2) -> str:
        """A text after an action."""
        text = self.texts[path.as_uri()]
        lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)  # str.splitlines knows more ends of lines

        def offset(at: types.Position) -> int:
            if at.line >= len(lines):
                return len(text)
            line = lines[at.line].encode(encoding)
            return sum(map(len, lines[: at.line])) + len(line[: at.character * size].decode(encoding))

        assert action.edit is not None and action.edit.document_changes is not None
        [changed] = action.edit.document_changes
        assert isinstance(changed, types.TextDocumentEdit) and changed.text_document.version == self.versions[path.as_uri()]
        for one in sorted(changed.edits, key=lambda edit: -offset(edit.range.start)):
            assert isinstance(one, types.TextEdit)
            text = text[: offset(one.range.start)] + one.new_text + text[offset(one.range.end) :]
        return text


@asynccontextmanager
async def editor(folder: Path, encoding: str = "utf-16", **options: Any) -> AsyncIterator[Editor]:
    """An editor in a folder, whose positions are in an encoding."""
    client = make_test_lsp_client()
    made = Editor(client)
    client.protocol.fm.features[types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS] = made.publish  # the client's own forgets the versions
    await client.start_io(sys.executable, "-m", "linter", "lsp", cwd=str(folder), env={**os.environ, "PYTHONPATH": str(ROOT)})
    capabilities = client_capabilities("visual-studio-code")
    general = capabilities.general or types.GeneralClientCapabilities()
    general.position_encodings = [types.PositionEncodingKind(encoding)]
    capabilities.general = general
    await client.initialize_session(
        types.InitializeParams(capabilities=capabilities, process_id=None, root_uri=folder.as_uri(), initialization_options=options)
    )
    try:
        yield made
    finally:
        if client._server is not None and client._server.returncode is None:
            await client.shutdown_session()


Talk = Callable[[Editor], Awaitable[None]]
Speak = Callable[[Path, Talk], None]


def speak_to_another(folder: Path, talk: Talk, encoding: str = "utf-16", **options: Any) -> None:
    """Run a conversation with a language server of its own."""

    async def run() -> None:
        async with editor(folder, encoding, **options) as one:
            await asyncio.wait_for(talk(one), 60)

    asyncio.run(run())


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.AbstractEventLoop, Editor]]:
    """An editor for all tests that need no other, since a language server takes most of a second to start; and the loop that runs it."""
    loop = asyncio.new_event_loop()
    session = editor(tmp_path_factory.mktemp("workspace"))
    made = loop.run_until_complete(session.__aenter__())
    yield loop, made
    loop.run_until_complete(session.__aexit__(None, None, None))
    loop.close()


@pytest.fixture
def speak(shared: tuple[asyncio.AbstractEventLoop, Editor]) -> Speak:
    """Runs a conversation about the files of a folder, which is a workspace as long as it lasts; no text stays open."""
    loop, editor = shared

    def change(added: list[types.WorkspaceFolder], removed: list[types.WorkspaceFolder]) -> None:
        event = types.WorkspaceFoldersChangeEvent(added, removed)
        editor.client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))

    async def run(folder: Path, talk: Talk) -> None:
        workspace = [types.WorkspaceFolder(folder.as_uri(), folder.name)]
        change(workspace, [])
        try:
            await asyncio.wait_for(talk(editor), 60)
        finally:
            for uri in [*editor.versions]:
                editor.close(uri)
            change([], workspace)

    return lambda folder, talk: loop.run_until_complete(run(folder, talk))


def codes(diagnostics: list[types.Diagnostic]) -> set[str]:
    return {str(one.code) for one in diagnostics}


def test_open_type_fix_and_close(tmp_path: Path, speak: Speak) -> None:
    path = tmp_path / "medplum.config.json"

    async def talk(editor: Editor) -> None:
        text = json.dumps({**CONFIG, "baseUrl": "https://api.hospital.org", "registerEnabled": "true"}, indent=2)
        found = await editor.open(path, text)
        [slash] = [one for one in found if one.code == "missing-trailing-slash"]
        assert (slash.range, slash.severity, slash.source) == (
            types.Range(types.Position(2, 13), types.Position(2, 39)),
            types.DiagnosticSeverity.Error,
            "medplum-lint",
        )
        assert slash.message.startswith('baseUrl must end with "/": ')
        actions = {one.title: one for one in await editor.actions(path, types.CodeActionKind.QuickFix)}
        fix = actions['set baseUrl to "https://api.hospital.org/" (review it)']
        assert fix.is_preferred is False and [one.code for one in fix.diagnostics or ()] == ["missing-trailing-slash"]
        editor.change(path, editor.applied(path, fix))
        assert "missing-trailing-slash" not in codes(await editor.diagnostics(path))
        editor.change(path, text[: len(text) // 2])
        assert "invalid-json" in codes(await editor.diagnostics(path))
        editor.change(path, "[]")
        assert codes(await editor.diagnostics(path)) <= {"invalid-json", "wrong-type"}
        count = len(editor.published)
        editor.close(path.as_uri())
        assert await editor.heard(path, since=count) == []

    speak(tmp_path, talk)


def test_everything_that_is_safe_is_fixed_at_once(tmp_path: Path, speak: Speak) -> None:
    path = tmp_path / "medplum.config.json"

    async def talk(editor: Editor) -> None:
        text = json.dumps(CONFIG, indent=2)
        await editor.open(path, text.replace("\n}", ",\n}"))
        [every] = await editor.actions(path, "source.fixAll")
        assert every.kind == "source.fixAll.medplum-lint" and every.edit is None  # which is worked out when it is chosen
        assert editor.applied(path, await editor.client.code_action_resolve_async(every)) == text

    speak(tmp_path, talk)


def test_a_finding_can_be_accepted_and_explained(tmp_path: Path, speak: Speak) -> None:
    path, variables = tmp_path / "medplum.config.json", tmp_path / "server.env"

    async def talk(editor: Editor) -> None:
        await editor.open(path, json.dumps({**CONFIG, "baseUrl": "https://a.org"}))
        titles = {one.title: one for one in await editor.actions(path)}
        accept = titles["Accept missing-trailing-slash (write the reason)"]
        assert accept.edit is not None and accept.edit.document_changes is not None
        created, edit = accept.edit.document_changes
        assert created == types.CreateFile((tmp_path / ".medplum-lint.toml").as_uri())
        assert isinstance(edit, types.TextDocumentEdit) and isinstance(edit.edits[0], types.TextEdit)
        lines = edit.edits[0].new_text.splitlines()[:-1]
        wanted = {"rule": "missing-trailing-slash", "path": "/medplum.config.json", "setting": "baseUrl", "reason": ""}
        assert lines == ["[[accept]]", *(f'{name} = "{value}"' for name, value in wanted.items())]
        explain = titles["Explain missing-trailing-slash"]
        await editor.client.workspace_execute_command_async(types.ExecuteCommandParams(explain.command, explain.arguments))
        assert editor.client.messages[-1].message.startswith("missing-trailing-slash: ")

        await editor.open(variables, "MEDPLUM_DATABASE_HOST=db\nMEDPLUM_BASE_URL=https://a.org\n", "dotenv")
        [accept] = [one for one in await editor.actions(variables) if one.title.startswith("Accept missing-trailing-slash")]
        after = editor.applied(variables, accept)
        assert after.splitlines()[1] == "# medplum-lint: ignore[missing-trailing-slash] "
        editor.change(variables, after.replace("slash] ", "slash] a proxy adds it"))
        assert "missing-trailing-slash" not in codes(await editor.diagnostics(variables))

    speak(tmp_path, talk)


def test_a_file_that_is_not_recognised_has_no_diagnostics(tmp_path: Path, speak: Speak) -> None:
    path = tmp_path / "package.json"

    async def talk(editor: Editor) -> None:
        assert await editor.open(path, '{"name": "x", "version": "1.0.0", }') == []

    speak(tmp_path, talk)


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 37), ("utf-16", 35), ("utf-32", 34)])
def test_positions_are_in_the_units_that_both_agree_on(tmp_path: Path, encoding: str, column: int) -> None:
    path = tmp_path / "medplum.config.json"

    async def talk(editor: Editor) -> None:
        found = await editor.open(path, '{"x": "\U0001d11e",\r\n "adminClientId": "\U0001d11e", "baseUrl": "https://a.org", "port": 8103}')
        [slash] = [one for one in found if one.code == "missing-trailing-slash"]
        assert slash.range.start == types.Position(1, column)
        asked = types.HoverParams(types.TextDocumentIdentifier(path.as_uri()), types.Position(1, column + 2))
        shown = await editor.client.text_document_hover_async(asked)
        assert shown is not None and shown.range == slash.range

    speak_to_another(tmp_path, talk, encoding)


def test_two_files_that_contradict_each_other(tmp_path: Path, speak: Speak) -> None:
    infra, server = tmp_path / "medplum.prod.config.json", tmp_path / "medplum.prod.server.json"
    server.write_text(json.dumps(CONFIG), encoding="utf-8")

    async def talk(editor: Editor) -> None:
        text = json.dumps({"name": "prod", "region": "eu-west-1", "apiPort": 8103, "apiDomainName": "api.hospital.org"})
        await editor.open(infra, text)
        opened = await editor.open(server, server.read_text(encoding="utf-8"))
        assert "server-differs-from-infra" not in codes(opened)
        editor.change(server, json.dumps({**CONFIG, "port": 8104}))
        [differs] = [one for one in await editor.diagnostics(server) if one.code == "server-differs-from-infra"]
        assert [one.location.uri for one in differs.related_information or ()] == [infra.as_uri()]
        count = len(editor.published)
        editor.change(infra, text.replace("8103", "8104"))
        assert "server-differs-from-infra" not in codes(await editor.heard(server, since=count))

    speak(tmp_path, talk)


def test_a_file_beside_it_is_read_from_the_disk(tmp_path: Path, speak: Speak) -> None:
    compose, variables = tmp_path / "compose.yaml", tmp_path / "server.env"
    variables.write_text("MEDPLUM_BASE_URL=https://api.hospital.org\n", encoding="utf-8")

    async def talk(editor: Editor) -> None:
        await editor.open(
            compose, "services:\n  server:\n    image: medplum/medplum-server:5.1.13\n    env_file: server.env\n", "dockercompose"
        )
        found = await editor.open(variables, "MEDPLUM_BASE_URL=https://api.hospital.org/\n", "dotenv")
        assert "missing-trailing-slash" not in codes(found)
        editor.change(variables, "MEDPLUM_BASE_URL=https://api.hospital.org\n")
        assert "missing-trailing-slash" in codes(await editor.diagnostics(variables))

    speak(tmp_path, talk)


def test_the_configuration_is_read_again_when_it_changes(tmp_path: Path, speak: Speak) -> None:
    path, configuration = tmp_path / "medplum.config.json", tmp_path / ".medplum-lint.toml"

    async def talk(editor: Editor) -> None:
        assert "missing-trailing-slash" in codes(await editor.open(path, json.dumps({**CONFIG, "baseUrl": "https://a.org"})))
        configuration.write_text('ignore = ["missing-trailing-slash"]\n', encoding="utf-8")
        change, count = types.FileEvent(configuration.as_uri(), types.FileChangeType.Created), len(editor.published)
        editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([change]))
        assert "missing-trailing-slash" not in codes(await editor.heard(path, since=count))

    speak(tmp_path, talk)


def test_a_hover_says_what_the_server_makes_of_a_value_and_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "medplum.config.json"

    async def talk(editor: Editor) -> None:
        await editor.open(path, json.dumps({"port": "8103", "database": {"host": "db", "password": SECRET}, **CONFIG}))

        async def hover(character: int) -> str:
            asked = types.HoverParams(types.TextDocumentIdentifier(path.as_uri()), types.Position(0, character))
            shown = await editor.client.text_document_hover_async(asked)
            return str(getattr(shown.contents, "value", "")) if shown is not None else ""

        port = await hover(4)
        assert port.startswith("**`port`**\n\nThe TCP port") and "Server 4.3.5 reads" in port and "`missing-setting`" in port
        for column in range(0, 200, 3):
            assert SECRET not in await hover(column)

    speak_to_another(tmp_path, talk, serverVersion="4.3.5")


@pytest.mark.parametrize(
    ("name", "text", "places"),
    [
        (
            "compose.yaml",
            "services:\n  a:\n    image: medplum/medplum-server\n    environment:\n      MEDPLUM_DATABASE_HOST: db\n",
            {(4, 8): "database.host", (4, 30): "database.host"},
        ),
        (
            "ssm.json",
            '{"Parameters": [\n{"Name": "/medplum/prod/database.host", "Value": "db"}]}',
            {(1, 20): "database.host", (1, 52): "database.host"},
        ),
        (
            "medplum.config.json",
            '{"port": 8103, "baseUrl": "https://a.org/",\n"database": {"host": "db"}}',
            {(1, 3): "database", (1, 15): "database.host"},
        ),
    ],
)
def test_a_hover_is_about_the_setting_at_the_cursor(
    tmp_path: Path, name: str, text: str, places: dict[tuple[int, int], str], speak: Speak
) -> None:
    path = tmp_path / name

    async def talk(editor: Editor) -> None:
        await editor.open(path, text)
        for place, setting in places.items():
            asked = types.HoverParams(types.TextDocumentIdentifier(path.as_uri()), types.Position(*place))
            shown = await editor.client.text_document_hover_async(asked)
            assert shown is not None and str(getattr(shown.contents, "value", "")).startswith(f"**`{setting}`**\n")

    speak(tmp_path, talk)


def test_a_file_that_is_renamed(tmp_path: Path, speak: Speak) -> None:
    """An editor closes the old name, and opens the new one."""
    old, new = tmp_path / "medplum.config.json", tmp_path / "package.json"

    async def talk(editor: Editor) -> None:
        text = json.dumps({**CONFIG, "baseUrl": "https://a.org"})
        assert "missing-trailing-slash" in codes(await editor.open(old, text))
        count = len(editor.published)
        editor.close(old.as_uri())
        assert "missing-trailing-slash" in codes(await editor.open(new, text))  # by its content
        assert await editor.heard(old, since=count) == []

    speak(tmp_path, talk)


def test_symbols_and_links(tmp_path: Path, speak: Speak) -> None:
    path = tmp_path / "medplum.config.json"

    async def talk(editor: Editor) -> None:
        await editor.open(path, json.dumps(CONFIG))
        named = types.TextDocumentIdentifier(path.as_uri())
        symbols = await editor.client.text_document_document_symbol_async(types.DocumentSymbolParams(named))
        assert [one.name for one in symbols or ()] == [*CONFIG]
        links = await editor.client.text_document_document_link_async(types.DocumentLinkParams(named))
        assert [str(one.target).partition("#")[2] for one in links or ()] == ["port-required", "baseurl-required", "supportemail-required"]

    speak(tmp_path, talk)


JSON = '{"baseUrl": "https://a.org/", '
VARIABLES = "services:\n  a:\n    image: medplum/medplum-server\n    environment:\n      MEDPLUM_PORT: 8103\n      "
TASK = '{"containerDefinitions": [{"name": "a", "image": "medplum/medplum-server", "environment": ['
PARAMETERS = '{"Parameters": [{"Name": "/medplum/prod/port", "Value": "8103"}'


@pytest.mark.parametrize(
    ("name", "before", "wanted"),
    [
        ("medplum.config.json", f'{JSON}"sup', "supportEmail"),
        ("medplum.config.json", f'{JSON}"database": {{"ho', "host"),
        ("medplum.config.json", f'{JSON}"registerEnabled": ', "false"),
        ("medplum.config.json", f'{JSON}"logLevel": "', "DEBUG"),
        ("medplum.config.json", f'{JSON}"binaryStorage": "', "s3:"),
        (".env", "MEDPLUM_DATABASE_HOST=db\nMEDPLUM_DEFAULT_O", "MEDPLUM_DEFAULT_O_AUTH_CLIENTS"),
        (".env", "MEDPLUM_DATABASE_HOST=db\nMEDPLUM_LOG_LEVEL=", "DEBUG"),
        ("compose.yaml", f"{VARIABLES}MEDPLUM_SUP", "MEDPLUM_SUPPORT_EMAIL"),
        ("task-definition.json", f'{TASK}{{"name": "MEDPLUM_LOG_LEVEL", "value": "', "DEBUG"),
        ("ssm.json", f'{PARAMETERS}, {{"Name": "/medplum/prod/support', "/medplum/prod/supportEmail"),
    ],
)
def test_names_and_values_are_completed(tmp_path: Path, name: str, before: str, wanted: str, speak: Speak) -> None:
    path = tmp_path / name
    whole = {
        "medplum.config.json": f'{JSON}"port": 8103}}',
        ".env": "MEDPLUM_DATABASE_HOST=db\n",
        "compose.yaml": VARIABLES,
        "ssm.json": f"{PARAMETERS}]}}",
        "task-definition.json": f'{TASK}{{"name": "MEDPLUM_PORT", "value": "8103"}}]}}]}}',
    }

    async def talk(editor: Editor) -> None:
        await editor.open(path, whole[name])
        editor.change(path, before)
        lines = before.split("\n")
        at = types.Position(len(lines) - 1, len(lines[-1]))
        found = await editor.client.text_document_completion_async(types.CompletionParams(types.TextDocumentIdentifier(path.as_uri()), at))
        labels = [one.label.strip('"') for one in found or ()]  # type: ignore[union-attr]
        assert wanted in labels and "baseUrl" not in labels

    speak(tmp_path, talk)


def test_a_configuration_with_a_mistake_is_said_once_and_the_findings_stay(tmp_path: Path, speak: Speak) -> None:
    """So is one that asks for policies elsewhere, which a found one may not."""
    path, configuration = tmp_path / "repository" / "medplum.config.json", tmp_path / "repository" / ".medplum-lint.toml"
    path.parent.mkdir()

    async def talk(editor: Editor) -> None:
        text = json.dumps({**CONFIG, "baseUrl": "https://a.org"})
        assert "missing-trailing-slash" in codes(await editor.open(path, text))
        for content, reason in {'rules = ["../policies"]': "policies", "nonsense = [": ".medplum-lint.toml"}.items():
            configuration.write_text(content + "\n", encoding="utf-8")
            said = len(editor.client.messages)
            for number in range(2):
                editor.change(path, text + " " * number)
                await asyncio.sleep(0.5)
            [message] = editor.client.messages[said:]
            assert message.type == types.MessageType.Error and reason in message.message
            assert editor.published[-1].version == 1 and editor.published[-1].diagnostics
        configuration.unlink()
        editor.change(path, text)
        assert "missing-trailing-slash" in codes(await editor.diagnostics(path))

    speak(path.parent, talk)


@pytest.mark.parametrize("name", ["a b.config.json", "a%20b.config.json", "a#b?.config.json", "ä𝄞.config.json"])
def test_any_name_of_a_file(tmp_path: Path, name: str, speak: Speak) -> None:
    path = tmp_path / "c:" / name
    path.parent.mkdir()

    async def talk(editor: Editor) -> None:
        assert "missing-trailing-slash" in codes(await editor.open(path, json.dumps({**CONFIG, "baseUrl": "https://a.org"})))
        assert await editor.actions(path)
        asked = types.HoverParams(types.TextDocumentIdentifier(path.as_uri()), types.Position(0, 3))
        assert await editor.client.text_document_hover_async(asked) is not None
        editor.change(path, json.dumps(CONFIG))
        assert "missing-trailing-slash" not in codes(await editor.diagnostics(path))

    speak(tmp_path, talk)


@pytest.mark.parametrize("start", ["", "\ufeff", "\u2028"])
def test_a_fix_is_where_it_belongs(tmp_path: Path, start: str, speak: Speak) -> None:
    path = tmp_path / "medplum.config.json"

    async def talk(editor: Editor) -> None:
        mark, inner = (start, "") if start == "\ufeff" else ("", start)
        await editor.open(path, f'{mark}{{"supportEmail": "a{inner}@a.org",\r\n"baseUrl": "https://a.org", "port": 8103}}')
        fix = next(one for one in await editor.actions(path) if one.title.startswith("set baseUrl"))
        after = editor.applied(path, fix)
        assert after == f'{mark}{{"supportEmail": "a{inner}@a.org",\r\n"baseUrl": "https://a.org/", "port": 8103}}'

    speak(tmp_path, talk)


def test_settings_that_cannot_be_used_are_said(tmp_path: Path, speak: Speak) -> None:
    path = tmp_path / "medplum.config.json"

    async def talk(editor: Editor) -> None:
        await editor.open(path, json.dumps(CONFIG))
        for settings, reason in ({"pedantic": "yes"}, "pedantic must be true or false"), ({"serverVersion": "x"}, "serverVersion"):
            said = len(editor.client.messages)
            editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams({"medplumLint": settings}))
            await asyncio.sleep(0.3)
            [message] = editor.client.messages[said:]
            assert reason in message.message

    speak(tmp_path, talk)


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("words", [[], ["--stdio"]])
def test_an_exit_without_a_shutdown_is_a_failure(words: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", "linter", "lsp", *words], input=b"", capture_output=True, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


def test_without_its_packages_it_says_how_to_get_them() -> None:
    result = run_without("lsp", blocked=("pygls", "lsprotocol"))
    needs = "which is not installed: pip install 'medplum-lint[lsp]'"
    assert (result.returncode, result.stdout) == (2, "") and result.stderr.endswith(f"{needs}\n")


def test_a_file_outside_of_the_workspace(tmp_path: Path, speak: Speak) -> None:
    workspace, path = tmp_path / "workspace", tmp_path / "elsewhere" / "medplum.config.json"
    workspace.mkdir()

    async def talk(editor: Editor) -> None:
        assert "missing-trailing-slash" in codes(await editor.open(path, json.dumps({**CONFIG, "baseUrl": "https://a.org"})))

    speak(workspace, talk)


@pytest.mark.slow
def test_a_server_that_is_killed_can_be_started_again(tmp_path: Path) -> None:
    path = tmp_path / "medplum.config.json"

    async def talk() -> None:
        for _ in range(2):
            async with editor(tmp_path) as one:
                assert await one.open(path, json.dumps({**CONFIG, "baseUrl": "https://a.org"}))
                process = one.client._server
                assert process is not None
                process.kill()
                await process.wait()

    asyncio.run(asyncio.wait_for(talk(), 60))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the memory of another process is read there")
def test_500_edits_leak_nothing_and_are_answered_soon(tmp_path: Path) -> None:
    path = tmp_path / "medplum.config.json"

    async def talk(editor: Editor) -> None:
        await editor.open(path, json.dumps(CONFIG))
        process = editor.client._server
        assert process is not None
        times, sizes = [], []
        for number in range(500):
            began = time.perf_counter()
            editor.change(path, json.dumps({**CONFIG, "supportEmail": f"help{number}@hospital.org", "port": str(number)}))
            if number % 10 == 9:
                await editor.diagnostics(path)
                times.append(time.perf_counter() - began)
            if number in (99, 499):
                status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
                sizes.append(int(re.findall(r"VmRSS:\s+([0-9]+) kB", status)[0]))
        assert statistics.median(times) < PAUSE + 0.1
        assert sizes[1] - sizes[0] < 10_000

    speak_to_another(tmp_path, talk)
