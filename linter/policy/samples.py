"""Texts that an example names in place of writing them out: one of a length, or a key or certificate that was made for examples.

``{text: {length: 4200}}`` is a text of 4,200 characters, ``{text: {length: 4200, begins: "-----BEGIN"}}`` one with this beginning, and
``{text: {sample: certificate}}`` the file ``samples/certificate.pem`` of this package. None of the keys was ever used.
"""

from __future__ import annotations

from pathlib import Path

from ..typed import Any, Final
from .errors import RuleError, did_you_mean
from .tree import Place

_FOLDER: Final = Path(__file__).parent / "samples"
_LONGEST: Final = 100_000
"""Characters of a text at most."""


def names() -> list[str]:
    """The names of the samples."""
    return sorted(path.stem for path in _FOLDER.glob("*.pem"))


def filled(value: Any, place: Place) -> Any:
    """The data of an example with the texts that it names. Raises :class:`RuleError`, with the place, for one that there is not."""
    if isinstance(value, list):
        return [filled(one, (*place, index)) for index, one in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"text"} and isinstance(value["text"], dict):
        return _text(value["text"], (*place, "text"))
    return {key: filled(one, (*place, key)) for key, one in value.items()}


def _text(given: dict[str, Any], place: Place) -> str:
    if given.keys() == {"sample"}:
        name = str(given["sample"])
        if name not in names():
            raise RuleError(f'there is no sample "{name}"{did_you_mean(name, names())}', (*place, "sample"))
        return (_FOLDER / f"{name}.pem").read_text(encoding="ascii")
    length, begins = given.get("length"), given.get("begins", "")
    if given.keys() <= {"length", "begins"} and type(length) is int and isinstance(begins, str) and len(begins) <= length <= _LONGEST:
        return begins.ljust(length, "M")  # not "x", which is a placeholder
    raise RuleError(f'a text is named by its "length" (up to {_LONGEST:,}) and what it "begins" with, or by the "sample" that it is', place)
