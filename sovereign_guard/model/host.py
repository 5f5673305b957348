"""Host names out of URLs, read so strictly that no look-alike passes for a known host."""

from __future__ import annotations

_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")
_MAX_HOST = 253


def host_of(text: str) -> str | None:
    """Return the host of a URL or of `host[:port]`, in lower case and without the trailing dot.

    User information, port, path, query and fragment are cut off as the URL standard says. Whatever different
    parsers could read differently (backslashes, control characters, spaces, percent signs or non-ASCII
    letters in the authority, empty labels) gives None rather than a guess.

    >>> host_of("https://scw.cloud@evil.example/")
    'evil.example'
    >>> host_of("HTTPS://S3.fr-par.SCW.cloud.:443/bucket")
    's3.fr-par.scw.cloud'
    """
    text = text.strip()
    if any(ord(char) <= 32 or char == "\\" or ord(char) == 127 for char in text):
        return None
    scheme, separator, rest = text.partition("://")
    if separator:
        if (
            not scheme
            or not scheme[0].isalpha()
            or not all(c.isascii() and (c.isalnum() or c in "+-.") for c in scheme)
        ):
            return None
    else:
        rest = text
    end = min((at for at in (rest.find("/"), rest.find("?"), rest.find("#")) if at >= 0), default=len(rest))
    authority = rest[:end]
    host = authority.rpartition("@")[2]
    if authority.count("@") > 1 or "[" in authority or "]" in authority:
        return None  # Brackets are for IPv6 addresses, which name no operator.
    host, colon, port = host.partition(":")
    if colon and port and not port.isdecimal():
        return None
    host = host.lower().removesuffix(".")
    if not host or len(host) > _MAX_HOST or not _ALLOWED.issuperset(host):
        return None
    return host if all(host.split(".")) else None
