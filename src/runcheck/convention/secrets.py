"""What a secret looks like: by the form that a service gives its keys, or by the name that it stands under.

One definition for the writer, which takes out what might be one, and for the linter, which reports as certain only
what most likely is one.
"""

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from runcheck.convention.patterns import late

SECRET = "[secret]"  # noqa: S105 - stands for one in what is printed
REDACTED = "[redacted]"


class Secret(NamedTuple):
    """A place in a text that holds a secret: what it is in words, and whether it is certain to be one."""

    what: str
    start: int
    end: int
    is_certain: bool


# --- keys of services, by their form --------------------------------------------------------------------------------

# Each begins with, or ends in, at least `RUN` of the characters that `RUN_CHARACTERS` has: so they are found fast.
# Forms as the services document them, or as their own clients check them.
_FORMS = {
    "an AWS access key id": r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])",
    "a GitHub token": r"gh[pousr]_[A-Za-z0-9]{36,251}",
    "a fine-grained GitHub token": r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{40,59}|github_pat_[A-Za-z0-9_]{22,93}",
    "a GitLab token": r"gl(?:pat|dt|rt|ptt|cbt|soat|ft|agent|oas|imt)-[A-Za-z0-9_.-]{20,80}|GR1348941[A-Za-z0-9_-]{20}",
    "a Hugging Face token": r"(?:hf_|api_org_)[A-Za-z0-9]{30,40}(?![A-Za-z0-9_])",
    "an Anthropic key": r"sk-ant-[a-z]{2,8}[0-9]{2}-[A-Za-z0-9_-]{40,120}",
    "an OpenAI key": r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,200}"
    r"|sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}",
    "a key of a model service": r"sk-(?:or-v1-)?(?=[A-Za-z0-9_-]{0,60}[0-9])[A-Za-z0-9_-]{20,200}"
    r"|gsk_[A-Za-z0-9]{40,60}|r8_[A-Za-z0-9]{37}",
    "a Slack token": r"xox[abeoprs]-(?:[0-9]+-)?[A-Za-z0-9-]{10,200}"
    r"|xapp-[0-9]-[A-Z0-9]{8,12}-[0-9]{8,14}-[a-f0-9]{40,70}",
    "a Google API key": r"AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])",
    "a Google client secret": r"GOCSPX-[A-Za-z0-9_-]{28}",
    "a Stripe key": r"[sr]k_live_[A-Za-z0-9]{16,120}",
    "an npm token": r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])",
    "a PyPI token": r"pypi-AgE[A-Za-z0-9_-]{50,400}",
    "a Weights & Biases key": r"wandb_v1_[A-Za-z0-9_-]{40,120}",
    "a Databricks token": r"dapi[a-f0-9]{32}(?![A-Za-z0-9])",
    "a SendGrid key": r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])",
    "a Telegram bot token": r"(?<=[0-9]{8}:)AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])",
    "a Twilio key": r"SK[0-9a-f]{32}(?![A-Za-z0-9])",
    "a Docker token": r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,40}(?![A-Za-z0-9_-])",
    "an NVIDIA key": r"nvapi-[A-Za-z0-9_-]{60,70}(?![A-Za-z0-9_-])",
    "an age key": r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}",
    "a JSON Web Token": r"ey[A-Za-z0-9_-]{14,2000}\.ey[A-Za-z0-9_-]{14,4000}\.[A-Za-z0-9_-]{20,2000}",
}
RUN = 16
RUN_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
_WHATS = tuple(_FORMS)
_ANY_FORM = "|".join(f"({form})" for form in _FORMS.values())
_KEY = late(_ANY_FORM)
_KEY_ANYWHERE = late(rf"(?:(?<![A-Za-z0-9_-])|(?<=\\[bfnrt])|(?<=%[0-9A-Fa-f]{{2}}))(?:{_ANY_FORM})")
KEY_STARTS = frozenset(
    [
        "AK",
        "AS",
        "AB",
        "AC",
        "gh",
        "gi",
        "gl",
        "GR",
        "hf",
        "ap",
        "sk",
        "gs",
        "r8",
        "xo",
        "xa",
        "AI",
        "GO",
        "rk",
        "np",
        "py",
        "wa",
        "da",
        "SG",
        "AA",
        "SK",
        "AG",
        "ey",
        "dc",
        "nv",
    ]
)
_WEBHOOK = late(
    r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Z0-9]{8,12}/[A-Za-z0-9]{8,14}/[A-Za-z0-9]{20,50}"
)
# Forms that are too short or too plain to be certain of.
_UNCERTAIN_FORMS = frozenset({"a Twilio key"})

_PRIVATE_KEY = late(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
# What follows, whether its line feeds are escaped or quoted: perhaps headers (`Proc-Type: 4,ENCRYPTED`), then base64.
_GAP = r"(?:[\s\"',+>#-]|\\{1,2}[nrt])"
_KEY_BODY = late(rf"{_GAP}{{1,24}}(?:[A-Za-z-]{{3,20}}: ?[^\n\\]{{0,100}}{_GAP}{{1,24}}){{0,5}}[A-Za-z0-9+/]{{40}}")
_REST_OF_BODY = late(r"[A-Za-z0-9+/=\s\\]*")
_LONGEST_KEY = 16_384
_PUTTY = "PuTTY-User-Key-File-"
_PUTTY_LINES = late(r"Private-Lines: ?[0-9]{1,4}\s{1,4}[A-Za-z0-9+/]{20}")


def key_at(text: str, at: int) -> Secret | None:
    """Return the key in the form of a service's that the run of characters at ``at`` is.

    The letter of an escape before it is not part of it, nor are the digits after a per cent sign.
    """
    before = text[at - 1 : at]
    start = at + 1 if before == "\\" else at + 2 if before == "%" else at
    if before == "." and at >= 26 and text.startswith("SG.", at - 26):  # noqa: PLR2004
        start = at - 26
    if text[start : start + 2] not in KEY_STARTS:
        return None
    match = _KEY.match(text, start)
    if match is None or is_example(match[0]):
        return None
    what = _WHATS[(match.lastindex or 1) - 1]
    if what == "a key of a model service" and _WORDS.fullmatch(match[0]):  # `sk-learn-baseline-2024`
        return None
    return Secret(what, start, match.end(), _is_drawn(match[0], what))


def webhooks_in(text: str) -> Iterator[Secret]:
    """Yield each address in ``text`` that lets anybody post to a channel of Slack."""
    at = text.find("hooks.slack.com/")
    while at >= 0:
        match = _WEBHOOK.match(text, at)
        if match is not None and not is_example(match[0]):
            yield Secret("a Slack webhook", at, match.end(), not _SEQUENCE.search(match[0]))
        at = text.find("hooks.slack.com/", at + 16)


def private_keys_in(text: str) -> Iterator[Secret]:
    """Yield each private key in ``text`` in the formats of PEM, OpenSSH, PGP and PuTTY.

    The first line alone, as a manual or a program has it, is not certain to be one.
    """
    at = text.find("PRIVATE KEY")
    while at >= 0:
        match = _PRIVATE_KEY.match(text, max(0, text.rfind("-----BEGIN", max(0, at - 60), at)))
        if match is not None:
            body = _KEY_BODY.match(text, match.end())
            yield Secret("a private key", match.start(), _end_of_key(text, match.end(), body), body is not None)
        at = text.find("PRIVATE KEY", at + 1 if match is None else max(at + 1, match.end()))
    at = text.find(_PUTTY)
    while at >= 0:
        lines = _PUTTY_LINES.search(text, at, at + _LONGEST_KEY)
        if lines is not None:
            yield Secret("a private key", at, _end_of_body(text, lines.end()), is_certain=True)
        at = text.find(_PUTTY, at + 1)


def _end_of_key(text: str, at: int, body: re.Match[str] | None) -> int:
    """Return the end of a private key whose first line ends at ``at``, with its last line where there is one."""
    if body is None:
        return at
    close = text.find("-----END", at, at + _LONGEST_KEY)
    last = text.find("-----", close + 8, close + 60) if close >= 0 else -1
    return last + 5 if last >= 0 else _end_of_body(text, body.end())


def _end_of_body(text: str, at: int) -> int:
    match = _REST_OF_BODY.match(text, at, at + _LONGEST_KEY)
    return match.end() if match else at


def _is_drawn(key: str, what: str) -> bool:
    """Say whether the letters of a key look drawn by lot, and not typed by a person."""
    if what in _UNCERTAIN_FORMS:
        return False
    if what == "a JSON Web Token":
        return _is_web_token(key)
    if what == "a Slack token":
        tail = key.rpartition("-")[2]
    else:
        tail = re.split(r"[_-]", key, maxsplit=1)[-1] if what != "an AWS access key id" else key[4:]
    # Hugging Face draws letters only, and of twenty other characters one in thirty has no digit.
    has_digit = what == "a Hugging Face token" or len(tail) < 24 or any(each.isdigit() for each in tail)  # noqa: PLR2004
    return has_digit and entropy(tail) >= 3.0 and not _SEQUENCE.search(tail)  # noqa: PLR2004


def _is_web_token(token: str) -> bool:
    header = token.partition(".")[0]
    try:
        decoded = base64.urlsafe_b64decode(header + "=" * (-len(header) % 4))
    except (binascii.Error, ValueError):
        return False
    return b'"alg"' in decoded and "IkpvaG4gRG9lI" not in token  # the John Doe of every manual


# --- secrets by their name --------------------------------------------------------------------------------------------

_CASE = late(r"(?<=[a-z0-9])(?=[A-Z])")
_PASSWORD = r"(?:password|passwd|passphrase|[a-z]_pwd)"  # noqa: S105 - a pattern
_PASSWORD_NAME = late(rf"(?:^|_|db|pg|sql){_PASSWORD}$")
_TELLING_NAME = late(
    r"(?:^|_)(?:(?:api|app|secret|access|account|private|encryption|signing|auth|subscription|service|license|storage"
    r"|wandb|openai|anthropic|huggingface|hf|comet|neptune|azure|aws|gcp|google|sharedaccess|sharedaccount)_?key"
    r"|account_?key|secret|[a-z]*token|credentials?|auth|authorization|bearer|sig)$"
)
# Tokens of a text, and of pages: not of a person.
_OTHER_TOKEN = late(
    r"(?:pad|padding|eos|bos|unk|unknown|sep|cls|mask|special|stop|start|end|begin|eot|eod|eom|image|img|video|audio|vision|text"
    r"|prompt|system|assistant|think|tool|prefix|suffix|middle|fim|space|newline|blank|oov|target|source|lang|language"
    r"|boi|eoi|public_key|starting|change|request|idempotency|purchase|update|work_unit|lifecycle_action|per|next|page|continuation|first|last|num|max|min|new|class|word|sub|null|noise|user|header|placeholder)_?token$"
)
# A value worth hiding under a telling name: long and without spaces. `pad_token: "<pad>"` and `auth: none` are not.
_OPAQUE = late(r"(?=\S*[0-9A-Za-z]{6})\S{8,}")
_DRAWN = late(r"[A-Za-z0-9+/=_.~%:-]{16,}")
# Words of four letters stand in one of a few thousand keys by chance, so they count as words of their own only.
_EXAMPLE = late(
    r"(?i:example|placeholder|redacted|changeme|change[_-]me|removed|xxxxxx|not[_-]?a[_-]?real|not[_-]?set|secret_?name)"
    r"|(?i:(?:^|[^A-Za-z0-9])(?:your|fake|dummy|sample|insert|replace|hidden|masked|todo|xxxx|n/a)(?:$|[^A-Za-z0-9]))"
    r"|^(?i:your|fake|dummy|sample|insert|replace)|\.\.\.|\*\*\*|<[^>]*>|\$\{|\{\{|\$\(|%\("
    r"|Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6"  # of Azure's emulator, everybody's
)
_PLACEHOLDER = late(
    r"\$\w+|\$?\{.*\}|%\w+%|%[sd]|<.*>|\[.*\]|\{.*\}|\(.*\)|(.)\1*|none|null|nil|undefined|true|false|yes|no|required|optional|prompt|ask"
    r"|env|environment|keyring|string|str|text|bytes|int64|object|any|pass|passwd|password|passphrase|pwd|secret|token|admin|root|test"
    r"|user|default|empty|empty_?string|unset|env:.*|os\.environ.*|os\.getenv.*|getpass.*|vault:.*|secret[sm]?[:/].*|ref\+.*|file:.*|op:.*|!.*",
    re.IGNORECASE,
)
# `12345678`, `abcdefgh`, `xxxxxxx`: typed, not drawn.
_SEQUENCE = late(r"12345678|abcdefgh|ABCDEFGH|(?i:qwerty)|(.)\1{5}")
_WORDS = late(r"(?:[A-Z]?[a-z]{2,}|[A-Z]{2,}(?![a-z])|[0-9]{1,4}(?![0-9])|[aAI](?![A-Za-z])|v[0-9]+|[-_./:])+")
_HEX = late(r"[0-9a-fA-F]+")
_FILE = late(r"(?:\.{0,2}/|~|[A-Za-z]:[\\/]).*|.*\.(?:json|ya?ml|toml|txt|env|pem|key|crt|py|ini|cfg|csv|npz?|pt|bin)")


@lru_cache(maxsize=4096)
def is_telling(name: str) -> bool:
    """Say whether a secret stands under ``name``, as `wandb_api_key`, `--hf-token` or `clientSecret`."""
    plain = plain_name(name)
    return bool(_TELLING_NAME.search(plain) and not _OTHER_TOKEN.search(plain)) or is_password_name(name)


@lru_cache(maxsize=4096)
def is_password_name(name: str) -> bool:
    """Say whether a password stands under ``name``."""
    return _PASSWORD_NAME.search(plain_name(name)) is not None


def plain_name(name: str) -> str:
    """Return the end of a name with words of small letters joined by underscores."""
    plain = re.sub(r"[^a-z0-9]+", "_", _CASE.sub("_", name[-80:]).lower()).strip("_")
    return re.sub(r"_?[0-9]{1,2}$", "", plain)


def named_secret(name: str, value: str) -> bool | None:
    """Say whether ``value`` under ``name`` is a secret: certainly, perhaps (False), or not (None)."""
    if not value or value == name or not is_telling(name) or _PLACEHOLDER.fullmatch(value) or is_example(value):
        return None
    if is_password_name(name):
        return _is_password(value)
    if _DRAWN.fullmatch(value) and not _FILE.fullmatch(value) and _is_mixed(value):
        return True
    return False if _OPAQUE.fullmatch(value) and not _FILE.fullmatch(value) and not _WORDS.fullmatch(value) else None


def is_secret(name: str, value: str) -> bool:
    """Say whether ``value`` under ``name`` might be a key, token or password: the writer leaves it out then."""
    if _KEY_ANYWHERE.search(value) or _PRIVATE_KEY.search(value):
        return True
    if is_password_name(name) and value:
        return not _PLACEHOLDER.fullmatch(value) or value.isalnum()
    if named_secret(name, value) is not None:
        return True
    if not is_telling(name) or not _OPAQUE.fullmatch(value):
        return False
    return not (value.startswith(("<", "[", "{", "${")) and value.endswith((">", "]", "}")))


def is_example(value: str) -> bool:
    """Say whether a value stands for a key that somebody else is to fill in."""
    return _EXAMPLE.search(value) is not None


def entropy(text: str) -> float:
    """Return the entropy of the characters of ``text``, in bits a character (Shannon)."""
    total = len(text)
    return -sum(n / total * math.log2(n / total) for n in Counter(text).values()) if total else 0.0


def _is_mixed(value: str) -> bool:
    """Say whether a long value was drawn by lot: no word, no name, no sequence."""
    if _WORDS.fullmatch(value) or _SEQUENCE.search(value):
        return False
    has_letter = any(each.isalpha() for each in value)
    has_digit = any(each.isdigit() for each in value)
    if _HEX.fullmatch(value):
        return has_letter and has_digit and len(value) >= 20 and entropy(value) >= 2.7  # noqa: PLR2004
    return has_letter and has_digit and entropy(value) >= 3.2  # noqa: PLR2004


def _is_password(value: str) -> bool:
    """Say whether a password is certain: of a word alone it is not."""
    kinds = (str.islower, str.isupper, str.isdigit, lambda each: not each.isalnum() and not each.isspace())
    several = sum(any(is_kind(each) for each in value) for is_kind in kinds) > 1
    is_label = _WORDS.fullmatch(value) and re.search(r"(?i)password|passwd|required|secret|token|key", value)
    return several and " " not in value and len(value) >= 6 and not is_label and not _FILE.fullmatch(value)  # noqa: PLR2004
