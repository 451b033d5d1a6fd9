"""What belongs to one machine or one person: absolute paths, home folders, names of hosts and users."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from runcheck.convention.patterns import late
from runcheck.convention.secrets import plain_name

# --- paths in a text -----------------------------------------------------------------------------------------------

_HOME_LOOKBACK = 12
# What may stand before a path: not the rest of a word, of another path or of an address.
_BEFORE_PATH = late(
    r"(?:^|[\s\"'`=:,;(\[{<>|&@!#]|file:///?(?:localhost)?|\\[nrt\"']|(?:^|[\s\"'])-[A-Za-z]|[+\-]\Z)\Z"
)
_NAME = r"[^\s/\\\"'`<>|:*?,;()\[\]{}&$%]{1,64}"
_HOME = late(rf"/(?:home|Users|root)/(?P<user>{_NAME})(?P<rest>(?:/[^\s\"'`<>|;,)\]}}\\]*)?)")
_WINDOWS_HOME = late(
    r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt])|(?<=-[A-Z]))[A-Za-z]:(?P<slash>\\{1,4}|/)Users(?P=slash)(?P<user>[^\\/\s\"'`<>|:*?]{1,64}"
    r"(?: [^\\/\s\"'`<>|:*?]{1,32}(?=\\))?)(?P<rest>(?:[\\/][^\s\"'`<>|;,)\]}]*)?)"
)
# Of nobody: `/home/user/data` stands in manuals, `/Users/{id}` and `/home/index.html` are routes of a web site.
_ANYBODY = late(
    r"(?:user|username|you|your.*|me|my.?name|name|someone|xxx*|foo|bar|example.*|path|<.*|\.{1,3}|\*+|index\..*|.*\.html?|[0-9a-f-]{36})",
    re.IGNORECASE,
)
# `/root/` also begins XPath and the names in trees of arrays. In the home of root lie hidden folders, those that tools
# make there, and files; and in what describes a container it is a place that whoever runs it has as well.
_OF_ROOT = late(
    r"/root/(?:\.[A-Za-z]|(?:(?:mini|ana)conda|miniforge|mambaforge|micromamba|anaconda|v?env|venvs|go|snap|Desktop|Documents|Downloads)[0-9]*/"
    r"|(?:[^\s/]+/)*[^\s/]*[^\s/.]\.(?:py|ipynb|sh|json|jsonl|ya?ml|toml|csv|tsv|parquet|txt|log|md|npy|npz|h5|hdf5|pkl|pt|pth|ckpt|safetensors"
    r"|onnx|bin|so|whl|zip|gz|tgz|tar|png|jpe?g|env|pem|key)\Z)"
)
_OF_CONTAINER = late(
    r"^\s*(?:RUN|COPY|ADD|WORKDIR|ENV|VOLUME|CMD|ENTRYPOINT)[ \t]"
    r"|(?:-v|-B|--volume|--bind|--mount)[ \t=][^\s]*\Z|^\s*-[ \t]+[\"']?[^\s:]+:\Z"
)
_LINE_LOOKBACK = 200
_LINK = late(r"(?:href|src|action|url)\s{0,2}=?\s{0,2}[\"'(]?\Z", re.IGNORECASE)


class MachinePath(NamedTuple):
    """A path of one machine in a text, and whether it is certain to be one."""

    start: int
    end: int
    is_certain: bool


def homes_in(text: str, raw: bytes) -> Iterator[MachinePath]:
    """Yield the paths in ``text`` that lie in the home folder of a person; ``raw`` has as many bytes."""
    for needle in (b"/home/", b"Users", b"/root/"):
        at = raw.find(needle)
        while at >= 0:
            found = _home_at(text, at)
            if found is not None:
                yield found
            at = raw.find(needle, at + 1 if found is None else max(found.end, at + 1))


def _home_at(text: str, at: int) -> MachinePath | None:
    if text.startswith("Users", at):
        if text.startswith("/", at - 1) and at > 0:
            at -= 1
        for slashes in (1, 2, 4):
            match = _WINDOWS_HOME.match(text, at - slashes - 2) if at > slashes + 1 else None
            match = match or (_WINDOWS_HOME.match(text, at - 2) if text.startswith("/", at) and at > 1 else None)
            if match is not None:
                return MachinePath(match.start(), _end(match), not _ANYBODY.fullmatch(match["user"]))
    match = _HOME.match(text, at)
    before = text[max(0, at - _HOME_LOOKBACK) : at]
    if match is None or not _BEFORE_PATH.search(before):
        return None
    if _ANYBODY.fullmatch(match["user"]) or _LINK.search(before):
        return None
    if text.startswith("/root/", at):
        line = text[max(text.rfind("\n", max(0, at - _LINE_LOOKBACK), at), at - _LINE_LOOKBACK, 0) : at]
        is_certain = _OF_ROOT.match(text, at, _end(match)) is not None and not _OF_CONTAINER.search(line)
        return MachinePath(match.start(), _end(match), is_certain)
    rest = match["rest"].rstrip("./")
    return MachinePath(match.start(), _end(match), is_certain=bool(rest))


def _end(match: re.Match[str]) -> int:
    """Return where a path ends: a full stop after it ends the sentence."""
    return match.start() + len(match[0].rstrip(".,:"))


# --- a value that is a path ----------------------------------------------------------------------------------------

# Folders that no web site, no HDF5 file and no tree of arrays begins with.
_ROOT = late(
    r"/(?:home|Users|mnt|scratch|tmp|var|opt|usr|gpfs|lustre|nfs|Volumes|fsx|dbfs|kaggle|ceph|beegfs|afs|autofs|ssd[0-9]*|hdd[0-9]*|raid[0-9]*"
    r"|localscratch|local_?disk[0-9]*|disk[0-9]+|lscratch|p?scratch[0-9]*)/[^/\s]"
)
# Folders that may begin something else: `/data/images` is the name of a dataset in HDF5, `/content/1` a route.
_COMMON_ROOT = late(
    r"/(?:data|srv|media|workspace|content|work|private|cluster|projects?|storage|datasets?|models?|checkpoints?|root|app|code|export|share|global|experiments|results|runs"
    r"|outputs?|logs?|cache|group|lab|shared|efs|s3|data[0-9]+|nas|workdir|net)/[^/\s]"
)
_ABSOLUTE = late(r"/[\w.@+-]+(?:/[^\n\"'<>|{}*?]*)?")
_PATH_IN_TEXT = late(r"(?<![\w./~:\\<-])/[\w.@+-]+/[^\s\"'`<>|;,)\]}*?{]+")
_PORTABLE = late(
    r"/(?:dev|proc|sys|path/to|path|your|bin/(?:ba|z|da)?sh|usr/bin/env)(?:/.*|$)|//.*|.*(?:<[^>]*>|\{.*\}|\$).*|/[^/]*"
)
_TILDE = late(r"~(?P<user>[A-Za-z_][\w.-]{0,31})?/[^\n\"'<>|]*")
_DRIVE = late(r"[A-Za-z]:(?:\\{1,2}|/)(?:[\w .()@$+-]{2,})(?:[\\/].*)?|[A-Z]:\\")
_SHARE = late(r"\\\\[A-Za-z0-9][\w.-]+\\[\w$.-]{2,}(?:\\.*)?")
_FILE_ADDRESS = late(r"file:(?://(?:localhost)?)?(?=/[^/])")
_SUFFIX = late(r"/[^/]*[^/.]\.[A-Za-z][A-Za-z0-9]{0,9}(?:\.[A-Za-z0-9]{1,5})?$")
_PATH_NAME = late(
    r"(?:^|_)(?:path|paths|dir|dirs|directory|folder|folders|root|file|files|filename|output|outputs|out|cwd|home|cache|ckpt|checkpoint|location|prefix|workspace|workdir"
    r"|src|dest|source|data|dataset|logdir|datadir|savedir|outdir|rundir|script|executable|program|interpreter|python|log|save|store|storage)$"
)
_ROUTE_NAME = late(
    r"(?:^|_)(?:key|keys|route|routes|endpoint|url|uri|pointer|group|node|tag|xpath|api|href|pattern|regex|glob|mount_?point|scope|name|topic)$"
)
_ASSIGNED = late(r"[-+~\w.]*=")


def path_value(name: str, value: str) -> MachinePath | None:
    """Return the path that the string ``value`` under ``name`` is, or None where it is none of one machine."""
    assigned = _ASSIGNED.match(value)
    start = assigned.end() if assigned else 0
    key = assigned[0].rstrip("=") if assigned else name
    address = _FILE_ADDRESS.match(value, start)
    path = value[address.end() if address else start :]
    is_certain = _is_machine_path(plain_name(key), path, is_file_address=address is not None)
    return None if is_certain is None else MachinePath(start, len(value), is_certain)


def _is_machine_path(name: str, path: str, *, is_file_address: bool) -> bool | None:
    if _TILDE.fullmatch(path):
        return True
    if _DRIVE.fullmatch(path):
        return "/" not in path[:3] or not _ROUTE_NAME.search(name)
    if _SHARE.fullmatch(path):
        return _PATH_NAME.search(name) is not None
    if not _ABSOLUTE.fullmatch(path) or _PORTABLE.fullmatch(path):
        return None
    user = path.split("/")[2]
    if path.startswith(("/home/", "/Users/")) and _ANYBODY.fullmatch(user):
        return None
    if is_file_address or _ROOT.match(path):
        return True
    telling = _PATH_NAME.search(name) is not None or _SUFFIX.search(path) is not None
    return _COMMON_ROOT.match(path) is not None and telling and not _ROUTE_NAME.search(name)


def paths_in(text: str) -> Iterator[MachinePath]:
    """Yield the absolute paths in ``text``; certain are those below a folder that only machines have."""
    for match in _PATH_IN_TEXT.finditer(text):
        if not _PORTABLE.fullmatch(match[0]):
            yield MachinePath(match.start(), _end(match), _ROOT.match(match[0]) is not None)


def last_part(path: str) -> str:
    """Return the last part of a path of one machine, where it names nobody; else nothing.

    The second folder of a path is often a person's: `/home/ada`, `/scratch/ada`; not so in a home, as in `~/cache`.
    """
    parts = [part for part in re.split(r"[\\/]+", path.removeprefix("file:")) if part]
    is_deep = len(parts) > (3 if path[1:2] == ":" else 2) - path.startswith(("~", "/root/"))
    last = parts[-1] if parts else ""
    return last if (is_deep or re.fullmatch(r"[^.].*\.[A-Za-z][A-Za-z0-9]{0,9}", last)) and ":" not in last else ""


# --- names ---------------------------------------------------------------------------------------------------------

_NAME_KEY = late(
    r"(?:^|_)(?:hostname|host_name|nodename|computer_?name|machine_?name|username|user_name|login_?name|logname|whoami)$"
)
_PERHAPS_NAME_KEY = late(r"(?:^|_)(?:host|user|node|machine|login)$")
# Where `host` and `user` are those of the machine, and not of a server or of a table.
_SURROUNDINGS = late(
    r"(?:^|_)(?:env|environment|system|machine|platform|uname|slurm|os|runtime|process|hardware|host_?info|sys)$"
)
_NO_NAME = late(
    r"|none|null|localhost|0\.0\.0\.0|127\.[0-9.]+|::1?|\*|root|user|users|admin|nobody|ubuntu|runner|jovyan|guest|anonymous|git|postgres|mysql|default|unknown|n/?a"
    r"|auto|cpu|gpu|tpu|cuda|host|hostname|username|name|string|str|text|object|bytes|category|float(?:16|32|64)?|u?int(?:8|16|32|64)?|bool|true|false|required|optional|leaf|root_?node|.*redacted.*|[0-9a-f]{12,64}"
    r"|[<$%{\[].*|.*_id|.*_?col(?:umn)?|[0-9.:]+",
    re.IGNORECASE,
)
_PLAUSIBLE = late(r"[A-Za-z0-9][\w.@-]{0,63}")
_PROMPT = late(
    r"(?P<user>[A-Za-z_][\w.-]{0,31})@(?P<host>[A-Za-z0-9][\w-]{0,62}(?:\.[\w-]{1,62}){0,6}):[~/][^\s$#]{0,120}[$#](?:\s|$)"
)
_EVENTS = late(r"(?:.*/)?events\.out\.tfevents\.(?P<rest>.*)", re.DOTALL)
_OWN_PARTS = frozenset({"v2", "profile-empty", "runcheck", "localhost", ""})


class MachineName(NamedTuple):
    """The name of a machine or of a person in a text, and whether it is certain to be one."""

    start: int
    end: int
    is_certain: bool


@lru_cache(maxsize=4096)
def is_name_key(name: str) -> bool:
    """Say whether the name of a machine or a person may stand under ``name``."""
    plain = plain_name(name)
    return bool(_NAME_KEY.search(plain) or _PERHAPS_NAME_KEY.search(plain))


def name_value(surroundings: str, name: str, value: str) -> bool | None:
    """Say whether ``value`` names a machine or a person: certainly, perhaps (False), or not (None).

    ``surroundings`` is the name of the object that ``name`` stands in.
    """
    if not _PLAUSIBLE.fullmatch(value) or _NO_NAME.fullmatch(value):
        return None
    if not is_name_key(name):
        return None
    plain = plain_name(name)
    if _NAME_KEY.search(plain):
        return "." not in value or not plain.endswith(("hostname", "host_name"))
    return _SURROUNDINGS.search(plain_name(surroundings)) is not None


def prompts_in(text: str) -> Iterator[MachineName]:
    """Yield each user and host in ``text`` that stand in the prompt of a shell, as ``ada@laptop:~/work$``."""
    at = text.find("@")
    while at >= 0:
        match = None
        if text.startswith((":~", ":/"), _host_end(text, at + 1)):
            start = at
            while start > max(0, at - 32) and (text[start - 1].isalnum() or text[start - 1] in "_.-"):
                start -= 1
            match = _PROMPT.match(text, start)
        if match and not any(_NO_NAME.fullmatch(each) or _ANYBODY.fullmatch(each) for each in match.groups()):
            yield MachineName(match.start(), match.end("host"), is_certain=True)
        at = text.find("@", at + 1)


def _host_end(text: str, at: int) -> int:
    end = text.find(":", at, at + 72)
    return end if end >= 0 else at


def host_of_events(path: str) -> str | None:
    """Return the host that the name of an event file carries; None where it has none.

    ``events.out.tfevents.<second>[.<host>][.<process>[.<count>]][.v2]``, as TensorFlow
    (tensorflow/core/util/events_writer.cc), tensorboardX and PyTorch name them.
    """
    match = _EVENTS.fullmatch(path)
    parts = match["rest"].split(".") if match else []
    named = [part for part in parts if not part.isdigit() and part not in _OWN_PARTS]
    return ".".join(named) if named else None
