"""Secrets in command lines and in headers: what only the program before it, or the option, tells to be one."""

import base64
import re
from collections.abc import Iterable, Iterator

from runcheck.convention.addresses import is_placeholder
from runcheck.convention.patterns import late
from runcheck.convention.secrets import Secret, named_secret

_ATTACHED = r"[\"']?(?P<secret>[^\s\"'`\\<>]{1,128})(?![\w-])"
_APART = rf"(?:[ \t]{{1,8}}|=){_ATTACHED}"
_USER = r"[\"']?(?P<user>[^\s\"':%\\]{1,64})"
# Programs, and their options that hold a password, as their manuals have them. `mysql -p x` asks for one, and x is a
# database; to ssh -p is a port.
_PROGRAMS: tuple[tuple[str, str], ...] = (
    (r"curl(?:\.exe)?", rf"(?:-u|-U|--user|--proxy-user)[ \t=]{{0,8}}{_USER}:{_ATTACHED}"),
    (r"(?:mysql(?:dump|admin|import|show|slap|check|sh)?|mariadb(?:-[a-z]{1,12})?)(?:\.exe)?", rf"-p{_ATTACHED}"),
    (r"sshpass", rf"-p[ \t]{{0,8}}{_ATTACHED}"),
    (r"(?:docker|podman|nerdctl|skopeo|buildah|az|oc|registry|oras)[ \t]+login", rf"-p{_APART}"),
    (r"redis-cli", rf"-a{_APART}"),
    (r"smbclient", rf"-U[ \t]{{0,8}}{_USER}%{_ATTACHED}"),
    (r"openssl", rf"-pass(?:in|out)?[ \t]{{1,8}}[\"']?pass:{_ATTACHED}"),
    (r"7z[azr]?(?:\.exe)?[ \t]+[adeltux]", rf"-p{_ATTACHED}"),
    (r"(?:un)?zip", rf"-P{_APART}"),
)
_PROGRAM = late(rf"(?:(?<![\w.-])|(?<=\\[nrt]))(?:{'|'.join(f'({name})' for name, _ in _PROGRAMS)})(?=[ \t])")
_OPTIONS = tuple(late(option) for _, option in _PROGRAMS)
# All of these options begin alike, or end in `-user`: they are found by that, since most texts have few. What is before
# comes behind, so that the search is for a dash.
_BEGINS = re.compile(rb"-(?<=[ \t\n]-)[apuPU]")
_COMMAND = late(r"(?>(?:[^\n|;\\]++|\\(?:\r?\n)?)*)")  # a line, and those that a backslash joins to it
_COMMAND_WITHIN = 1000  # characters before an option
_ANY_USER = late(r"(?:user|username|you|your.*|me|my.?(?:user|name)|name|login|someone|foo|test|u)", re.IGNORECASE)
_HEADER = late(
    r"authorization[\"'\]\\]{0,4}[ \t]{0,4}[:=,][ \t]{0,4}[bruf]?\\?[\"']?"
    r"(?P<scheme>basic|token|apikey|api-key)[ \t]{1,4}(?P<value>[A-Za-z0-9_+/.~-]{8,1024}={0,2})",
    re.IGNORECASE,
)
# Of MySQL among others; `$PWD` and `OLDPWD` hold a folder.
_VARIABLE = late(r"(?P<name>[A-Za-z][A-Za-z0-9_]{0,40}_PWD)=[\"']?(?P<value>[^\s\"'`\\&;,<>()]{1,128})", re.IGNORECASE)
_VARIABLE_WITHIN = 48
_OPAQUE = late(r"[^A-Za-z]")


def commands_in(text: str, raw: bytes, lower: bytes) -> Iterator[Secret]:
    """Yield the secrets in the command lines of ``text``; ``raw`` has as many bytes, ``lower`` has small letters."""
    if b"-" in raw:
        yield from _options(text, (match.start() for match in _BEGINS.finditer(raw)))
        yield from _options(text, (text.rfind(" ", max(0, at - 8), at) + 1 for at in _places(lower, b"-user")))
    for at in _places(lower, b"authorization"):
        if header := _HEADER.match(text, at):
            yield from _header(header)
    if b"=" in raw:
        for at in _places(lower, b"_pwd="):
            yield from _variable(text, at)


def _options(text: str, places: Iterable[int]) -> Iterator[Secret]:
    """Yield the passwords of the options at ``places``, of those programs that take them so."""
    program, looked = None, 0
    for at in places:
        for each in _PROGRAM.finditer(text, max(looked, at - _COMMAND_WITHIN), at):  # no character is looked at twice
            program = each
        looked = at
        if program is None or program.lastindex is None or not 0 < at - program.end() < _COMMAND_WITHIN:
            continue
        match = _OPTIONS[program.lastindex - 1].match(text, at)
        if match is not None and _COMMAND.fullmatch(text, program.end(), at):
            yield from _judged(match)


def _places(lower: bytes, needle: bytes) -> Iterator[int]:
    at = lower.find(needle)
    while at >= 0:
        yield at
        at = lower.find(needle, at + len(needle))


def _judged(match: re.Match[str]) -> Iterator[Secret]:
    """Yield the password of an option, if a person may have typed it: `$PASSWORD` and `user:password` are none."""
    value = match["secret"]
    is_certain = named_secret("password", value)
    if is_certain is None or is_placeholder(value) or not _OPAQUE.search(value):
        return
    user = match.groupdict().get("user")
    is_certain = is_certain and not (user and _ANY_USER.fullmatch(user))
    yield Secret("a password", match.start("secret"), match.end("secret"), is_certain)


def _variable(text: str, at: int) -> Iterator[Secret]:
    match = _VARIABLE.search(text, max(0, at - _VARIABLE_WITHIN), at + 192)
    if (
        match
        and match.start("value") > at
        and _OPAQUE.search(match["value"])
        and named_secret("password", match["value"])
    ):
        yield Secret("a password", match.start("value"), match.end("value"), is_certain=True)


def _header(match: re.Match[str]) -> Iterator[Secret]:
    """Yield what an HTTP header carries (RFC 7617, and the schemes of GitHub, GitLab and Elastic)."""
    value = match["value"]
    if match["scheme"].lower() != "basic":
        is_certain = named_secret("token", value)
    else:
        try:
            user, colon, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
        except ValueError:  # no base64, no text, or letters beyond ASCII that are k and s in disguise
            return
        is_certain = named_secret("password", password) if user and colon else None
    if is_certain is not None:
        yield Secret("the value of an Authorization header", match.start("value"), match.end("value"), is_certain)
