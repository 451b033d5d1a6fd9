"""Words that do not belong into a published tree, wherever they stand in a text or under a key of a document.

Secrets, addresses with a user, paths and names of one machine, and what was replaced by ``[redacted]``. The linter
reports them and the writer takes them out, by these same functions.

Few places of a text can hold any. They are found by searches for a fixed text and for long runs of the characters that
keys are made of, both a hundred times faster than a regular expression; only there the patterns are tried.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from runcheck.convention.addresses import credentials_in
from runcheck.convention.commands import commands_in
from runcheck.convention.machine import homes_in, is_name_key, name_value, path_value, prompts_in
from runcheck.convention.patterns import late
from runcheck.convention.secrets import (
    KEY_STARTS,
    REDACTED,
    RUN,
    RUN_CHARACTERS,
    SECRET,
    Secret,
    is_password_name,
    is_secret,
    is_telling,
    key_at,
    named_secret,
    private_keys_in,
    webhooks_in,
)

WordKind: TypeAlias = Literal["secret", "address", "path", "name", "redacted"]


class Word(NamedTuple):
    """A part of a text: which clause it concerns, what it is, where it stands, and whether it is certain to be that."""

    kind: WordKind
    what: str
    start: int
    end: int
    is_certain: bool


# --- texts ------------------------------------------------------------------------------------------------------

_FLAT = bytes(97 if chr(code) in RUN_CHARACTERS else 32 for code in range(256))
_RUN = b"a" * RUN
_NAME_WITHIN = 96  # characters before a value
_NAME_CHARACTERS = RUN_CHARACTERS + "."
_FLAG = late(r"--?(?P<name>[A-Za-z][\w.-]{1,48})")
_HEADER = late(r"(?P<name>bearer|password)", re.IGNORECASE)
_SET = late(
    r"(?<![\w.-])(?:ENV|ARG|setenv|set[ \t]+-[a-zA-Z]{1,3})[ \t]+(?P<name>[A-Za-z_]\w{1,48})\Z"
)  # Docker, csh, fish
_LOGIN = late(r"wandb\.login\([^()]*+\Z")
_ITEM = late(r"[\"'](?P<name>--?[\w.-]{2,48}|[A-Z][A-Z0-9_]{2,48})[\"'],\Z")
_QUOTES = " \t\"'`\\"
_BEFORE_VALUE = frozenset(f"{_QUOTES}=:>,")
_AROUND_NAME = f"{_QUOTES}])"
_VALUE_CHARACTERS = RUN_CHARACTERS + "+/.%~"
_VALUE = re.compile(r"[A-Za-z0-9_+/.%~-]*={0,2}")
_DIGIT = re.compile(rb"[0-9]")
_LONGEST_VALUE = 1024
_TYPES = frozenset({"str", "string", "String", "bytes", "SecretStr", "Optional"})
_PASSWORD = late(
    r"(?P<name>[A-Za-z0-9_.-]{0,48}(?:passw(?:or)?d|passphrase)[0-9]{0,2})[\"'`\]\\]{0,4}[ \t]{0,8}"
    r"(?::[ \t]{0,4}str[ \t]{0,4}=|=>|[:=](?![=:]))[ \t]{0,8}"
    r"(?:[bruf]?\\?(?P<quote>[\"'])(?P<quoted>[^\"'\\\r\n]{1,128})\\?(?P=quote)|(?P<plain>[^\s\"'`\\&;,<]{1,128}))",
    re.IGNORECASE,
)
# `--password ...`, and `"--password", "..."` of a list.
_PASSWORD_OPTION = late(
    r"--?[A-Za-z0-9_.-]{0,48}(?:passw(?:or)?d|passphrase)(?:[ \t]{1,8}|[\"'],\s{0,16}(?=[\"']))"
    r"(?:(?P<quote>[\"'])(?P<quoted>[^\"'\\\r\n]{1,128})(?P=quote)|(?P<plain>(?!-)[^\s\"'`\\&;,<|\])]{1,128}))",
    re.IGNORECASE,
)
_NETRC = late(r"login[ \t]+[^\s]{1,64}\s+password[ \t]+(?P<plain>[^\s\"'<>]{4,128})", re.IGNORECASE)
# Too short for a key, and without what paths, addresses and assignments are made of: most values of most documents.
_PLAIN = re.compile(rf"[A-Za-z0-9_ .,+()-]{{0,{RUN - 1}}}")
_REMEMBERED, _SHORT = 1 << 14, 64  # values, and characters of one
_ASSIGNMENT = re.compile(r"(?P<name>[-+~\w.]{1,80})=(?!=)")
_DIGESTS = late(r"(?:hash|sha|digest|checksum|fingerprint)", re.IGNORECASE)
_DIGEST = late(r"[0-9a-f]{32,128}")
_NO_LABEL = late(r"[0-9!@#%^&*+?]")
_DOTTED = late(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_CODE = late(r"[()\[\]{}.$]")


def words_in(text: str) -> list[Word]:
    """Return what stands in ``text``, in its order; no two of them overlap."""
    raw = text.encode("latin-1", "replace")  # as many bytes as characters: searches in bytes are the fastest
    # One character is found twenty times as fast as several: what has none of those that a word is made of, has none.
    has_at, has_dash, has_slash = b"@" in raw, b"-" in raw, b"/" in raw
    lower = raw.lower()
    secrets: list[Secret] = []
    if has_dash:
        secrets += private_keys_in(text)
    if has_slash:
        secrets += webhooks_in(text)
    if has_dash or b"=" in raw or b":" in raw or b"," in raw:
        secrets += commands_in(text, raw, lower)
    found = (
        [Word("address", "", each.start, each.end, each.is_certain) for each in credentials_in(text)] if has_at else []
    )
    found += [Word("secret", each.what, each.start, each.end, each.is_certain) for each in secrets]
    if len(raw) >= RUN:
        found += _long_runs(text, raw)
    if b"pass" in lower:
        found += _passwords(text, lower)
    if has_slash or b"\\" in raw:
        found += (Word("path", "", each.start, each.end, each.is_certain) for each in homes_in(text, raw))
    if has_at:
        found += (Word("name", "", each.start, each.end, each.is_certain) for each in prompts_in(text))
    if b"[" in raw:
        found += _redacted(text)
    return _apart(found) if found else found


def _apart(found: list[Word]) -> list[Word]:
    """Return words that do not overlap: a secret before a path, the one that begins first before all others."""
    kept: list[Word] = []
    for kinds in (("secret", "address"), ("path", "name", "redacted")):
        end, others = 0, iter(kept)
        other, merged = next(others, None), list[Word]()
        for word in sorted((word for word in found if word.kind in kinds), key=lambda word: word.start):
            while other is not None and other.end <= word.start:
                merged.append(other)
                other = next(others, None)
            if word.start >= end and (other is None or word.end <= other.start):
                merged.append(word)
                end = word.end
        kept = [*merged, *([other] if other else []), *others]
    return kept


def _redacted(text: str) -> Iterator[Word]:
    at = text.find(REDACTED)
    while at >= 0:
        yield Word("redacted", "", at, at + len(REDACTED), is_certain=True)
        at = text.find(REDACTED, at + 1)


def _long_runs(text: str, raw: bytes) -> Iterator[Word]:
    """Yield the keys of services, and the values that were drawn by lot under a telling name."""
    flat = raw.translate(_FLAT) + b" "
    at, done = flat.find(_RUN), 0
    while at >= 0:
        end = flat.find(b" ", at)
        # Asked here too, since most runs are the names of a program, and each is a call less.
        may_be_key = text[at : at + 2] in KEY_STARTS or text[at - 1 : at] in ("\\", "%", ".")
        if may_be_key and (key := key_at(text, at)):
            yield Word("secret", key.what, key.start, key.end, key.is_certain)
            end = done = max(end, key.end)
        elif at >= done and _DIGIT.search(raw, at, end) and not raw[at:end].isdigit():  # what was drawn by lot has both
            match = _VALUE.match(text, end)
            done = match.end() if match else end
            if done - at < _LONGEST_VALUE and (word := _named(text, at, done)):
                yield word
        at = flat.find(_RUN, end)


def _named(text: str, at: int, end: int) -> Word | None:
    """Return the value that ends at ``end`` if the name before it tells that it is a secret."""
    before = text[max(0, at - _NAME_WITHIN) : at]
    lead = before.rstrip(_VALUE_CHARACTERS)
    name = _name_before(lead) if lead[-1:] in _BEFORE_VALUE else None
    if name is None or not is_telling(name) or text[end : end + 1] in ("(", "["):
        return None
    start = at - len(before) + len(lead)
    value = text[start:end].rstrip(".")
    if text[start - 1 : start] not in ("'", '"') and _DOTTED.fullmatch(value):  # `key: ed25519.Ed25519PrivateKey`
        return None
    is_certain = named_secret(name, value)
    if is_certain is None or (is_password_name(name) and not is_certain):
        return None
    return Word("secret", f"a secret under {name[-40:]!r}", start, start + len(value), is_certain)


def _name_before(lead: str) -> str | None:
    """Return the name that a value stands under, by the text up to the value."""
    tail = lead.rstrip(_QUOTES)
    if tail[-1:] in ("b", "r", "u", "f") and tail != lead and tail[-2:-1] in (" ", "=", "(", ":"):
        tail = tail[:-1].rstrip()
    last = tail[-1:]
    if last in ("=", ":", ">"):
        tail = tail.rstrip("=:> \t").rstrip(_AROUND_NAME)
        rest = tail.rstrip(_NAME_CHARACTERS)
        if tail[len(rest) :] in _TYPES:
            tail = rest.rstrip(": \t")
            rest = tail.rstrip(_NAME_CHARACTERS)
        if tail[len(rest) :] == "key" and _LOGIN.search(rest):
            return "wandb_api_key"
        # The letter of an escape is not part of the name: `\ntoken=...`.
        return tail[len(rest) + (rest[-1:] == "\\") :] or None
    if last == ",":  # `["--token", "..."]`, `setenv("TOKEN", "...")`
        match = _ITEM.search(tail)
    elif tail != lead:
        if tail.endswith("wandb login") or _LOGIN.search(tail):
            return "wandb_api_key"
        word = tail[max(tail.rfind(" "), tail.rfind("\n"), tail.rfind("\t")) + 1 :].lstrip("\"'(:=")
        match = _FLAG.fullmatch(word) if word.startswith("-") else _HEADER.fullmatch(word) or _SET.search(tail)
    else:
        match = None
    return match["name"] if match else None


def _passwords(text: str, lower: bytes) -> Iterator[Word]:
    """Yield passwords of any length."""
    for needle in (b"passw", b"passphrase"):
        at, done = lower.find(needle), 0
        while at >= 0:
            before = text[max(done, at - 48) : at]
            start = at - len(before) + len(before.rstrip(_NAME_CHARACTERS))
            match = _PASSWORD.match(text, start) or _PASSWORD_OPTION.match(text, start)
            is_netrc = match is None
            if is_netrc:
                match = _NETRC.search(text, max(done, at - 72), at + 160)
            if match is not None:
                group = "plain" if is_netrc or match["quoted"] is None else "quoted"
                value, done = match[group], match.end()
                # What stands without quotes may be the name of a variable or of a type; what is made of words, a label.
                is_code = group == "plain" and not is_netrc and _CODE.search(value)
                if not is_code and _NO_LABEL.search(value) and named_secret("password", value):
                    yield Word("secret", "a password", match.start(group), match.end(group), is_certain=True)
            at = lower.find(needle, max(at + 5, done))


# --- values of documents ----------------------------------------------------------------------------------------


def words_of_value(value: str, name: str, surroundings: str = "") -> Sequence[Word]:
    """Return what stands in the string ``value`` under the key ``name``, in an object named ``surroundings``."""
    is_short = len(value) <= _SHORT and len(name) <= _SHORT and len(surroundings) <= _SHORT
    return (_words_of_short if is_short else _words_of_value)(value, name, surroundings)


def _words_of_value(value: str, name: str, surroundings: str) -> Sequence[Word]:
    if _PLAIN.fullmatch(value) and not (is_telling(name) or is_name_key(name)):
        return []
    words = words_in(value)
    key, begin = assignment(value, name)
    is_secret = named_secret(key, value[begin:])
    secrets = [word for word in words if word.kind in ("secret", "address")]
    if secrets and (not is_secret or any(word.is_certain for word in secrets)):
        return words
    is_signature = (name, surroundings) == ("sig", "signatures")  # of an envelope (DSSE), and not that of a URL
    if is_secret is not None and not is_signature and not (_DIGESTS.search(surroundings) and _DIGEST.fullmatch(value)):
        what = "a password" if is_password_name(key) else f"a secret under {key[-40:]!r}"
        return [Word("secret", what, begin, len(value), is_secret)]
    path = path_value(name, value)
    if path is not None:
        is_certain = path.is_certain or any(word.kind == "path" and word.is_certain for word in words)
        return [Word("path", "", path.start, path.end, is_certain)]
    is_name = name_value(surroundings, name, value)
    if is_name is not None and not words:
        return [Word("name", "", 0, len(value), is_name)]
    return words


_words_of_short = lru_cache(_REMEMBERED)(_words_of_value)  # keys and settings come up in document after document


def assignment(value: str, name: str) -> tuple[str, int]:
    """Return the name that is given a value in ``--token=...`` or ``logger.token=...``, and where that value begins.

    Of any other string that is ``name``, and its beginning.
    """
    match = _ASSIGNMENT.match(value)
    return (match["name"], match.end()) if match else (name, 0)


def names_of_items(items: list[object], name: str) -> list[str]:
    """Return the name that each item of a list stands under: that of the flag before it, or that of the list."""
    names, flag = [], None
    for item in items:
        names.append(flag if flag is not None else name)
        is_flag = isinstance(item, str) and item.startswith("-") and "=" not in item and len(item) < 80  # noqa: PLR2004
        flag = item.lstrip("-") if is_flag and isinstance(item, str) else None
    return names


def without_words(text: str, words: Sequence[Word]) -> str:
    """Return a text with :data:`SECRET` in the place of each of these words of it, which are in their order."""
    for word in reversed(words):
        text = f"{text[: word.start]}{SECRET}{text[word.end :]}"
    return text


def without_secrets(value: object, name: str = "", above: str = "") -> object:
    """Return a value, which stands under ``name`` in an object ``above``, without what might be a secret in it."""
    if isinstance(value, str):
        words = [each for each in words_of_value(value, name, above) if each.kind in ("secret", "address")]
        shown = without_words(value, words)
        return SECRET if shown == value and is_secret(name, value) else shown
    if isinstance(value, list):
        names = names_of_items(value, name)
        return [without_secrets(each, of, above) for each, of in zip(value, names, strict=True)]
    if isinstance(value, dict):
        return {key: without_secrets(each, str(key), name) for key, each in value.items()}
    return value
