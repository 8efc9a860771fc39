"""Formatter of rule files: ``python -m tools.format_rules [--check] [FILE]...`` writes each mapping on one line where it fits.

A mapping or list that fits in 110 columns is in flow style; cases, fixes and examples have at least a line each. Comments, quotes and texts
over several lines stay as they are, and so does what the file says.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import yaml

ROOT = Path(__file__).resolve().parent.parent
_WIDTH: Final = 110
_SAFE, _BASE = (getattr(yaml, f"C{name}", getattr(yaml, name)) for name in ("SafeLoader", "BaseLoader"))
_ITEMS: Final = frozenset({"cases", "examples", "good", "bad", "fix", "found_by", "links", "controls"})
"""The keys of lists and mappings that have a line for each item, unless they hold texts only."""


def formatted(text: str) -> str:
    """The text of a rule file, formatted. Raises :class:`ValueError` if that would change what it says."""
    node = yaml.compose(text, Loader=_SAFE)
    assert isinstance(node, yaml.MappingNode)
    result = "\n".join(_Formatter(text.split("\n")).mapping(node, "")) + "\n"
    if result != text and yaml.load(result, Loader=_BASE) != yaml.load(text, Loader=_BASE):
        raise ValueError("cannot be formatted: it would mean something else")
    return result


class _Formatter:
    """Writes nodes again; ``lines`` are those that they were read from."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    def mapping(self, node: yaml.MappingNode, indent: str, first: str | None = None) -> Iterator[str]:
        """The lines of a mapping in block style; ``first`` replaces the indentation of the first one."""
        for key, value in node.value:
            begins = f"{indent if first is None else first}{self._flow(key)}:"
            first = None
            yield from self._value(value, begins, indent, key.value, self._comment(key.end_mark, value))

    def _value(self, node: yaml.Node, begins: str, indent: str, name: str, comment: str) -> Iterator[str]:
        after = self._comment_after(node)
        flow = self._own_line(node) if not comment else None
        if flow is not None and (isinstance(node, yaml.ScalarNode) or self._may_be_flow(node, name, f"{begins} {flow}{after}")):
            yield f"{begins} {flow}{after}"
        elif isinstance(node, yaml.ScalarNode):
            yield from self._text(node, begins, indent)
        elif isinstance(node, yaml.MappingNode):
            yield begins + comment
            yield from self.mapping(node, f"{indent}  ")
        else:
            yield begins + comment
            for item in node.value:
                yield from self._item(item, f"{indent}  ", name)

    def _item(self, node: yaml.Node, indent: str, name: str) -> Iterator[str]:
        begins = f"{indent}- "
        flow = self._own_line(node)
        if flow is not None and (isinstance(node, yaml.ScalarNode) or len(begins + flow + self._comment_after(node)) <= _WIDTH):
            yield begins + flow + self._comment_after(node)
        elif isinstance(node, yaml.MappingNode):
            yield from self.mapping(node, f"{indent}  ", begins)
        elif isinstance(node, yaml.ScalarNode):
            yield from self._text(node, begins.rstrip(), indent)
        else:
            yield begins.rstrip()
            for item in node.value:
                yield from self._item(item, f"{indent}  ", name)

    def _may_be_flow(self, node: yaml.Node, name: str, line: str) -> bool:
        has_items = any(not isinstance(item, yaml.ScalarNode) for item in node.value) if isinstance(node, yaml.SequenceNode) else True
        return len(line) <= _WIDTH and not (name in _ITEMS and has_items)

    def _own_line(self, node: yaml.Node) -> str | None:
        """A node on a line of its own, where a plain text needs no quotes."""
        return self._written(node) if isinstance(node, yaml.ScalarNode) else self._flow(node)

    def _flow(self, node: yaml.Node) -> str | None:
        """A node in flow style; None for a text over several lines, and for what has a comment in it."""
        if isinstance(node, yaml.ScalarNode):
            written = self._written(node)
            needs_quotes = written is not None and not node.style and re.search(r"\A:|[,?\[\]{}]", written)
            return json.dumps(node.value, ensure_ascii=False) if needs_quotes else written
        children = [child for item in node.value for child in (item if isinstance(item, tuple) else (item,))]
        parts = [self._flow(child) for child in children]
        if None in parts or self._has_comment(node):
            return None
        if isinstance(node, yaml.SequenceNode):
            return f"[{', '.join(filter(None, parts))}]"
        return "{" + ", ".join(f"{key}: {value}" for key, value in zip(parts[::2], parts[1::2], strict=True)) + "}"

    def _written(self, node: yaml.ScalarNode) -> str | None:
        """A text as it is written; None if it is written over several lines."""
        start, end = node.start_mark, node.end_mark
        if node.style in ("|", ">") or start.line != end.line:
            return None
        return self._lines[start.line][start.column : end.column]

    def _has_comment(self, node: yaml.Node) -> bool:
        """Whether a comment stands in a node over several lines."""
        if isinstance(node, yaml.ScalarNode) or node.start_mark.line == node.end_mark.line:
            return False
        children = [child for item in node.value for child in (item if isinstance(item, tuple) else (item,))]
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        return any(self._comment_after(child) or self._has_comment(child) for child in children) or any(
            self._comment(key.end_mark, value) for key, value in pairs
        )

    def _comment(self, mark: yaml.Mark, value: yaml.Node) -> str:
        """The comment after a key whose value begins on a later line."""
        found = re.match(r":( #.*)", self._lines[mark.line][mark.column :])
        return found[1] if found and value.start_mark.line > mark.line else ""

    def _comment_after(self, node: yaml.Node) -> str:
        """The comment after a node on one line; that of a mapping in block style belongs to its last value."""
        mark = node.end_mark
        if mark.line >= len(self._lines) or node.start_mark.line != mark.line:
            return ""
        found = re.fullmatch(r"[\]}]*( +#.*)", self._lines[mark.line][mark.column :])
        return f" {found[1].strip()}" if found else ""

    def _text(self, node: yaml.ScalarNode, begins: str, indent: str) -> Iterator[str]:
        """A text over several lines, with as much indentation as before relative to its key."""
        start, end = node.start_mark, node.end_mark
        first = self._lines[start.line][start.column :] if end.line > start.line else self._lines[start.line][start.column : end.column]
        last = end.line if end.column == 0 or node.style in ("|", ">") else end.line + 1
        body = list(self._lines[start.line + 1 : last])
        while body and not body[-1].strip():
            body.pop()
        margin = min((len(line) - len(line.lstrip()) for line in body if line.strip()), default=0)
        yield f"{begins} {first}"
        yield from (f"{indent}  {line[margin:]}".rstrip() if line.strip() else "" for line in body)


def main(arguments: Sequence[str] | None = None) -> int:
    """Format the files, or all rules; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.format_rules", description="Write rules in flow style where it fits.")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="the files to format [all rules]")
    parser.add_argument("--check", action="store_true", help="change nothing, and exit with 1 if a file is not formatted")
    given = parser.parse_args(arguments)
    changed = []
    for path in given.files or sorted((ROOT / "rules").rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        after = formatted(text)
        if after != text:
            changed.append(path)
            if not given.check:
                path.write_text(after, encoding="utf-8")
    print("".join(f"{path}\n" for path in changed), end="")
    return 1 if changed and given.check else 0


if __name__ == "__main__":
    sys.exit(main())
