"""The options: one table of all options and arguments, with their names, commands, values and help.

The command line (:mod:`linter.options.parameters`), shell completion, ``docs/cli.md`` and the manual page are made from it. It does not
import click, and itself parses the command lines that most people and hooks write.
"""

from __future__ import annotations

import os
from types import SimpleNamespace

from ..files import LARGEST_INPUT, STANDARD_OUTPUT
from ..model import LEVELS
from ..reporters import names as format_names
from ..typed import TYPE_CHECKING, Any, Final, NamedTuple
from .config import FAIL_ON_CHOICES, TARGET_CHOICES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

HEADINGS: Final = ("Input", "AWS", "Rules", "Mutants", "Configuration", "Findings", "Fixes", "Report", "Exit code", "Help")
"""The headings of options in the help, in this order."""
COMMANDS: Final = {
    "accept": "Accept one finding, with a reason.",
    "accepted": "List what is accepted, by whom and until when.",
    "aws-policy": "Print the IAM policy that reading AWS needs.",
    "check": "Check configurations (the default command).",
    "diff": "Compare two configurations as the server sees them.",
    "explain": "Explain a rule, or why it does or does not apply to files.",
    "init": "Create a configuration file in the current folder.",
    "lsp": "Run the language server, for editors.",
    "new-rule": "Write a rule of your own to start from.",
    "rules": "List the rules, all or some of them.",
    "schema": "Print a JSON Schema for editors.",
    "show": "Print the configuration as the server sees it.",
    "test": "Run the examples in rule files.",
    "upgrade": "Print what an upgrade of the server changes.",
}
"""The commands, with their texts in the list of commands."""
SERVER_VARIABLE = "MEDPLUM_LINT_SERVER_VERSION"
"""The environment variable that names the server."""
COMPLETE_VARIABLE = "_MEDPLUM_LINT_COMPLETE"
"""The variable by which a shell asks click for completions."""


class Given(SimpleNamespace):
    """The values of the options and arguments of a command, by :attr:`Option.key`."""


class Output(NamedTuple):
    """A report to write: its format, and its file, or "-" for standard output.

    The format is empty if ``--output`` names only a file: then ``--format`` applies.
    """

    format: str
    file: str = STANDARD_OUTPUT


class Option(NamedTuple):
    """An option; an argument if its name has no leading hyphen.

    ``names`` and ``commands`` are separated by spaces. ``parse`` is the function of :mod:`linter.options.values` that converts the text; it
    gets a tuple of all texts if the option is ``repeated`` or the argument takes any number. An option without ``parse``, ``choices`` and
    ``metavar`` is a switch; ``choices`` may be a function. ``minimum`` applies to a whole number. ``complete`` is what a shell completes:
    ``paths``, ``folders``, ``kinds``, ``servers``, ``controls``, ``rule`` or ``selectors``. ``fast`` options are parsed without click too
    (:func:`read_plain`). ``variable`` is an environment variable that gives the value as well; ``parse`` then gets the name of the option
    or variable as second argument.
    """

    names: str
    heading: str = ""
    help: str = ""
    metavar: str | None = None
    parse: str = ""
    complete: str = ""
    commands: str = "check"
    choices: tuple[str, ...] | Callable[[], Iterable[str]] = ()
    minimum: int | None = None
    default: Any = None
    dest: str = ""
    repeated: bool = False
    required: bool = False
    fast: bool = False
    variable: str | None = None

    @property
    def key(self) -> str:
        """The name of the value in :class:`Given`."""
        return self.dest or self.names.replace("/", " ").split()[0].strip("-").replace("-", "_")

    @property
    def words(self) -> list[str]:
        """The choices."""
        return list(self.choices() if callable(self.choices) else self.choices)

    @property
    def initial(self) -> Any:
        """The value if none is given."""
        return False if self.is_switch and "/" not in self.names else self.default

    @property
    def is_argument(self) -> bool:
        """Whether it is an argument."""
        return not self.names.startswith("-")

    @property
    def is_switch(self) -> bool:
        """Whether it is an option that takes no value."""
        return not (self.metavar or self.parse or self.choices)


_PATHS: Final = Option("paths", metavar="[PATH]...", default=(), complete="paths")
_RULES: Final = Option("", "Rules", metavar="RULE,...", parse="rule_names", complete="selectors", repeated=True)
_RELEASE: Final = Option("", "Input", metavar="VERSION", complete="servers", commands="upgrade")
_FORMAT: Final = Option("--format -f", "Report", "Output format.  [default: text]", choices=("text", "json"), default="text")
_BASELINE: Final = Option("", "Findings", metavar="FILE", parse="file", complete="paths")

OPTIONS: Final = (
    _PATHS._replace(commands="check upgrade accepted"),
    _PATHS._replace(metavar="FILE...", commands="show"),
    Option("first", metavar="FIRST", complete="paths", commands="diff"),
    Option("second", metavar="SECOND", complete="paths", commands="diff"),
    Option("file", metavar="FILE", complete="paths", commands="accept"),
    Option("rule", metavar="RULE", complete="rule", commands="accept"),
    Option("setting", metavar="[SETTING]", commands="accept"),
    Option("region", metavar="REGION", commands="aws-policy"),
    Option("path", metavar="PREFIX", commands="aws-policy"),
    Option("secrets", metavar="[SECRET]...", commands="aws-policy", default=()),
    Option("what", metavar="[WHAT]", choices=("server", "infra", "rule", "configuration"), default="server", commands="schema"),
    Option("selectors", metavar="[RULE]...", parse="rule_names", complete="selectors", commands="rules"),
    _RULES._replace(
        names="--control",
        help="List the rules that support these controls or a part of them, and why. A control is AC-3 or 164.312.",
        metavar="CONTROL,...",
        complete="controls",
        commands="rules",
    ),
    Option("rule", metavar="ID", complete="rule", commands="explain"),
    _PATHS._replace(commands="explain"),
    Option("folders", metavar="[PATH]...", parse="folders", complete="paths", default=(), commands="test"),
    Option("rule", metavar="ORG/ID", commands="new-rule"),
    _RELEASE._replace(
        names="--from",
        dest="oldest",
        help="The release that the server has now, such as 4.3.5.  [default: by image]",
        parse="named",
        variable=SERVER_VARIABLE,
    ),
    _RELEASE._replace(names="--to", dest="newest", help="The release to upgrade to.  [default: the newest known one]"),
    _FORMAT._replace(help="Report format.  [default: text]", choices=format_names, default=None, fast=True),
    _FORMAT._replace(commands="show diff accepted"),
    _FORMAT._replace(commands="upgrade", choices=("text", "json", "markdown")),
    Option(
        "--output -o",
        "Report",
        "Write the report to a file; FORMAT:FILE writes one more report, in a format of its own. Repeatable.",
        "[FORMAT:]FILE",
        "outputs",
        "paths",
        default=(),
        repeated=True,
    ),
    Option(
        "--sarif-category",
        "Report",
        "The name that tells this SARIF report from others in code scanning.",
        "NAME",
        "category",
        default="",
    ),
    Option("--show-suppressed", "Report", "Also report suppressed findings, in sarif, junit and markdown."),
    Option("--reason", "Findings", "Why it is accepted, for later readers.", "TEXT", "words", commands="accept", required=True),
    Option(
        "--environment",
        "Findings",
        "Accept it in this environment, service, container or job only.  [default: in all of the file]",
        "NAME",
        commands="accept",
    ),
    Option(
        "--kind",
        "Input",
        "Treat every input as this kind, such as server/json, instead of detecting it from the content.",
        "KIND",
        "kind",
        "kinds",
        "check accept accepted show upgrade explain",
    ),
    Option(
        "--target",
        "Input",
        "What the configuration is for.  [default: auto: by its URLs]",
        commands="check explain",
        choices=TARGET_CHOICES,
    ),
    Option("--only-changed", "Report", "Print only settings whose value in the server differs from what is written.", commands="show"),
    Option("--defaults", "Report", "Also print the defaults of settings that are not given.", commands="show"),
    Option(
        "--server-version",
        "Input",
        "The server that reads the configuration: 4.3.5, a range such as >=4.3,<5, or latest.  [default: that of an image, else latest]",
        "VERSION",
        "server_version",
        "servers",
        "check show explain",
        dest="server",
        variable=SERVER_VARIABLE,
    ),
    _RULES._replace(
        names="--select",
        help="Check only these rules: ids, categories, patterns (*-certificate), control:AC-3.",
        commands="check explain",
    ),
    _RULES._replace(names="--extend-select", help="Check these rules in addition to the selected ones."),
    _RULES._replace(names="--ignore", help="Do not check these rules.", commands="check explain"),
    Option("--pedantic", "Rules", "Also give advice that applies to almost every installation.", commands="check accepted explain"),
    Option(
        "--rules",
        "Rules",
        "A folder or file of your own policies, or package:NAME, those of an installed package. Repeatable.",
        "PATH",
        "folders",
        "paths",
        "check accept accepted rules explain",
        default=(),
        repeated=True,
    ),
    Option(
        "--folder",
        "Rules",
        "Where to write it.  [default: that of the configuration, else policies]",
        "DIR",
        complete="folders",
        commands="new-rule",
    ),
    Option(
        "--for",
        "Rules",
        "What the rule is about.  [default: server]",
        choices=("server", "infra", "deployment"),
        default="server",
        dest="kind",
        commands="new-rule",
    ),
    Option("--setting", "Rules", "Write it about this setting, such as logLevel or database.port.", "NAME", commands="new-rule"),
    Option(
        "--config",
        "Configuration",
        "Use this configuration file for all files, and trust it.",
        "FILE",
        complete="paths",
        commands="check accept accepted rules explain test new-rule",
    ),
    Option(
        "--isolated",
        "Configuration",
        "Ignore configuration files found next to the files.",
        commands="check rules explain test new-rule",
    ),
    _FORMAT._replace(commands="rules"),
    Option(
        "--no-built-in",
        "Rules",
        "Pass if there are no rules of your own, instead of running the examples of the built-in ones: for hooks.",
        commands="test",
    ),
    _RULES._replace(names="--select", help="Test only these rules, by id or category.", commands="test"),
    Option("--mutate", "Mutants", "Change the rules in small ways, and print the changes that no example notices.", commands="test"),
    Option("--mutants", "Mutants", "Try so many changes, drawn at random.  [default: all]", "N", minimum=1, commands="test"),
    Option("--seed", "Mutants", "Which changes are drawn.", "N", minimum=0, default=1, commands="test"),
    Option("--force-exclude", "Configuration", "Also skip named files that the configuration excludes.", fast=True),
    _BASELINE._replace(names="--baseline", help="Report only findings that are not in this baseline."),
    _BASELINE._replace(names="--baseline", help="List what this baseline accepts, not the configuration's.", commands="accepted"),
    Option("--no-baseline", "Findings", "Report all findings, whatever baseline the configuration names.", dest="without_baseline"),
    _BASELINE._replace(names="--write-baseline", help="Write all findings to a baseline instead of reporting them."),
    Option("--by", "Findings", "Who accepts what is written: a name or an address.", "NAME", "words", commands="check accept"),
    Option("--until", "Findings", "The last day (2026-01-31) that counts.  [default: no end]", "DATE", "day", commands="check accept"),
    Option("--fail-on-stale-baseline", "Exit code", "Exit with 1 if the baseline has entries whose findings are gone."),
    Option(
        "--fail-on",
        "Exit code",
        "The lowest severity that gives exit code 1.  [default: error]",
        metavar="SEVERITY",
        choices=FAIL_ON_CHOICES,
    ),
    Option(
        "--start",
        "Input",
        "Join the inputs as a server does when it is started with this argument, such as file:medplum.config.json,env.",
        "ARGUMENT",
        commands="check show",
    ),
    Option(
        "--also",
        "Input",
        "With https://HOST/, the address of a running server: also ask for the certificate of this host of the configuration. Repeatable.",
        "HOST",
        default=(),
        repeated=True,
    ),
    Option("--now", "Input", "Check as of this date (2026-01-31), to repeat a run.", "DATE", "moment", commands="check accept accepted"),
    Option(
        "--max-size",
        "Input",
        "Refuse larger inputs; a size such as 64MiB.  [default: 512MiB]",
        "SIZE",
        "size",
        commands="check show diff upgrade explain",
        default=LARGEST_INPUT,
    ),
    Option("--endpoint-url", "AWS", "Read AWS at this address.  [default: that of the region]", "URL", commands="check show diff upgrade"),
    Option(
        "--no-decryption",
        "AWS",
        "Read no encrypted value; rules that need one are not decided.",
        commands="check show diff upgrade",
    ),
    Option(
        "--cluster",
        "AWS",
        "The ECS cluster of the server.  [default: each with medplum in its name]",
        "NAME",
        commands="check show upgrade",
    ),
    Option("--stdio", "Input", "Has no effect; some editors give it.", commands="lsp"),
    Option("--jobs", "Input", "Has no effect; accepted for existing command lines.", "N", minimum=1, default=1),
    Option("--stdin-filename", "Input", 'The name to report for standard input ("-").', "NAME"),
    Option("--show-settings", "Configuration", "Print the options that apply to the named files, and the line that sets each."),
    Option("--show-files", "Configuration", "Print which files are included and skipped, and which pattern decides it."),
    Option("--fix", "Fixes", "Fix what can be fixed without changing what the server does."),
    Option("--unsafe-fixes", "Fixes", "With --fix, --diff or --fix-script, also make the fixes that need review."),
    Option("--diff", "Fixes", "Print what --fix would change, and change nothing."),
    Option("--fix-script", "Fixes", "Write the fixes of Parameter Store dumps to a script for sh.", "FILE", complete="paths"),
    Option(
        "--allow-unrecognized",
        "Input",
        "Skip named files that are not recognised, and folders without any recognised file: for hooks.",
        fast=True,
    ),
    Option("--color", "Report", "Colour the output.  [default: auto]", metavar="WHEN", choices=("auto", "always", "never"), default="auto"),
    Option("--quiet -q", "Report", "Print only findings: no summary, and nothing on a clean run.", fast=True),
    Option("--quiet -q", "Report", "Print failures only.", commands="test"),
    Option(
        "--min-severity",
        "Report",
        "Report only findings at least this severe; --fail-on counts all.  [default: note]",
        choices=LEVELS,
    ),
    Option(
        "--statistics/--no-statistics",
        "Report",
        "Print a table of the rules: how many findings, how many can be fixed.  [default: beyond 40 findings]",
    ),
)


def options_of(command: str) -> Iterator[Option]:
    """The arguments and options of a command."""
    return (option for option in OPTIONS if command in option.commands.split())


def read_plain(arguments: Sequence[str]) -> Given | None:
    """The values of a ``check`` command line with only files, folders and ``fast`` options; None if only click can parse it.

    Importing click and making all options takes more than a third of a run on a small file. ``tests/test_plain.py`` compares both ways.
    """
    if os.environ.get(SERVER_VARIABLE) or os.environ.get(COMPLETE_VARIABLE):
        return None
    options = list(options_of("check"))
    fast = {name: option for option in options if option.fast for name in option.names.split()}
    given = Given(**{option.key: option.initial for option in options})
    words = iter(arguments)
    for word in words:
        option = fast.get(word)
        if option is None and (word.startswith("-") or word in COMMANDS or not (os.path.isfile(word) or os.path.isdir(word))):
            return None
        if option is None:
            given.paths += (word,)
        elif option.is_switch:
            setattr(given, option.key, True)
        elif getattr(given, option.key) is None and (value := next(words, "")) in option.words:
            setattr(given, option.key, value)
        else:
            return None
    return given
