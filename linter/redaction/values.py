"""Which values may be shown, and how: one decision for messages, source lines, ``show`` and ``diff``, in text and in JSON.

A public setting can hold a secret by mistake: a password where a host belongs, a client's secret in place of its id, an object in place of
a text. So a text that is not a valid value of its setting is masked, unless a reader needs it to see what is wrong, as with a URL that
lacks a slash: each format says what such a text looks like (:attr:`linter.formats.Format.legible`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..formats import FORMATS
from ..formats.placeholders import is_reference, is_stock, is_unresolved
from ..formats.sizes import NUMBER_LIKE
from ..model import Mark, SettingPath
from ..patterns import pattern
from ..settings import KINDS, Catalogue, Setting, catalogue
from ..syntax.json import parse_json
from ..text import MASK, clipped, printable
from ..typed import Any, Final, Literal, NamedTuple
from .numbers import is_long_number, number_text

_DEEPEST: Final = 20
"""The depth beneath which there are no settings, and so nothing is public; values can be nested beyond the recursion limit."""
_LONGEST: Final = 80
"""The maximum length of a value in a message, in characters."""


Public = Sequence[Setting] | Callable[[str], bool]
"""The settings that a value after a public name can belong to; for a name of the file format, a test for its own values."""


Hidden = Literal["values", "all"]
"""What is hidden at a place even though every name there is public: only values, or the names as well."""


class Visibility(NamedTuple):
    """What may be shown of a text: ``public`` gives the setting of a name's value, ``known`` whether the name itself may be shown.

    ``public`` gives None if the value must not be shown at all. ``closed`` says what is hidden at an offset even though every name there is
    public: values beneath an unknown name, and names too in an object in place of a secret. ``placed`` gives the settings of a value at an
    offset if the parsed document knows them and the name before the value does not tell: for an item of a list, or the ``value`` beside a
    ``name``. It takes precedence.
    """

    public: Callable[[str], Public | None]
    known: Callable[[str], bool]
    closed: Callable[[int], Hidden | None] = lambda _offset: None
    placed: Callable[[int], Public | None] = lambda _offset: None

    def value_at(self, offset: int, name: str | None) -> Public | None:
        """The settings as which the value at an offset may be shown; ``name`` is the name before it."""
        placed = self.placed(offset)
        if placed is not None or name is None:
            return placed
        public = self.public(name)
        return public if public is not None and self.closed(offset) is None else None


_HEX: Final = frozenset("0123456789abcdef")


def _is_key(text: str) -> bool:
    """Whether a text is generated."""
    if len(text) < 20 or not text.replace("_", "").replace("-", "").isalnum():
        return False
    from ..formats.credentials import is_generated  # only for a long word

    return (len(text) > 31 and set(text) <= _HEX) or is_generated(text)


def shown_text(text: str, public: Public) -> str | None:
    """The visible part of a text whose name is public, with its credentials masked; None if nothing may be shown."""
    from .credentials import without_credentials  # its patterns take longer to compile than a clean file to check

    if is_long_number(text):
        return None
    if not text:
        return text
    if callable(public):
        return without_credentials(text) if public(text) else None
    for setting in public:
        if not _may_be_read(text, setting):
            continue
        if _is_json(text) and not is_unresolved(text):
            return text  # each of its values was examined
        form = FORMATS.get(setting.format)
        is_identifier = text.startswith("arn:") or (form is not None and form.looks_random and form.reason(text) is None)
        shown = without_credentials(text, is_mail=form is not None and form.mail, is_identifier=is_identifier)
        is_name = not setting.format and "string" in setting.types and not setting.enum and not setting.name.lower().endswith("image")
        if is_name and not is_identifier and _is_key(text):  # in place of a user name
            continue
        return _without_password(shown) if is_name else shown
    return None


def visible_text(text: str, public: Public | None) -> str | None:
    """The visible part of a text that can be a value of public settings, if of any; None if nothing may be shown.

    A placeholder may be shown at public settings. At others it could still be a password, as ``changeme`` is, so only one in angle brackets
    may be shown.
    """
    if is_stock(text) and (public is not None or (text.startswith("<") and text.endswith(">"))):
        return text
    return None if public is None else shown_text(text, public)


def _without_password(name: str) -> str:
    """The name of a user, a database, a group without the part after a colon, which may be a password."""
    end = _REFERENCE.sub(lambda reference: "x" * len(reference[0]), name).find(":")
    return f"{name[: end + 1]}{MASK}" if 0 <= end < len(name) - 1 and not name.startswith("arn:") and "://" not in name else name


def shown_value(known: Catalogue, path: SettingPath, value: Any) -> Any:
    """A value as it may be shown, in JSON's types: texts without credentials, and the mask in place of everything that is not public."""
    if isinstance(value, dict | list) and value and len(path) > _DEEPEST:
        return MASK
    if isinstance(value, dict):
        return {name: shown_value(known, (*path, name), member) for name, member in value.items()}
    if isinstance(value, list):
        return [shown_value(known, (*path, index), member) for index, member in enumerate(value)]
    if value is None or value == "" or isinstance(value, Mark):
        return value
    setting = public_setting(known, path)
    text = visible_text(value if isinstance(value, str) else number_text(value), None if setting is None else (setting,))
    if text is None:
        return MASK
    return text if isinstance(value, str) else value


def is_legible(text: str, setting: Setting) -> bool:
    """Whether a text may be shown whole where this setting may, and so the server's reading of it."""
    return shown_text(text, [setting]) == text


def public_setting(known: Catalogue, path: SettingPath) -> Setting | None:
    """The setting at a path if it is public; for a list item that the catalogue does not describe the setting of the list."""
    if known.is_public(path):
        return known.get(path)
    is_item = bool(path) and isinstance(path[-1], int) and known.get(path) is None
    return known.get(path[:-1]) if is_item and known.is_public(path[:-1]) else None


def is_hidden(known: Catalogue, path: SettingPath, value: Any) -> bool:
    """Whether nothing of a value may be shown. An empty one hides nothing."""
    if isinstance(value, dict | list):
        return bool(value) and not known.is_public(path)
    return bool(shown_value(known, path, value) == MASK)


def is_read_from_hidden(known: Catalogue, path: SettingPath, value: Any, text: Any) -> bool:
    """Whether a value is the number at the beginning of a hidden text, such as a token.

    ``text`` is the source's text for the value; anything else if the source has the value itself.
    """
    is_number = type(value) in (int, float) and value - value == 0  # NaN may reveal that a text has no number in it
    return is_number and isinstance(text, str) and is_hidden(known, path, text)


def value_text(known: Catalogue, path: SettingPath, value: Any) -> str:
    """A text or JSON scalar of a setting for a message: on one line, cut at 80 characters, masked as in :func:`shown_value`."""
    shown = shown_value(known, path, value)
    text = printable(shown) if isinstance(shown, str) else number_text(shown)
    return clipped(text, _LONGEST)


# --- Texts of the file formats themselves ---------------------------------------------------------------------------------------------

_OF_A_FORMAT: Final = (
    *("String", "StringList", "SecureString", "Standard", "Advanced", "Intelligent-Tiering", "text", "aws:ec2:image", "managed", "data"),
    *("aws:ssm:integration", "aws_ssm_parameter", "AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"),
)
_LIKE_A_FORMAT: Final = pattern(
    r"arn:aws[\w-]*:[\w-]+:[\w-]*:\d*:[\w:/.-]+"
    r"|\d{4}-\d\d-\d\d(?:[T ][\d:.+Z-]{0,30})?|1\d{9}(?:\.\d{1,6})?|\d{1,6}|\d{1,3}(?:\.\d{1,3}){1,3}"  # dates, versions
    r"|(?:module\.[\w-]+\.)*(?:data\.)?aws_\w+\.[\w-]+|registry\.[\w./-]+"  # of Terraform
)


def is_of_a_format(text: str) -> bool:
    """Whether a text is one that AWS and Terraform write beside a value: a type, a tier, a date, an ARN; or a typo in one."""
    return _LIKE_A_FORMAT.fullmatch(text) is not None or _is_near(text, _OF_A_FORMAT)


# --- Invalid values that may be shown all the same ----------------------------------------------------------------------------

_ARMOUR: Final = pattern(r"-----(?:BEGIN|END) (?:(?:TRUSTED |X509 )?CERTIFICATE|(?:RSA |EC )?PUBLIC KEY)-----")
_BODY: Final = pattern(r"(?:M[A-Z][A-Za-z0-9+/=]*)?")
"""The beginning of the DER of a certificate or public key; other texts in the armour of a PEM can be anything."""
_BLANK_IN_PEM: Final = pattern(r"\s+|\\[nrt]")

_REFERENCE: Final = pattern(
    r"\$\{\{\s*[\w.-]+\s*\}\}|\$\{[^{}]*\}|\{\{-?\s*[.$\w-]+(?:\s*\|\s*(?:quote|b64enc|toString|trim|lower|upper|n?indent\s+\d+))*\s*-?\}\}"
    r"|\$\([A-Za-z_][\w.-]*\)|<\s?[A-Za-z]+(?:[ _/.:'-]+(?:[A-Za-z]+|\d{1,4}|S3|EC2|SHA256|x509|base64|OAuth2|IPv[46]))*\s?>"
    r"|__[A-Z][A-Z_]{0,40}__|@@[A-Z][A-Z0-9_]{0,40}@@|%[A-Z][A-Z0-9_]{0,40}%|\$[A-Z][A-Z0-9_]{0,40}(?![A-Za-z0-9])"
    r"|YOUR[-_][A-Z][A-Z_-]{0,40}|[Yy]our[-_]?(?:domain|sub-?domain|company|org|host(?:name)?|server|bucket|region|account)"
)
_DEFAULT: Final = pattern(r"\$\{[^{}\-+?=]*[-+?=]([^{}]+)\}")
"""The default of a reference such as ``${NAME:-default}``, whatever its name is; it may contain invalid bytes."""
_ITEM: Final = "[A-Za-z][A-Za-z-]{0,40}"
_IS_ITEM: Final = pattern(_ITEM)
"""A member of a list of names, such as ``Patient``."""
_PLAIN_NAME: Final = pattern(r"[A-Za-z]+(?:[_-][A-Za-z]+){0,4}\d{0,4}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The name of a database, a user or a mode, or an id, which could be anything under a name that is not a setting."""
_NAME: Final = pattern(r"[\w./:@+~-]+")
_WORDS_OF_A_NAME: Final = pattern(r"[\w.'()&/-]*[^\W\d_](?:[ ,]+(?:[^\W\d_][\w.'()&/-]*[^\W\d_]|[^\W\d_]|\(?\d{1,4}\)?|&|-)){0,7}")
"""A name that a person gives in more than one word: ``My App (2)``. In names without blanks, anything else can follow one."""
_WORDS: Final = "true|false|yes|no|on|off|enabled|disabled|none|null|undefined"
_SCALAR: Final = pattern(rf"\s*(?:[A-Za-z]{{1,8}}|(?=\S.{{0,4}}\S\s*\Z)(?=.*\d)(?:\d*\D\d*|[\dOoIl]+))\s*|{NUMBER_LIKE}")
_BY_TYPE: Final = {
    "array": pattern(rf"\s*(?:{_WORDS})\s*|{_ITEM}"),
    "object": pattern(rf"\s*(?:{_WORDS}|\d{{1,5}})\s*"),
    **dict.fromkeys(("integer", "number", "boolean"), _SCALAR),
}
"""What people write where a value of another type belongs: a word such as ``many`` or ``flase``, a switch, a port, or a number, also one
with a slip of a finger in it or letters that look like digits (``81o3``). A longer number in place of an object can be anything."""
LONGEST_LEGIBLE: Final = 1_000
"""Characters at most of a wrong text that a reader needs, so that no pattern is tried on more."""


def _may_be_read(text: str, setting: Setting) -> bool:
    """Whether a text is a value of a setting, or so similar that it may be shown."""
    if is_unresolved(text):
        shown = _is_placeholder(text, setting)
        if shown or is_reference(text) or "<" in text:
            return shown
    if _is_json(text):
        return _is_public_json(text, setting)
    if setting.enum:
        return _is_near(text, [str(one) for one in setting.enum])
    by_type = _BY_TYPE.get(setting.types[0]) if setting.types else None
    if by_type is not None:
        return len(text) <= LONGEST_LEGIBLE and by_type.fullmatch(text) is not None
    if setting.format in ("pem-certificates", "pem-public-key") and "-----" in text:
        return _is_public_pem(text)
    if not setting.types:
        is_name = _PLAIN_NAME.fullmatch(text.strip()) is not None
        return is_name or any(_is_legible(text, one) for one in ("bytes", "url", "email", "hostname"))
    form = FORMATS.get(setting.format)
    if form is None:
        name = text.strip()
        return _NAME.fullmatch(name) is not None or (len(name) <= _LONGEST and _WORDS_OF_A_NAME.fullmatch(name) is not None)
    if form.reason(text) is None:
        return form.shown is None or form.shown.fullmatch(text) is not None
    return _is_legible(text, setting.format)


def _is_public_pem(text: str) -> bool:
    """Whether a text is the PEM of certificates or public keys, whole or not, and nothing else."""
    first = text.find("-----")
    parts = (_BLANK_IN_PEM.sub("", part) for part in _ARMOUR.split(text[first:]))
    return not text[:first].strip() and all(_BODY.fullmatch(part) is not None for part in parts)


def _is_legible(text: str, format_: str) -> bool:
    """Whether a text that does not fit a format is one that a reader needs to see, or a list of such."""
    form = FORMATS[format_]
    if len(text) > LONGEST_LEGIBLE or form.legible is None:
        return False
    if form.lists and re.search(r"[,;\s]", text.strip()):
        members = [one for one in re.split(r"[,;\s]+", text) if one not in ("", "*")]
        if all(map(form.legible.fullmatch, members)):
            return True
        if not form.mail:  # a name can stand before one address
            return False
    return form.legible.fullmatch(text) is not None


def _is_near(text: str, allowed: Sequence[str]) -> bool:
    """Whether a text is one of these, or a typo in one."""
    given, lower = text.lower(), [one.lower() for one in allowed]
    if given in lower:
        return True
    from .. import suggest  # only after a mistake

    if any(len(one) > 2 and suggest.is_slip(given, one) for one in lower):
        return True
    if len(text) > max(map(len, lower)) + 4 or (any(map(str.isdigit, text)) and not any(map(str.isdigit, "".join(lower)))):
        return False
    return suggest.nearest(given, lower, 0.6) is not None


def _is_placeholder(text: str, setting: Setting) -> bool:
    """Whether the text around references, and the defaults in them, may be shown."""
    if not all(_may_be_read(default, setting) for default in _DEFAULT.findall(text)):
        return False
    around = _REFERENCE.sub("", text)
    if not around.strip() or re.fullmatch(r"\s*(?:TODO|FIXME|CHANGE[-_ ]?ME|REPLACE[-_ ]?ME)\s*", around, re.IGNORECASE):
        return True
    filled = (_REFERENCE.sub(one, text) for one in ("x1", "https://x1.example"))
    return any(not is_unresolved(one) and _may_be_read(one, setting) for one in filled)


def _is_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[")


def _is_public_json(text: str, setting: Setting) -> bool:
    """Whether a text is JSON that may be shown whole as the value of a setting."""
    if len(text) > LONGEST_LEGIBLE:
        return False
    parsed = parse_json(text)
    known = next((one for one in map(catalogue, KINDS) if one.get(setting.path) is setting), None)
    return known is not None and parsed.whole and not parsed.problems and _is_public_value(known, setting.path, parsed.value)


def _is_public_value(known: Catalogue, path: SettingPath, value: Any) -> bool:
    """Whether a value may be shown whole, including the names in it."""
    from .credentials import without_credentials

    if len(path) > _DEEPEST:
        return False
    if isinstance(value, dict):
        return all(known.get((*path, name)) is not None and _is_public_value(known, (*path, name), one) for name, one in value.items())
    if isinstance(value, list):
        return all(_is_public_value(known, (*path, index), one) for index, one in enumerate(value))
    if shown_value(known, path, value) == value:
        return True
    holder = known.get(path[:-1])
    is_item = isinstance(path[-1], int) and holder is not None and holder.types[:1] == ("array",) and known.is_public(path[:-1])
    return is_item and isinstance(value, str) and _IS_ITEM.fullmatch(value) is not None and without_credentials(value) == value
