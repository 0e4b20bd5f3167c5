"""Which names of hosts lead to this machine, and to it alone."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def is_trusted(header: str, host: str) -> bool:
    """Whether the header Host of a request may stand for a server that listens at `host`.

    A page from elsewhere whose name is made to lead here (DNS rebinding) sends that name. A
    number can't be made to lead elsewhere: where other machines may ask, each is as good.
    """
    try:
        name = urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return False
    if name in ("localhost", host.lower()):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or not is_loopback(host)
