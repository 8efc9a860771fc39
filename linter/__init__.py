"""medplum-lint: a static linter and policy checker for the configuration of self-hosted Medplum servers.

From Python it is :func:`check`, which returns a :class:`Result`; both are imported when they are first used.
"""

__version__ = "0.1.0"
__all__ = ["Result", "check"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .api import Result, check


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return __all__
