"""The bill of materials of a wheel, in CycloneDX: ``python tools/sbom.py WHEEL FILE``.

It lists what a run of that wheel needs on this Python and platform: the wheel itself, and each package that requirements.txt locks for
them, with version, licence and what requires what. The same wheel gives the same bytes.

It needs what requirements/release.txt has, and the package registry.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

ROOT: Final = Path(__file__).resolve().parent.parent
NAME: Final = "medplum-lint"
SPECIFICATION: Final = "1.6"


def _run(module: str, *arguments: str | Path) -> str:
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def install(wheel: Path, folder: Path) -> None:
    """Make an environment with the wheel and its dependencies, and without pip, which a run does not need."""
    _run("venv", "--without-pip", folder)
    pip = ("pip", "--python", folder, "install", "--quiet", "--no-compile", "--only-binary", ":all:")
    _run(*pip, "--require-hashes", "--requirement", ROOT / "requirements.txt")
    version = wheel.name.split("-")[1]
    # By name, as from PyPI: for a wheel named by its path, the bill would have the path instead of the package's address.
    _run(*pip, "--no-deps", "--no-index", "--find-links", wheel.parent, f"{NAME}=={version}")


def bill(environment: Path) -> dict[str, Any]:
    """The bill of an environment, with medplum-lint as the subject, and everything else as its parts."""
    found = _run("cyclonedx_py", "environment", "--spec-version", SPECIFICATION, "--output-reproducible", environment)
    bom: dict[str, Any] = json.loads(found)
    [subject] = [part for part in bom["components"] if part["name"] == NAME]
    bom["components"].remove(subject)
    bom["metadata"]["component"] = {**subject, "type": "application"}
    # An attestation needs a number, which reproducible output leaves out: this one follows from the content.
    bom["serialNumber"] = f"urn:uuid:{uuid5(NAMESPACE_URL, json.dumps(bom, sort_keys=True))}"
    return bom


def main(arguments: list[str]) -> int:
    """Write the bill; the exit code."""
    if len(arguments) != 2:
        print("usage: python tools/sbom.py WHEEL FILE")
        return 2
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    with TemporaryDirectory() as folder:
        install(Path(arguments[0]), Path(folder))
        text = json.dumps(bill(Path(folder)), indent=2) + "\n"
    mistake = JsonStrictValidator(SchemaVersion.from_version(SPECIFICATION)).validate_str(text)
    if mistake is not None:
        print(mistake)
        return 1
    Path(arguments[1]).parent.mkdir(parents=True, exist_ok=True)
    Path(arguments[1]).write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
