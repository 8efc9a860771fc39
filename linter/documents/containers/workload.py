"""The environment of a server: how its container is run, its companions there, and the app beside it.

A source describes each container of its file in the same words (``linter/settings/workload.yaml``), so that rules know no format. The
document of a server's container has these, and what the server's settings lead to: its database, Redis and app. A reference or a template
is ``UNKNOWN``. The document has no passwords, only whether two of them are the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from posixpath import basename, join, normpath

from ...formats.hosts import host_of
from ...model import ABSENT, UNKNOWN, Document, Fact, Part, SettingPath, gathered
from ...server.loader import build_tree
from ...server.start import WORKING_FOLDER
from ...settings.env_names import PREFIX
from ...settings.kinds import WORKLOAD
from ...syntax.places import Place as Written
from ...text import Span
from ...typed import Any, Final, NamedTuple
from ..entries import EntriesOrigin
from ..lines import Lines
from ..source import Loaded, SourceFile
from ..variables.documents import Variable, VariableHolder, unless_reference, visibility_of
from ..variables.in_yaml import Node
from .images import is_app_image, is_own_image
from .mounts import Mount, target_of

Read = Callable[[Any], Any]
"""Turns a value in a file into one of the catalogue; ``UNKNOWN`` for one that it does not understand."""


class Leaf(NamedTuple):
    """A value of the document and its place: an :class:`~linter.documents.entries.Entry` whose line is shown as usual."""

    value: Any
    place: Written
    text: str | None = None

    def span(self, part: Part) -> Span:
        """See :meth:`linter.documents.entries.Entry.span`."""
        return self.place.span(part)

    def facts(self) -> Mapping[str, Fact]:
        """A file has no facts beside the values."""
        return {}

    def shown_as(self, path: SettingPath, span: Span) -> None:
        """Nothing but what its line shows anyway."""


Leaves = Iterator[tuple[SettingPath, Leaf]]
"""Values of the document by their settings."""


class Described:
    """A container as its file describes it.

    ``find`` finds a member by the steps to it, ``resolve`` gives the text that stands for one. ``hosts`` are the names by which others
    reach it, ``lacks`` whether it has variables that are not known here, ``command`` its entry point and its command.
    """

    def __init__(self, holder: VariableHolder, find: Callable[..., Node], resolve: Callable[[str], str | None] = unless_reference) -> None:
        self.holder = holder
        self.find = find
        self.hosts: set[str] = set()
        self.lacks = False
        self.working_folder: Any = None
        self.command: tuple[Node, ...] = ()
        self.variables: dict[str, tuple[Variable, Written]] = {}
        self.leaves: dict[SettingPath, Leaf] = {}
        self._resolve = resolve

    @property
    def image(self) -> Any:
        """The text of its image; ``UNKNOWN`` for a reference, ``ABSENT`` without one."""
        leaf = self.leaves.get(("image",))
        return ABSENT if leaf is None else leaf.value

    def has_mounted(self, path: str) -> Any:
        """Whether an absolute path is on a mount; ``UNKNOWN`` if mounts are not known."""
        leaf = self.leaves.get(("mounts",))
        targets = leaf.value if leaf is not None else []
        return UNKNOWN if targets is UNKNOWN else any(Mount(target).beneath(path) is not None for target in targets)

    def known(self, node: Node) -> Any:
        """The value of a node, None if there is none."""
        value = node.value
        text = self._resolve(value) if isinstance(value, str) else value
        return UNKNOWN if text is None and value is not None else text

    def put(self, name: str, value: Any, node: Node) -> None:
        """Record a value and its node; if that is in another file it is shown at the container."""
        self.leaves[tuple(name.split("."))] = Leaf(value, self._shown(node.place(), node.file))

    def read(self, rows: Iterable[tuple[str, str, Read]]) -> None:
        """Read the members in a table: the name here, the name in the file, and the function that converts the value."""
        for name, member, read in rows:
            self.put_read(name, self.find(*member.split(".")), read)

    def put_read(self, name: str, node: Node, read: Read) -> None:
        """Record the value of a node, if there is one."""
        value = self.known(node)
        if value is not None:
            self.put(name, value if value is UNKNOWN else read(value), node)

    def give(self, variables: Iterable[Variable], file: SourceFile) -> None:
        """Add variables of the container, in order of precedence."""
        for variable in variables:
            self.variables[variable.name] = variable, self._shown(Written(variable.value, variable.key), file)

    def _shown(self, place: Written, file: SourceFile) -> Written:
        """A place in a file; the start of the container if that is in another one."""
        return place if file is self.holder.file else Written(self.holder.start, None)

    def put_list(self, name: str, nodes: Iterable[Node], read: Read) -> None:
        """Record a list, by its items."""
        nodes = list(nodes)
        values = [value if value is UNKNOWN else read(value) for value in map(self.known, nodes) if value is not None]
        if nodes:
            self.put(name, UNKNOWN if UNKNOWN in values else values, nodes[0])


# --- Values --------------------------------------------------------------------------------------------------------------------------


def as_is(types: type) -> Read:
    """A converter that accepts only values of some types."""
    return lambda value: value if isinstance(value, types) and (types is bool or not isinstance(value, bool)) else UNKNOWN


_DURATION: Final = re.compile(r"(?=.)(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?")
_MEMORY: Final = re.compile(r"(\d{1,15})([kmg]?)i?b?", re.IGNORECASE)


def digits_of(value: Any) -> str:
    """The text of a value that can be a number; empty for anything else."""
    return value if isinstance(value, str) else str(value) if type(value) is int and abs(value) < 10**15 else ""


def milliseconds(value: Any) -> Any:
    """The milliseconds of a number of seconds, or of a duration such as ``1m30s``."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is not None:
        return 1000 * sum(int(digits or 0) * unit for digits, unit in zip(match.groups(), (3600, 60, 1), strict=True))
    return value * 1000 if type(value) is int else UNKNOWN


def mebibytes(value: Any) -> Any:
    """The MiB of a number of bytes, or of a size such as ``512m`` and ``1Gi``."""
    match = _MEMORY.fullmatch(digits_of(value))
    return UNKNOWN if match is None else int(match[1]) * 1024 ** ("", "k", "m", "g").index(match[2].lower()) // 1024**2


def mounted_at(mount: Any) -> Any:
    """The path in the container at which something is mounted."""
    target = target_of(mount)
    return target if target.startswith("/") and unless_reference(target) is not None else UNKNOWN


# --- Health checks -------------------------------------------------------------------------------------------------------------------

_SHELLS: Final = frozenset("sh bash ash dash".split())
_ABSENT_PROGRAMS: Final = frozenset("curl wget".split())
_FOLDERS: Final = tuple("/bin /sbin /usr/bin /usr/sbin /usr/local/bin /usr/local/sbin".split())
"""Where programs without a path are looked for."""
_BUILT_IN: Final = frozenset("exit true false : ! [ test".split())
_JOINED: Final = re.compile(r"\|\||&&|[|;&\n]")
_URL: Final = re.compile(r"(https?)://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d{1,5}))?(?![\w.:$@-])(/[\w./-]*)?(?![\w/.$-])")


def put_check(described: Described, name: str, node: Node, words: Any) -> None:
    """Record the command of a health check: a list of words, or a text for a shell."""
    given = [words] if isinstance(words, str) else words
    if not isinstance(given, list) or not given or not all(isinstance(word, str) for word in given):
        return
    is_script = isinstance(words, str) or (basename(given[0]) in _SHELLS and len(given) > 2)
    programs = ["sh", *_programs(given[-1])] if is_script else given[:1]
    is_open = "PATH" in described.variables or any(described.has_mounted(join(at, own)) is not False for own in programs for at in _FOLDERS)
    unknown = is_open or ("$" in given[0] and not is_script)
    described.put(f"probes.{name}.programs", UNKNOWN if unknown else list(map(basename, programs)), node)
    asked = set(_URL.findall(" ".join(given)))
    for scheme, port, path in asked if len(asked) == 1 else ():
        described.put(f"probes.{name}.port", int(port or (443 if scheme == "https" else 80)), node)
        described.put(f"probes.{name}.path", path or "/", node)


def _programs(script: str) -> list[str]:
    """The programs without which a script certainly fails."""
    firsts = [part.split()[0] for part in _JOINED.split(script) if part.strip()]
    found = [first for first in firsts if basename(first) not in _BUILT_IN]
    return found if _ABSENT_PROGRAMS.issuperset(map(basename, found)) else []


# --- The document --------------------------------------------------------------------------------------------------------------------

_IN_TAG: Final = r":(?:pg)?(\d{1,2})(?:[.-][\w.-]*)?(?:@.*)?"
_FROM: Final = r"(?:docker\.io/|mirror\.gcr\.io/|public\.ecr\.aws/docker/)?(?:library/)?"
_COMPANIONS: Final = {
    "postgres": ("database", re.compile(rf"{_FROM}(?:postgres|postgis/postgis|pgvector/pgvector|bitnami/postgresql){_IN_TAG}")),
    "redis": ("redis", re.compile(rf"{_FROM}(?:redis|bitnami/redis){_IN_TAG}")),
}
"""The companions of a server: the section of its settings, and the image with the major version."""


def is_companion(image: Any) -> bool:
    """Whether an image is a database or Redis, which a server may have beside it."""
    return isinstance(image, str) and any(pattern.fullmatch(image) for _, pattern in _COMPANIONS.values())


def may_lead_to_others(described: Described) -> bool:
    """Whether a container may be a proxy: anything but a database, Redis, server or app, or an app with files of its own."""
    is_plain_app = is_app_image(described.image) and ("mounts",) not in described.leaves
    return not (is_plain_app or is_companion(described.image) or is_own_image(described.image))


_OF_APP: Final = {"MEDPLUM_BASE_URL": "baseUrl", "GOOGLE_CLIENT_ID": "googleClientId", "RECAPTCHA_SITE_KEY": "recaptchaSiteKey"}
"""The variables of the app's image (``packages/app/docker-entrypoint.sh``), and what they are called here."""
_NAMES: Final = frozenset(
    "build containerPort deploy exec healthcheck healthCheck httpGet interval livenessProbe mem_limit memory mountPoints path ports "
    "portMappings read_only readinessProbe readonlyRootFilesystem replicas resources restart retries securityContext start_period "
    "startupProbe stop_grace_period stopTimeout target terminationGracePeriodSeconds test timeout volumeMounts volumes".split()
)
"""Names of containers that may be shown, besides the names in holders of variables."""
_REGIONS: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")
"""The variables of other programs whose values are needed too."""
_EVERY_ADDRESS: Final = ("", "0.0.0.0", "::", "[::]")
"""The addresses that publish a port on all interfaces."""


def workload(own: Described, every: Sequence[Described], server: Document | None) -> Loaded:
    """The document of a server's environment, from its own container and others of the file; ``server`` are its settings."""
    holder = own.holder._replace(names=own.holder.names | _NAMES)
    hosts = ((host, neighbour) for neighbour in every for host in neighbour.hosts)
    by_host = holder.file.cached("containers by host", lambda: gathered(hosts))
    apps = holder.file.cached("apps", lambda: [neighbour for neighbour in every if is_app_image(neighbour.image)])
    leaves = {**own.leaves, **dict(_variables(own)), **dict(_app(apps[0], by_host) if len(apps) == 1 else ())}
    is_configured = server is not None or own.lacks or any(name.startswith(PREFIX) for name in own.variables)
    leaves["configured",] = Leaf(is_configured, Written(holder.start, None))
    if server is not None:
        leaves.update(_storage(own, server))
        for name, (section, image) in _COMPANIONS.items():
            host = server.get((section, "host"))
            found = by_host.get(host, []) if isinstance(host, str) else []
            leaves.update(_companion(name, found[0], image, server) if len(found) == 1 else ())
    lines = Lines(holder.file.text, lambda: visibility_of(holder), holder.tokens)
    data = build_tree((path, leaf.value) for path, leaf in leaves.items())
    origin = EntriesOrigin(leaves, lines, lambda: holder.start)
    document = Document(holder.file.uri, WORKLOAD, holder.file.text, data, origin)
    if server is not None:
        document.environment, document.holders = server.environment, server.holders
        document.server, document.target = server.server, server.target
    return Loaded(document, (), suppressions=holder.suppressions)


def _variables(own: Described) -> Leaves:
    for name, (variable, place) in own.variables.items():
        if not name.startswith(PREFIX):
            text = UNKNOWN if variable.text is None else variable.text
            yield ("variables", name), Leaf(text if name in _REGIONS else True, place)


def _app(app: Described, by_host: Container[str]) -> Leaves:
    """The variables of the only app of a file."""
    yield ("app", "image"), app.leaves["image",]
    is_open = app.lacks or not app.leaves.keys().isdisjoint([("mounts",), ("entryPoint",)])  # its pages may differ from the image's
    for name, called in _OF_APP.items():
        variable, place = app.variables.get(name, (None, Written(app.holder.start, None)))
        text = variable.text if variable is not None and variable.mistake is None else None
        if variable is not None or is_open:
            yield ("app", called), Leaf(UNKNOWN if text is None else text, place)
        if called == "baseUrl" and host_of(text or "") in by_host:
            yield ("app", "internal"), Leaf(True, place)


def _storage(own: Described, server: Document) -> Leaves:
    """Whether the folder of ``file:`` storage is on a volume; a relative path is in the working folder."""
    value, folder = server.get(("binaryStorage",)), own.working_folder
    if isinstance(value, str) and value.startswith("file:") and (is_own_image(own.image) or value.startswith("file:/")):
        path = normpath(join(WORKING_FOLDER if folder is None else str(folder), value.removeprefix("file:")))
        yield ("storage", "mounted"), Leaf(UNKNOWN if folder is UNKNOWN else own.has_mounted(path), Written(own.holder.start, None))


def _companion(name: str, described: Described, image: re.Pattern[str], server: Document) -> Leaves:
    match = image.fullmatch(described.image) if isinstance(described.image, str) else None
    if match is None:
        return
    yield (name, "release"), described.leaves["image",]._replace(value=int(match[1]))
    for path, leaf in described.leaves.items():
        address = described.leaves.get((*path[:-1], "address"), leaf._replace(value=""))
        if path[:1] == ("ports",) and path[-1] == "published" and address.value in _EVERY_ADDRESS:
            yield (name, "published"), leaf._replace(value=True)
    if name == "postgres":
        password, user, method = (described.variables.get(f"POSTGRES_{word}") for word in ("PASSWORD", "USER", "HOST_AUTH_METHOD"))
        if (
            password is not None
            and not described.lacks
            and (method is None or method[0].text not in (None, "trust"))
            and server.get(("database", "username")) == (user[0].text if user is not None else "postgres")
        ):
            yield (name, "samePassword"), Leaf(_same(password[0].text, server.get(("database", "password"))), password[1])
    elif "bitnami" not in described.image and server.get(("redis", "username")) in (ABSENT, "", "default"):  # others have one of their own
        yield from _of_redis(described, server.get(("redis", "password")))


def _of_redis(described: Described, password: Any) -> Leaves:
    """Whether Redis requires a password, and whether it is the server's, by its command line."""
    given = (node for node in described.command if node.value is not None)
    parts = [(node.value.split() if isinstance(node.value, str) else node.value, node) for node in given]
    is_known = all(isinstance(part, list) and all(isinstance(word, str) for word in part) for part, _ in parts)
    if not is_known or any(node.file is not described.holder.file for _, node in parts):
        return
    words = [word for part, _ in parts for word in part]
    place = parts[-1][1].place() if parts else described.leaves["image",].place
    if words.count("--requirepass") == 1 and words[-1] != "--requirepass":
        own = words[words.index("--requirepass") + 1].strip("'\"")
        yield ("redis", "requiresPassword"), Leaf(True, place)
        yield ("redis", "samePassword"), Leaf(_same(unless_reference(own), password), place)
    elif words[:1] in ([], ["redis-server"]) and not any(re.search(r"\$|\{\{|\.conf|acl|user|include|requirepass", word) for word in words):
        yield ("redis", "requiresPassword"), Leaf(False, place)


def _same(value: str | None, other: Any) -> Any:
    return UNKNOWN if value is None or not isinstance(other, str) or unless_reference(other) is None else value == other
