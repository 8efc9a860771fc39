"""Rules of installed packages: found by entry point, without running their code, and trusted like the configuration that names them."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.checkout import ROOT
from support.checkout import run as run_command
from support.helpers import OWN_POLICY

from linter import cli
from linter.policy.installed import GROUP

RULE = OWN_POLICY.replace("acme/support-email-domain", "clinics/mail")
ASKS_A_SECRET = (
    RULE.replace("clinics/mail", "clinics/password")
    .replace('supportEmail: {format: email, ends_with: "@acme.example"}', "database.password: {min_length: 20}")
    .replace("supportEmail: help@acme.example", "port: 8103")
    .replace(
        "data: {supportEmail: help@gmail.example}, finds: [supportEmail]", "data: {database: {password: short}}, finds: [database.password]"
    )
)
SERVER = '{"supportEmail": "help@gmail.example", "database": {"password": "hunter2"}, "redis": {}}'


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages; the current folder is another one, with a configuration to check."""
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    Path("server.json").write_text(SERVER)
    return tmp_path / "site"


def install(
    site: Path, files: dict[str, str] | None = None, module: str = "clinics_rules", name: str = "clinics_rules", group: str = GROUP
) -> None:
    """Write what pip would, with files in ``clinics_rules``."""
    metadata = site / f"{name}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[console_scripts]\nclinics = clinics:main\n\n[{group}]\n# ours\nclinics = {module}\n")
    for file, text in ({"mail.yaml": RULE} if files is None else files).items():
        path = site / "clinics_rules" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.cli, list(arguments))


def refused(*arguments: str) -> str:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    return result.stderr.removeprefix("medplum-lint: error: ").rstrip("\n")


# --- What is found. -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["clinics-rules", "clinics_rules", "Clinics.Rules"])
def test_the_rules_of_a_package(name: str, site: Path) -> None:
    install(site, {"mail.yaml": RULE, "__init__.py": "raise SystemExit('run!')", "data.json": "{}"})
    found = run("server.json", "--rules", f"package:{name}", "--select", "clinics", "--format", "concise")
    assert found.stdout.startswith('server.json:1:18: error[clinics/mail] supportEmail must end with "@acme.example"')
    assert run("test", f"package:{name}").output == "2 examples of 1 rule: all passed.\n"
    assert run("explain", "clinics/mail", "server.json", "--rules", f"package:{name}").exit_code == 0
    assert "clinics/mail" in run("rules", "clinics/", "--rules", f"package:{name}").stdout
    assert "clinics_rules" not in sys.modules


def test_installing_a_package_changes_nothing_by_itself(site: Path) -> None:
    install(site)
    assert "clinics/" not in run("server.json").stdout and "clinics/" not in run("rules").stdout


def test_a_package_that_a_configuration_names(site: Path) -> None:
    install(site)
    Path(".medplum-lint.toml").write_text('rules = ["policies", "package:clinics-rules"]\nselect = ["acme", "clinics"]\n')
    Path("policies").mkdir()
    Path("policies/support-email-domain.yaml").write_text(OWN_POLICY)
    found = run("server.json", "--format", "gitlab").stdout
    assert '"acme/support-email-domain"' in found and '"clinics/mail"' in found
    assert run("test").output == "4 examples of 2 rules: all passed.\n"
    assert run("new-rule", "acme/next").stdout.startswith("wrote policies/next.yaml\n")


def test_a_folder_in_a_package(site: Path) -> None:
    install(site, {"policies/medplum/deep/mail.yaml": RULE, "other/broken.yaml": "id: ["}, module="clinics_rules.policies.medplum")
    assert run("test", "package:clinics-rules").output == "2 examples of 1 rule: all passed.\n"


def test_a_package_that_is_installed_to_be_edited(site: Path, tmp_path: Path) -> None:
    """Its code is elsewhere: where Python would find it, which is asked without importing it."""
    install(site, {})
    package = tmp_path / "checkout" / "clinics_rules"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('run!')")
    (package / "mail.yaml").write_text(RULE)
    sys.path.append(str(package.parent))
    try:
        assert run("test", "package:clinics-rules").output == "2 examples of 1 rule: all passed.\n"
    finally:
        sys.path.remove(str(package.parent))


# --- Who is trusted. ----------------------------------------------------------------------------------------------------------------


def test_trust_in_a_package_depends_on_who_names_it(site: Path) -> None:
    install(site, {"password.yaml": ASKS_A_SECRET})
    Path(".medplum-lint.toml").write_text('rules = ["package:clinics-rules"]\n')
    assert "asks what database.password holds, which is secret: a policy whose configuration file was only found" in refused("server.json")
    for arguments in (["--config", ".medplum-lint.toml"], ["--rules", "package:clinics-rules"]):
        result = run("server.json", "--select", "clinics", *arguments)
        assert "error[clinics/password]" in result.stdout and "hunter2" not in result.stdout


def test_packages_in_the_current_folder_are_not_installed(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it would be for ``python -m linter`` in the checkout of a pull request."""
    install(Path.cwd())
    monkeypatch.syspath_prepend(Path.cwd())
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    assert refused("server.json", "--rules", "package:clinics-rules").startswith('package:clinics-rules: no package "clinics-rules" is')


def test_a_link_does_not_lead_out_of_a_package(site: Path, tmp_path: Path) -> None:
    install(site)
    (tmp_path / "elsewhere.yaml").write_text("password: hunter2")
    (site / "clinics_rules" / "link.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    assert run("test", "package:clinics-rules").output == "2 examples of 1 rule: all passed.\n"


# --- Broken packages. ---------------------------------------------------------------------------------------------------------------


def test_a_package_that_is_not_installed(site: Path) -> None:
    install(site)
    missing = 'no package "clinic-rules" is installed in the environment of medplum-lint; did you mean "clinics-rules"?'
    assert refused("server.json", "--rules", "package:clinic-rules") == f"package:clinic-rules: {missing}"
    assert refused("test", "package:clinic-rules") == f"package:clinic-rules: {missing}"
    Path(".medplum-lint.toml").write_text('select = ["clinics"]\nrules = ["package:clinic-rules"]\n')
    assert missing in refused("server.json") and ".medplum-lint.toml:2: no package" in refused("server.json")
    assert refused("test", "package:") == 'package:: no package "" is installed in the environment of medplum-lint'


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("nowhere_at_all", "names nowhere_at_all in the group medplum_lint.rules, and there is no such folder in it"),
        ("clinics_rules.mail", "names clinics_rules.mail in the group medplum_lint.rules, and there is no such folder in it"),
        (
            "clinics_rules:RULES",
            'names "clinics_rules:RULES" in the group medplum_lint.rules, which is not a name such as acme_rules.policies',
        ),
        ("../../etc", 'names "../../etc" in the group medplum_lint.rules, which is not a name such as acme_rules.policies'),
        ("..", 'names ".." in the group medplum_lint.rules, which is not a name such as acme_rules.policies'),
        ("", 'names "" in the group medplum_lint.rules, which is not a name such as acme_rules.policies'),
        ("sys", "names sys in the group medplum_lint.rules, and there is no such folder in it"),
    ],
)
def test_an_entry_point_that_leads_nowhere(module: str, message: str, site: Path) -> None:
    install(site, module=module)
    assert refused("server.json", "--rules", "package:clinics-rules") == f'package:clinics-rules: the package "clinics-rules" {message}'


def test_a_package_without_rules(site: Path) -> None:
    install(site, group="medplum_lint.other")
    has_none = 'the package "clinics-rules" has no rules: it has no entry point in the group medplum_lint.rules'
    assert refused("test", "package:clinics-rules") == f"package:clinics-rules: {has_none}"
    (site / "clinics_rules-1.0.dist-info" / "entry_points.txt").unlink()
    assert refused("test", "package:clinics-rules") == f"package:clinics-rules: {has_none}"


def test_a_package_whose_rules_are_broken(site: Path) -> None:
    install(site, {"mail.yaml": RULE.replace("ends_with", "end_with")})
    assert refused("server.json", "--rules", "package:clinics-rules").endswith(
        'site/clinics_rules/mail.yaml:7: there is no operator "end_with"; did you mean "ends_with"?'
    )
    (site / "clinics_rules" / "mail.yaml").unlink()
    assert refused("server.json", "--rules", "package:clinics-rules").endswith("there is no rule file (*.yaml) in this folder")


def test_metadata_of_any_bytes(site: Path) -> None:
    install(site)
    (site / "clinics_rules-1.0.dist-info" / "entry_points.txt").write_bytes(
        b"\xff\xfe[medplum_lint.rules\n[[]]\n=\n= =\n[medplum_lint.rules]\nx"
    )
    assert "has no rules" in refused("test", "package:clinics-rules")


# --- A real installation. -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_wheel_that_pip_installs(tmp_path: Path) -> None:
    wheel = tmp_path / "clinics_rules-1.0-py3-none-any.whl"
    files = {
        "clinics_rules/__init__.py": "raise SystemExit('run!')\n",
        "clinics_rules/mail.yaml": RULE,
        "clinics_rules-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: clinics-rules\nVersion: 1.0\n",
        "clinics_rules-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "clinics_rules-1.0.dist-info/entry_points.txt": "[medplum_lint.rules]\nclinics = clinics_rules\n",
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr("clinics_rules-1.0.dist-info/RECORD", "".join(f"{name},,\n" for name in files))
    site = tmp_path / "site"
    run_command(sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", site, wheel, cwd=tmp_path)
    code = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(site)!r}]; sys.argv[1:] = ['test', 'package:clinics-rules']; "
        "from linter.__main__ import main; main()"
    )
    assert run_command(sys.executable, "-c", code, cwd=tmp_path).stdout == "2 examples of 1 rule: all passed.\n"
