"""What a path is to the convention."""

import os
from collections.abc import Iterator
from typing import NamedTuple

from runcheck.convention.clauses import Clause
from runcheck.convention.exports import EXPORT_SUFFIXES
from runcheck.convention.layout import Kind, Role, layout
from runcheck.convention.names import is_name, words
from runcheck.convention.versions import scheme_of
from runcheck.explain.concerns import Above, concerns_above, concerns_of_file
from runcheck.explain.spot import Spot, spot_of
from runcheck.probes import format_of, suffix_of

_SLUG, _UNIT = 2, 3  # how many parts the path of a slug has, and that of a unit


class Meaning(NamedTuple):
    """A path in words: what it is, its tree and its unit, and facts of it by name.

    ``clauses`` concern it as what it is, ``general`` as any file of a unit.
    """

    what: str
    root: str
    path: str
    facts: tuple[tuple[str, str], ...]
    clauses: tuple[Clause, ...]
    general: tuple[Clause, ...] = ()


def explain(path: str) -> Meaning:
    """Return what ``path`` is to the convention; nothing needs to be there.

    Raises:
        CannotCheckError: it lies in no tree of artefacts.
    """
    spot = spot_of(path)
    parts = spot.below.split("/") if spot.below else []
    kind = layout().kind_of_folder(parts[0]) if parts else None
    if kind is None:
        what, place = _in_root(spot.below)
        return Meaning(what, *spot, tuple(there(spot)), concerns_above(place))
    if len(parts) <= _UNIT:
        what, place = _above_files(kind, parts)
        facts = (*_of_names(kind, parts), *there(spot))
        return Meaning(what, *spot, facts, concerns_above(place))
    return _in_unit(spot, kind, "/".join(parts[_UNIT:]))


def _in_root(below: str) -> tuple[str, Above]:
    conv = layout()
    first = below.partition("/")[0]
    before, _, after = conv.extension_schemas.partition("<extension>")
    if not below:
        return "the root of a tree of artefacts", "root"
    if below == conv.registry:
        return "the registry: one row a unit, made of their metadata by 'runcheck index'", "registry"
    if below.startswith(before) and below.endswith(after):
        return "the schema of an extension, which metadata are validated by where they have it", "schema"
    if first == conv.state:
        return "state of the tools, which is no part of the record: it is not checked and may be removed", "root"
    if first in conv.placeholders or first in conv.root_also:
        return "beside the kinds; it may be there, and nothing is expected of it", "root"
    return "nothing that the convention knows: it belongs into a unit, or out of the tree", "stray"


def _above_files(kind: Kind, parts: list[str]) -> tuple[str, Above]:
    if len(parts) == 1:
        return f"the folder of every {_noun(kind)}", "kind"
    if len(parts) == _SLUG:
        return f"the versions of one {_noun(kind)}", "slug"
    if parts[-1] == layout().latest:
        return "the pointer to the newest completed version: a relative link, or a text file with its name", "latest"
    return f"a unit: one version of a {_noun(kind)}", "unit"


def _in_unit(spot: Spot, kind: Kind, inner: str) -> Meaning:
    parts = spot.below.split("/")
    role = layout().role_of(inner, kind.name)
    held = role or _role_held(inner, kind)
    name = parts[-1]
    format_ = role.format if role and role.format else (format_of(inner, b"") or _folder_format(kind, inner))
    facts = [("unit", f"{'/'.join(parts[:_UNIT])}, a {_noun(kind)}"), *_of_names(kind, parts[:_UNIT])]
    if name in layout().placeholders:
        return Meaning("a placeholder, which is no content", *spot, (*facts, *there(spot)), ())
    if role is not None:
        facts += _of_role(role, kind)
    if format_:
        facts.append(("format", _of_people(format_, inner)))
    own, general = concerns_of_file(held.name if held else None, format_)
    what = f"the folder of {_words(held)}" if held and not role else _what(role, inner)
    return Meaning(what, *spot, (*facts, *there(spot)), own, general)


def _role_held(inner: str, kind: Kind) -> Role | None:
    """Return the role of what lies in a folder, where the layout knows such a folder."""
    inside = layout().role_of(f"{inner}/x", kind.name)
    roles = (role for role in layout().roles.values() if kind.name in role.kinds)
    return inside or next((role for role in roles if any(form.start == f"{inner}/" for form in role.forms)), None)


def _what(role: Role | None, inner: str) -> str:
    if any(layout().is_leftover(part) for part in inner.split("/")):
        return "what an interrupted write leaves behind: it belongs removed (RC115)"
    if any(part in layout().trackers for part in inner.split("/")[:-1]):
        return "in the folder of an experiment tracker, which belongs out of the unit (RC117)"
    if role is None:
        return f"nothing that the convention knows (RC106); {layout().folder_of('extra')}/ may hold anything"
    return f"among the files of {_words(role)}" if role.several else f"the {_words(role)}"


def _words(role: Role) -> str:
    return role.name.replace("_", " ")


def _of_role(role: Role, kind: Kind) -> Iterator[tuple[str, str]]:
    yield "role", role.name
    if not role.several and len(role.paths) > 1:
        yield "one of", " or ".join(role.paths)
    if statuses := role.required.get(kind.name):
        always = layout().roles["metadata"].required[kind.name]
        yield "required", "always" if statuses == always else f"in a unit that is {' or '.join(statuses)}"
    else:
        yield "required", "no"
    if role.schema:
        yield "schema", role.schema


def _of_names(kind: Kind, parts: list[str]) -> Iterator[tuple[str, str]]:
    if parts[0] != kind.folder:
        yield "kind", f"{kind.name}, whose folder is {kind.folder}/ and not {parts[0]}/ (RC101)"
    else:
        yield "kind", kind.name
    if len(parts) >= _SLUG:
        slug = parts[1]
        yield "slug", slug if is_name(kind.slug, slug) else f"{slug}, which is not {words(kind.slug)} (RC103)"
    if len(parts) >= _UNIT and parts[2] != layout().latest:
        scheme = scheme_of(parts[2])
        yield "version", f"{parts[2]} ({scheme})" if scheme else f"{parts[2]}, which is not {words('version')} (RC104)"


def _folder_format(kind: Kind, inner: str) -> str | None:
    """Return the format of the folder that a file is part of, or that the path is."""
    parts = inner.split("/")
    folders = ("/".join(parts[:count]) for count in range(1, len(parts) + 1))
    return next((found for each in folders if (found := layout().folder_format(each, kind.name))), None)


def _of_people(format_: str, path: str) -> str:
    """Return what people call a format: we name those of one reader alike."""
    if format_ == "pickle":  # or what may hold one
        return next((name for name, suffixes in EXPORT_SUFFIXES.items() if suffix_of(path) in suffixes), format_)
    return {"packed": "archive", "closed": "archive, which is not looked into"}.get(format_, format_)


def _noun(kind: Kind) -> str:
    return {"dataset": "dataset", "model": "training run"}.get(kind.name, kind.name)


def there(spot: Spot) -> Iterator[tuple[str, str]]:
    """Yield as a fact what is at a place."""
    path = os.path.join(spot.root, spot.below)
    if os.path.islink(path):
        yield "there", f"a link to {os.readlink(path)}"
    elif os.path.isdir(path):
        yield "there", "a folder"
    elif os.path.isfile(path):
        yield "there", f"a file of {os.path.getsize(path):,} bytes"
    else:
        yield "there", "nothing yet" if not os.path.lexists(path) else "neither a file nor a folder (RC107)"
