"""What a text is evidently meant to be, by its beginning and its lines, whatever mistakes it has.

Only texts that are not well-formed JSON are tested, so that a run on a sound file compiles none of these patterns.
"""

from __future__ import annotations

import re

from ..typed import Final

_LOOKED_AT: Final = 20_000
"""The number of characters in which a line of YAML is looked for."""
_YAML_MEMBER: Final = re.compile(r"""^[ \t-]*(?:"[^"\n]+"|'[^'\n]+'|[^\s#"'{}\[\],:=-][^\n:=]*):(?:[ \t]|\r?$)|^---""", re.MULTILINE)
"""A line that neither JSON nor a list of variables has."""
_BEFORE_JSON: Final = re.compile(r"[\s\ufeff]+|//[^\r\n]*|/\*.*?(?:\*/|\Z)|\[|\{(?!\{)", re.DOTALL)
_IN_JSON: Final = {
    "{": re.compile(r"""["'}]|[A-Za-z_$][\w$]{0,99}[ \t]*:|\Z"""),
    "[": re.compile(r"""["'\]\d-]|(?:true|false|null)\b|\Z"""),
    "": re.compile(r'"[^"\n]{1,99}"[ \t]*:'),
}
"""The text after the brackets at the start of JSON, however badly written; without a bracket one was lost."""


def looks_like_json(content: str, *, is_named_so: bool) -> bool:
    """Whether a text begins like JSON; ``[`` and ``{{`` can begin other formats. One with a JSON name may lack its first bracket."""
    at, opener = 0, ""
    while (before := _BEFORE_JSON.match(content, at)) is not None:
        opener = before[0] if before[0] in ("{", "[") else opener
        at = before.end()
    return (opener != "" or is_named_so) and _IN_JSON[opener].match(content, at) is not None


def has_yaml_member(content: str) -> bool:
    """Whether one of the first lines of a text is ``name: value`` of YAML, or starts a document."""
    return _YAML_MEMBER.search(content[:_LOOKED_AT]) is not None


_BY_NAME: Final = dict.fromkeys(
    "caddyfile changelog changes containerfile contributing copying jenkinsfile licence license makefile notice procfile readme "
    "vagrantfile".split(),
    "another file",
) | {"dockerfile": "a Dockerfile"}
_BY_SUFFIX: Final = {
    suffix: what
    for what, suffixes in {
        "Terraform": "hcl tf tfvars tofu",
        "a template": "ejs erb gotmpl hbs j2 jinja jinja2 mustache tmpl tpl",
        "a Dockerfile": "dockerfile",
        "another file": "adoc bash bat c cfg cjs cmd conf cpp cs css csv cts fish go h htm html ini java js jsx kt lock log markdown md "
        "mjs mts nix php pl properties ps1 py rb rs rst service sh sql svg toml ts tsx xml zsh",
    }.items()
    for suffix in suffixes.split()
}


def called(name: str) -> str:
    """What to call a file that is not JSON though it may begin like it: prose, programs, templates; empty otherwise."""
    lower = name.lower()
    what = _BY_SUFFIX.get(lower.rpartition(".")[2], "")
    return what if what in ("Terraform", "a template") else _BY_NAME.get(lower.partition(".")[0], what)
