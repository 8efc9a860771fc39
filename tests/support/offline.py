"""A guard that lets no test open a connection or look up a host, but those that are marked ``loopback``, and these on this machine only."""

from __future__ import annotations

import sys
from ipaddress import ip_address

_LOOKUPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
_EVENTS = frozenset({*_LOOKUPS, "socket.connect", "socket.sendto", "socket.sendmsg"})
_is_allowed = [False]
refused: list[str] = []
"""What the current test was refused, for the tests of the guard itself and of code that survives an exception."""


def guard() -> None:
    """Set up the guard, for as long as the process runs."""
    sys.addaudithook(_refuse)


def allow(*, loopback: bool) -> None:
    """Say whether the next test may connect to this machine."""
    _is_allowed[0] = loopback
    refused.clear()


def _refuse(event: str, args: tuple[object, ...]) -> None:
    if event in _EVENTS and not (_is_allowed[0] and _is_here(event, args)):
        refused.append(event)
        raise AssertionError(f"{event}: only a test that is marked loopback may use the network, and only on this machine")


def _is_here(event: str, args: tuple[object, ...]) -> bool:
    """Whether a connection is to this machine, or a look-up asks nobody."""
    address = args[0] if event in _LOOKUPS else args[1]
    if event not in _LOOKUPS and not isinstance(address, tuple):
        return True  # a UNIX socket, or one that is connected
    host = address[0] if isinstance(address, tuple) else address
    try:
        return host == "localhost" or ip_address(str(host)).is_loopback or event in _LOOKUPS
    except ValueError:
        return False
