"""Addresses that carry a user name or a password, as ``https://ada:...@example.org/repo.git`` (RFC 3986, 3.2.1)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from runcheck.convention.patterns import late

_SCHEME = late(r"[A-Za-z][A-Za-z0-9+.-]{0,23}\Z")
_SHORT = 4
_LONGEST = 300  # characters of a user name with its password
_USER = late(r"[^/?#\s\"'<>\\`|(){}\[\]]{0,300}@")
_ANY_USER = late(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/?#@\s]+(?:@[^/?#@\s]+)*@", re.IGNORECASE)
# The schemes whose part before the @ is a user; `abfss://container@account`, `spark://Driver@host` name something else.
_WITH_USERS = late(
    r"(?:(?:git|svn|hg)\+)?(?:https?|ssh|git|ftps?|sftp|svn|rsync|smb|imaps?|smtps?|ldaps?|wss?|socks5h?)"
)
# Everybody's user: `ssh://git@example.org/team/repo.git` names no one.
_NOBODY = frozenset({"git", "hg", "svn", "anonymous", "nobody", ""})
_PLACEHOLDER = late(
    r"[$%*.x]+|\$\w+|%\w+%|(?:your|my|some)?[-_]?(?:user|username|name|login|u|token|pat|password|passwd|pass|pwd|p|pw|secret|key|api[-_]?key"
    r"|access[-_]?token|credentials?|auth)|your.*|.*example.*|.*redacted.*|xxx+|.*anon.*|changeme|%s|oauth2?|x-access-token|x-oauth-basic",
    re.IGNORECASE,
)
_LOCAL = late(r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]|db|postgres|mysql|redis|mongo|rabbitmq|host)(?![\w.-])")


class Credentials(NamedTuple):
    """The part of an address that names its user: where it stands with its ``@``, and whether it is certain."""

    start: int
    end: int
    has_password: bool
    is_certain: bool


def credentials_in(text: str) -> Iterator[Credentials]:
    """Yield the user names and passwords of the addresses in ``text``."""
    at = text.find("@")
    while at >= 0:
        found = _credentials(text, at)
        if found is not None:
            yield found
        at = text.find("@", at + 1 if found is None else found.end)


def _credentials(text: str, at: int) -> Credentials | None:
    begin = text.rfind("://", max(0, at - _LONGEST), at)
    user = _USER.match(text, begin + 3) if begin >= 0 else None
    scheme = _SCHEME.search(text, max(0, begin - 24), begin) if user else None
    if user is None or scheme is None or user.end() <= at or text.startswith("sha256:", user.end()):
        return None
    name, colon, password = user[0][:-1].partition(":")
    is_escaped = text[max(0, scheme.start() - 1) : scheme.start()] == "\\"  # `\nhttps://`
    plain_scheme = scheme[0].lower()[is_escaped:]
    if not colon and not _WITH_USERS.fullmatch(plain_scheme):
        return None
    if (not password and name in _NOBODY) or plain_scheme == "github":  # fsspec: github://owner:repository@commit
        return None
    secret = password or name
    if is_placeholder(secret):
        return None
    # `abc:xyz@` is how manuals write it, and `postgres:postgres@localhost` opens nothing elsewhere.
    is_common = password and (len(password) < _SHORT or password == name or _LOCAL.match(text, user.end()))
    is_certain = not is_common
    return Credentials(user.start(), user.end(), bool(password), is_certain)


def is_placeholder(secret: str) -> bool:
    """Say whether what stands for a password in a command or an address is there to be filled in, or everybody's."""
    return _PLACEHOLDER.fullmatch(secret) is not None


def without_user(address: str) -> str:
    """Return a text without the user names and passwords that the addresses in it carry."""
    return _ANY_USER.sub(lambda match: match["scheme"], address)
