"""What setup.cfg cannot say: addresses that follow from its ``url``, and the README as a page that stands by itself.

In the repository the README links to files beside it, which are those of the branch or tag that is looked at. In the package the same links
lead to the files of its release.
"""

from __future__ import annotations

import re
from configparser import ConfigParser
from pathlib import Path
from tempfile import TemporaryDirectory

from setuptools import setup

HERE = Path(__file__).resolve().parent
_FENCED = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)\s#]*)(#[^)\s]*)?\)")


def described(readme: str, files: str) -> str:
    """The README with absolute links; ``files`` is the address that the files of the release lie under."""

    def absolute(match: re.Match[str]) -> str:
        return f"]({files}/{match[1].rstrip('/')}{match[2] or ''})"

    return "".join(text if text.startswith("```") else _LINK.sub(absolute, text) for text in _FENCED.split(readme))


def addresses(url: str) -> dict[str, str]:
    """The links that PyPI shows beside the package, by the names that it has icons for."""
    owner, name = url.split("/")[-2:]
    return {
        "Documentation": f"https://{owner}.github.io/{name}/",
        "Source": url,
        "Issues": f"{url}/issues",
        "Changelog": f"{url}/blob/main/CHANGELOG.md",
        "Security": f"{url}/security/policy",
    }


def metadata() -> dict[str, object]:
    """The arguments of ``setup`` that follow from setup.cfg, the README and the version."""
    parser = ConfigParser()
    parser.read(HERE / "setup.cfg", encoding="utf-8")
    url = parser["metadata"]["url"]
    [version] = re.findall(r'^__version__ = "([^"]+)"$', (HERE / "linter" / "__init__.py").read_text(encoding="utf-8"), re.MULTILINE)
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    return {"long_description": described(readme, f"{url}/blob/v{version}"), "project_urls": addresses(url)}


if __name__ == "__main__":
    with TemporaryDirectory() as folder:  # or the checkout would be left with a folder of what was built
        setup(**metadata(), options={"build": {"build_base": folder}, "egg_info": {"egg_base": folder}})
