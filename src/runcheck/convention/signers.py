"""Who may sign: keys, certificates, and ``allowed_signers`` of OpenSSH (ssh-keygen(1), ALLOWED SIGNERS; Git too)."""

import re
from binascii import Error as NoBase64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias

from runcheck.convention.patterns import late

_WORD = late(r'(?:[^ \t"]|"[^"]*")+')
_OPTION = late(r'(?P<name>[a-z-]+)(?:="(?P<quoted>[^"]*)"|=(?P<plain>[^,"]*))?(?:,|$)')
_KEY_TYPE = late(r"(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+")
_TIMES = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


class SignersError(ValueError):
    """What is wrong with a line, as the end of a sentence."""


class Signer(NamedTuple):
    """A key that may sign, of whom, for which purposes (all where none are named), and when."""

    principals: str
    key: bytes
    namespaces: tuple[str, ...] | None = None
    after: datetime | None = None
    before: datetime | None = None

    def may_sign(self, key: bytes, namespace: str, at: datetime) -> bool:
        """Say whether this is the key, and it may sign for that purpose at that moment."""
        is_valid = (self.after is None or at >= self.after) and (self.before is None or at < self.before)
        return key == self.key and is_valid and (self.namespaces is None or _fits(namespace, self.namespaces))


class KeySigner(NamedTuple):
    """A public key (in DER) that bundles may be signed by, and the SHA-256 of its PEM, by which they name it."""

    key: bytes
    hint: str


class CertificateSigner(NamedTuple):
    """A certificate (in DER) that bundles may be signed by, and by all whose certificates lead to it."""

    certificate: bytes


AnySigner: TypeAlias = Signer | KeySigner | CertificateSigner


def signers_in(text: str) -> tuple[Signer, ...]:
    """Return the signers of such a file. Authorities of certificates are none.

    Raises:
        SignersError: a line is none.
    """
    return tuple(_signers(text))


def fingerprint_of(key: bytes) -> str:
    """Return the fingerprint of a key as OpenSSH shows it."""
    import hashlib  # noqa: PLC0415 - few trees are signed
    from base64 import b64encode  # noqa: PLC0415

    return "SHA256:" + b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    """Say whether one of the patterns fits and none with a ``!`` (ssh_config(5), PATTERNS)."""
    found = [each for each in patterns if _pattern(each.removeprefix("!")).fullmatch(name)]
    return bool(found) and not any(each.startswith("!") for each in found)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."))


def _signers(text: str) -> Iterator[Signer]:
    lines = text.replace("\r\n", "\n").split("\n")  # what else ends a line for Python may stand in a comment
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            if line.count('"') % 2:
                raise SignersError("has a quote that is not closed")
            signer = _signer(_WORD.findall(line))
        except (ValueError, NoBase64) as error:
            raise SignersError(f"line {number} {error}") from None
        if signer is not None:
            yield signer


def _signer(words: list[str]) -> Signer | None:
    from base64 import b64decode  # noqa: PLC0415

    options: dict[str, str] = {}
    if len(words) > 1 and not _KEY_TYPE.fullmatch(words[1]):
        options = _options(words.pop(1))
    if len(words) < 3 or not _KEY_TYPE.fullmatch(words[1]):  # noqa: PLR2004 - who, type, key
        raise SignersError("is not '<principals> [options] <key type> <key>'")
    principals = words[0].replace('"', "")
    if all(not each or each.startswith("!") for each in principals.split(",")):
        raise SignersError("names nobody who may sign")
    try:
        key = b64decode(words[2], validate=True)
    except NoBase64:
        raise SignersError(f"has a key that is no base64: {words[2][:20]!r}") from None
    if not key.startswith(len(words[1]).to_bytes(4, "big") + words[1].encode()):
        raise SignersError(f"has a key that is not of the type {words[1]}")
    if "cert-authority" in options:
        return None
    named = options.get("namespaces")
    namespaces = None if named is None else tuple(filter(None, named.split(",")))
    return Signer(principals, key, namespaces, _time(options, "valid-after"), _time(options, "valid-before"))


def _options(word: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(word):
        option = _OPTION.match(word, at)
        if option is None:
            raise SignersError(f"has options that are none: {word[:40]!r}")
        name = option["name"]
        if name not in ("cert-authority", "namespaces", "valid-after", "valid-before"):
            raise SignersError(f"has the option {name!r}, which is not known here")
        if name in found:
            raise SignersError(f"has the option {name!r} twice")
        found[name] = option["quoted"] or option["plain"] or ""
        at = option.end()
    return found


def _time(options: dict[str, str], name: str) -> datetime | None:
    text = options.get(name)
    if text is None:
        return None
    digits = text.removesuffix("Z")
    if len(digits) not in _TIMES or not digits.isascii() or not digits.isdigit():
        raise SignersError(f"has {name}={text!r}, which is not YYYYMMDD[HHMM[SS]][Z]")
    moment = datetime.strptime(digits, _TIMES[len(digits)])  # noqa: DTZ007 - without a Z it is of this machine's zone
    return moment.replace(tzinfo=UTC) if text.endswith("Z") else moment.astimezone(UTC)
