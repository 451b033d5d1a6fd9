"""What a secret looks like: by the name it stands under, or by the form that a service gives its keys."""

import re

REDACTED = "[redacted]"

_TELLING_NAME = re.compile(
    r"(?:^|[_.\-/])(?:api[_-]?key|apikey|secret|password|passwd|token|credentials?|private[_-]?key|access[_-]?key|auth)$",
    re.IGNORECASE,
)
_PASSWORD_NAME = re.compile(r"(?:^|[_.\-/])(?:password|passwd|passphrase)$", re.IGNORECASE)
# A value worth hiding under a telling name: long and without spaces. `pad_token: "<pad>"` and `auth: none` are not.
_OPAQUE = re.compile(r"(?=\S*[0-9A-Za-z]{6})\S{8,}")
_KEY_FORM = re.compile(
    r"(?<![A-Za-z0-9_-])(?:AKIA[0-9A-Z]{16}"  # AWS access key id
    r"|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,}"  # GitHub tokens
    r"|glpat-[A-Za-z0-9_-]{20,}"  # GitLab personal access token
    r"|hf_[A-Za-z0-9]{30,}"  # Hugging Face
    r"|sk-(?=[A-Za-z0-9_-]*[0-9])[A-Za-z0-9_-]{20,}"  # services that run models
    r"|xox[abprs]-[A-Za-z0-9-]{10,})"  # Slack
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
_URL_USER = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/@\s]+@", re.IGNORECASE)


def is_secret(name: str, value: str) -> bool:
    """Say whether ``value`` under ``name`` is most likely a key, token or password."""
    if _KEY_FORM.search(value):
        return True
    if _PASSWORD_NAME.search(name) and value:
        return True
    if not _TELLING_NAME.search(name) or not _OPAQUE.fullmatch(value):
        return False
    return not (value.startswith(("<", "[", "{")) and value.endswith((">", "]", "}")))


def without_keys(text: str) -> str:
    """Return a text for people with every key replaced that has the form of a well-known service's."""
    return _KEY_FORM.sub(REDACTED, text)


def without_user(address: str) -> str:
    """Return an address without the user name and password that it carries."""
    return _URL_USER.sub(lambda match: match["scheme"], address)
