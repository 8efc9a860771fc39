"""The changes that the fix of a rule makes for one finding."""

from __future__ import annotations

from ..formats.placeholders import is_unresolved
from ..model import ABSENT, LEFT_OUT, Change, Document, Fix, SettingPath, dotted
from ..settings.kinds import DOCUMENT_KINDS, catalogue_kind
from ..text import MASK, printable
from ..typed import Any
from .compile import Holds
from .display import may_be_shown, shown
from .fix_safety import is_safe_on_all, may_be_made
from .node import Node
from .operators.compare import is_partly_unknown
from .rule import Case
from .template import LONGEST_VALUE, Template, cut, literal_text
from .tree import FixSpec


def make_fix(case: Case, node: Node) -> Fix | None:
    """The fix for a finding at ``node`` by the first way that can be carried out; None where there is none."""
    return next(filter(None, (_made(fix, condition, node) for fix, condition in zip(case.fix, case.fix_conditions, strict=True))), None)


def _made(fix: FixSpec, condition: Holds | None, node: Node) -> Fix | None:
    """The fix by one way; None where it does not apply, or needs a value that is not known."""
    if condition is not None and condition(node) is not True:
        return None
    steps: list[tuple[Change, str]] = []
    made = 0
    for action, setting, to in fix.steps:
        path = setting.path.single(node).path
        new: list[tuple[Change, str]] | None
        if action == "set":
            value = to.value(node) if isinstance(to, Template) else to
            made += len(value) if isinstance(to, Template) and len(to.pieces) > 1 and isinstance(value, str) else 0
            if is_partly_unknown(value) or made > LONGEST_VALUE:
                return None
            if isinstance(to, Template) and to.paths and _is_shown_only_then(node.document, path, value):
                return None
            new = [_set(path, to, value, node)]
        elif action == "remove":
            new = [_removed(path)]
        else:
            target = _named(to, node) if isinstance(to, Template) else to.path.single(node).path
            new = (_split if action == "split" else _renamed)(path, target, node.document) if target is not None else None
        if not new:
            return None
        steps += new
    if fix.store is not None:
        steps.append((Change("store", node.path, fix.store), f"store {printable(dotted(node.path))} as {fix.store}"))
    changes = tuple(change for change, _ in steps)
    if not may_be_made(node.document, changes):
        return None
    safe = fix.safe and is_safe_on_all(node.document, changes)
    return Fix(changes, safe, cut(", ".join(says for _, says in steps if says)))


def _renamed(path: SettingPath, target: SettingPath, document: Document) -> list[tuple[Change, str]] | None:
    if document.get(path) is ABSENT or document.get(target) is not ABSENT:
        return None
    return [(Change("rename", path, target), f"rename {printable(dotted(path))} to {printable(dotted(target))}")]


def _named(template: Template, node: Node) -> SettingPath | None:
    """The setting whose dotted name a template gives."""
    name = template.value(node)
    if not isinstance(name, str):
        return None
    path: list[str | int] = []
    for step in name.split("."):
        path.append(int(step) if step.isdecimal() and isinstance(node.document.get(tuple(path)), list) else step)
    return tuple(path)


def _is_shown_only_then(document: Document, path: SettingPath, value: Any) -> bool:
    """Whether a masked text would be shown once it is written differently, as a token in lower case would be."""
    old = document.get(path)
    if not isinstance(old, str) or not isinstance(value, str) or not may_be_shown(document, path):
        return False
    return shown(document, path, old) == MASK and shown(document, path, value) != MASK


def _split(path: SettingPath, into: SettingPath, document: Document) -> list[tuple[Change, str]] | None:
    """The members of a connection in place of its URL; None where that is no whole one, or one of them is given otherwise.

    A member ``host`` with a port in it is cut into the two.
    """
    from ..formats.connections import endpoint_of, parts_of  # only for a finding about such a URL

    url = document.get(path)
    if path == (*into, "host"):
        parts, port = endpoint_of(url) if isinstance(url, str) and not is_unresolved(url) else None, (*into, "port")
        if parts is None or document.get(port) is not ABSENT:
            return None
        says = f"move the port of {printable(dotted(path))} to {printable(dotted(port))}"
        return [(Change("set", path, parts["host"]), says), (Change("set", port, parts["port"]), "")]
    parts = parts_of(url) if isinstance(url, str) and not is_unresolved(url) else None
    given = {(*into, *name.split(".")): value for name, value in (parts or {}).items()}
    if parts is None or any(document.get(member) not in (ABSENT, value) for member, value in given.items()):
        return None
    if "ssl.require" in parts and not _can_check_certificate(parts["host"], document.get((*into, "ssl", "ca"))):
        return None
    new = [Change("set", member, _as_held(value, document, member)) for member, value in given.items() if document.get(member) is ABSENT]
    says = f"write {printable(dotted(path))} as {', '.join(printable(dotted(member)) for member in given)}"
    return [*((change, "") for change in new), (Change("remove", path), says)]


def _can_check_certificate(host: str, ca: Any) -> bool:
    """Whether the client can find the certificate of a database right: with that of the authority that signed it, or at an RDS Proxy."""
    from ..formats.hosts import is_address, is_rds_proxy

    return is_rds_proxy(host) or (ca not in (ABSENT, None, "") and not is_address(host))


def _set(path: SettingPath, given: Any, value: Any, node: Node) -> tuple[Change, str]:
    """The change to a value, which is what a template or a literal of the rule (``given``) stands for."""
    if value is LEFT_OUT:
        return _removed(path)
    held = _as_held(value, node.document, path)
    if held != value:
        return Change("set", path, held), f"set {printable(dotted(path))} to {held}"
    is_literal = not given.paths if isinstance(given, Template) else "${" not in str(given)
    text = MASK  # what is made of a masked value, such as its lower-case form, is masked too
    if is_literal or (may_be_shown(node.document, path) and shown(node.document, path, node.document.get(path)) != MASK):
        text = given.quoted(node) if isinstance(given, Template) else literal_text(given)
    return Change("set", path, value), f"set {printable(dotted(path))} to {text}"


def _as_held(value: Any, document: Document, path: SettingPath) -> Any:
    """A value as it can be in a document: for options of TLS of which there are none, what does as much where an object cannot be."""
    if value != {}:
        return value
    from .. import settings  # only for a fix that switches TLS on
    from ..conformance.tls import ON, takes_options

    owner, inner = document.owner(path)
    kind, catalogue = DOCUMENT_KINDS.get(owner.kind), catalogue_kind(owner.kind)
    setting = settings.catalogue(catalogue).get(inner) if catalogue in settings.KINDS else None
    if kind is None or kind.coercion is None or setting is None or not takes_options(setting):
        return value
    return ON if getattr(setting, kind.coercion).at(owner.server.release) == "none" else value


def _removed(path: SettingPath) -> tuple[Change, str]:
    return Change("remove", path), f"remove {printable(dotted(path))}"
