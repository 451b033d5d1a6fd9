"""Secrets, and what belongs to this machine, are taken out before the first byte is written.

What is looked for, and what the linter reports, are the same words: those of :mod:`runcheck.convention.words`.
"""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from runcheck.convention.documents import Redaction
from runcheck.convention.machine import last_part, path_value, paths_in
from runcheck.convention.secrets import REDACTED, is_secret
from runcheck.convention.words import Word, assignment, names_of_items, words_in, words_of_value

_ROUNDS = 8
_REASONS = {
    "secret": "looks like a secret",
    "address": "an address with a user name",
    "path": "a path of this machine",
    "name": "the name of a machine or a person",
    "redacted": "was given so",
}


@dataclass
class Redactor:
    """Takes words out of what is written, and remembers where.

    A path below one of ``folders``, the repository and the working folder, becomes relative to it.
    """

    folders: tuple[str, ...]
    redactions: list[Redaction] = field(default_factory=list)

    def document(self, value: object, where: str, name: str = "", surroundings: str = "") -> object:
        """Return a value of a document without what does not belong there.

        ``where`` is its place, as ``config#/wandb``, ``name`` the key that it stands under, in an object that itself
        stands under ``surroundings``.
        """
        match value:
            case dict():
                return self._mapping(value, where, name)
            case list():
                names = names_of_items(value, name)
                return [
                    self.document(each, f"{where}/{index}", of, surroundings)
                    for index, (each, of) in enumerate(zip(value, names, strict=True))
                ]
            case str():
                return self._string(value, where, name, surroundings)
        return value

    def text(self, text: str, where: str) -> str:
        """Return a text for people without what does not belong there; it may stand in a document by itself."""
        name = where.rpartition("/")[2] if "#" in where else ""
        return self._settled(text, where, lambda each: self._string_once(self._text_once(each, where), where, name, ""))

    def _text_once(self, text: str, where: str) -> str:
        words = words_in(text)
        paths = [
            Word("path", "", each.start, each.end, each.is_certain)
            for each in paths_in(text)
            if (each.is_certain or self._is_known(text[each.start : each.end]))
            and not any(word.start < each.end and each.start < word.end for word in words)
        ]
        return self._replaced(text, sorted([*words, *paths], key=lambda word: word.start), where)

    def bytes(self, content: bytes, where: str) -> bytes:
        """Return a text of any encoding, as a program or its difference is, without what does not belong there."""
        text = content.decode("latin-1")
        # A program may well hold the first line of a private key, to look for it; what is not certain stays.
        words = [word for word in words_in(text) if word.is_certain and word.kind != "redacted"]
        clean = self._replaced(text, words, where, line_by_line=True)
        return content if clean == text else clean.encode("latin-1", "replace")

    def note(self, where: str, reason: str) -> None:
        """Remember a place, once."""
        if not any(each["where"] == where for each in self.redactions):
            self.redactions.append({"where": where, "reason": reason})

    def portable(self, path: str) -> str:
        """Return a path of this machine as one of any machine, or what may be said of it."""
        full = os.path.expanduser(path.removeprefix("file://").removeprefix("localhost"))
        for folder in self.folders if os.path.isabs(full) else ():
            relative = _relative(full, folder) or _relative(os.path.realpath(full), os.path.realpath(folder))
            if relative is not None:
                return relative
        home = os.path.expanduser("~")
        within = _relative(full, home) if len(home) > 1 else None  # one place has one name, `~/cache` or in full
        last = last_part(path if within is None else f"~/{within}")
        return f"{REDACTED}/{last}" if last and within != "." else REDACTED

    def _mapping(self, value: dict[str, object], where: str, name: str) -> dict[str, object]:
        clean: dict[str, object] = {}
        for key, each in value.items():
            new = self._settled(key, None, lambda each: self._string_once(each, None, "", ""))
            new = f"{new} {len(clean)}" if new in clean else new
            pointer = f"{where}/{new.replace('~', '~0').replace('/', '~1')}"
            if new != key or REDACTED in key:
                self.note(pointer, "its name held what looks like a secret or belongs to this machine")
            clean[new] = self.document(each, pointer, key, name)
        return clean

    def _string(self, value: str, where: str, name: str, surroundings: str) -> str:
        return self._settled(value, where, lambda each: self._string_once(each, where, name, surroundings))

    def _string_once(self, value: str, where: str | None, name: str, surroundings: str) -> str:
        words = words_of_value(value, name, surroundings)
        if any(word.kind in ("secret", "address") for word in words):
            return self._replaced(value, words, where)
        key, begin = assignment(value, name)
        if is_secret(key, value[begin:]):
            return self._replaced(value, [Word("secret", "", begin, len(value), is_certain=True)], where)
        path = path_value(name, value)
        if path is not None and (path.is_certain or self._is_known(value[path.start :])):
            words = [Word("path", "", path.start, path.end, is_certain=True)]
        return self._replaced(value, words, where)

    def _settled(self, text: str, where: str | None, once: Callable[[str], str]) -> str:
        """Return ``text`` with words taken out until there are none: what is left of two may read as a third."""
        for _ in range(_ROUNDS):
            clean = once(text)
            if clean == text:
                return text
            text = clean
        if where is not None:
            self.note(where, _REASONS["secret"])
        return REDACTED

    def _replaced(self, text: str, words: Sequence[Word], where: str | None, *, line_by_line: bool = False) -> str:
        """Return ``text`` with each word replaced, and note the place where there was any that is no replacement."""
        out, end = [], 0
        for word in words:
            part = text[word.start : word.end]
            if word.kind == "path" and not word.is_certain:
                continue
            match word.kind:
                case "redacted":
                    new = part
                case "address":
                    new = ""
                case "path":
                    new = self.portable(part)
                case _:
                    new = _each_line(part) if line_by_line else REDACTED
            out += [text[end : word.start], new]
            end = word.end
            if where is not None:
                self.note(where, _REASONS[word.kind])
        return "".join([*out, text[end:]])

    def _is_known(self, path: str) -> bool:
        """Say whether an absolute path lies in a folder that this machine has."""
        known = (*self.folders, os.path.expanduser("~"), tempfile.gettempdir())
        return any(_relative(path, folder) is not None for folder in known if len(folder) > 1)


def _relative(path: str, folder: str) -> str | None:
    if not os.path.isabs(path):
        return None
    relative = os.path.relpath(path, folder)
    outside = relative == os.pardir or relative.startswith(os.pardir + os.sep) or os.path.isabs(relative)
    return None if outside else relative.replace(os.sep, "/")


def _each_line(text: str) -> str:
    """Return a replacement with as many lines as ``text``, each with its mark: a difference stays one."""
    lines = text.splitlines(keepends=True)
    if len(lines) <= 1:
        return REDACTED
    return "".join(
        (line[0] if at and line[0] in "+- " else "") + REDACTED + line[len(line.rstrip("\r\n")) :]
        for at, line in enumerate(lines)
    )
