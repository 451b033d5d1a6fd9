"""``layout.toml``: which path is what, and what a unit of a kind and status must hold."""

import fnmatch
import re
import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from runcheck.convention.files import convention_text
from runcheck.convention.names import REMEMBERED, pattern

_PLACE = re.compile(r"<(?P<name>[a-z-]+)>|(?P<any>\*\*)|(?P<part>\*)")


class Kind(NamedTuple):
    """A kind of unit: its folder in the root, folder names that are mistaken for it, and the form of its slugs."""

    name: str
    folder: str
    mistaken: tuple[str, ...]
    slug: str


class PathForm(NamedTuple):
    """A path of ``layout.toml``: it may hold the names of forms in ``<>``, ``*`` for a part and ``**`` for any."""

    text: str
    start: str  # before the first of them

    def fits(self, path: str) -> bool:
        """Say whether this is a path of that form."""
        if not path.startswith(self.start):
            return False
        return path == self.text if self.start == self.text else _compiled(self.text).fullmatch(path) is not None


class Role(NamedTuple):
    """What the convention says a path of a unit is."""

    name: str
    paths: tuple[str, ...]
    forms: tuple[PathForm, ...]
    kinds: tuple[str, ...]
    format: str | None
    schema: str | None
    several: bool
    required: Mapping[str, tuple[str, ...]]


class FolderFormat(NamedTuple):
    """Folders of a unit that are looked into as a whole, and the format that they are in."""

    form: PathForm
    format: str
    kinds: tuple[str, ...]


class Limits(NamedTuple):
    """Bounds: bytes, but for the depth in levels, the number of series and the age of a heartbeat in seconds."""

    document_bytes: int
    document_depth: int
    document_values: int
    line_bytes: int
    event_bytes: int
    name_bytes: int
    signature_bytes: int
    metric_series: int
    lfs_bytes: int
    registry_config_bytes: int
    heartbeat_seconds: int


class Surroundings(NamedTuple):
    """What is recorded of the surroundings of a run: names of lock files, of variables, of JAX's settings."""

    locks: tuple[str, ...]
    variables: tuple[str, ...]
    not_variables: tuple[str, ...]
    jax: tuple[str, ...]

    def is_lock(self, name: str) -> bool:
        """Say whether a file of this name fixes the versions of packages."""
        return any(fnmatch.fnmatchcase(name, each) for each in self.locks)

    def is_variable(self, name: str) -> bool:
        """Say whether the variable of this name changes what a run comes to."""
        return any(fnmatch.fnmatchcase(name, each) for each in self.variables) and not any(
            fnmatch.fnmatchcase(name, each) for each in self.not_variables
        )


class Layout(NamedTuple):
    """The whole of ``layout.toml``."""

    schema_version: str
    registry: str
    latest: str
    state: str
    extension_schemas: str
    root_also: tuple[str, ...]
    placeholders: frozenset[str]
    kinds: Mapping[str, Kind]
    roles: Mapping[str, Role]
    folders: tuple[FolderFormat, ...]
    leftovers: tuple[str, ...]
    trackers: frozenset[str]
    mandatory_tags: Mapping[str, tuple[str, ...]]
    optional_tags: Mapping[str, tuple[str, ...]]
    tag_values: Mapping[str, tuple[str, ...]]
    readme_sections: tuple[str, ...]
    readme_placeholder: str
    never_excepted: tuple[str, ...]
    signature_roles: tuple[str, ...]
    namespace: str
    lfs_roles: tuple[str, ...]
    environment_files: tuple[str, ...]
    environment_examples: tuple[str, ...]
    surroundings: Surroundings
    limits: Limits

    def path(self, role: str, *, suffix: str = "") -> str:
        """Return the path of ``role``: its first, or the one of its paths that ends in ``suffix``."""
        return next(path for path in self.roles[role].paths if path.endswith(suffix))

    def role_of(self, path: str, kind: str) -> Role | None:
        """Return the role of ``path``, relative to a unit of ``kind``, or None where the layout has none for it."""
        return _role_of(path, kind)

    def folder_format(self, path: str, kind: str) -> str | None:
        """Return the format of the folder ``path`` of a unit of ``kind``, or None where it is only a folder."""
        return _folder_format(path, kind)

    def folder_of(self, role: str) -> str:
        """Return the folder in a unit that holds the files of ``role``."""
        return self.path(role).partition("/")[0]

    def is_unlisted(self, path: str) -> bool:
        """Say whether a file of a unit is no part of what its checksum list seals: the list, and signatures of it."""
        return any(path in self.roles[role].paths for role in ("checksums", *self.signature_roles))

    def is_leftover(self, name: str) -> bool:
        """Say whether an interrupted write leaves files or folders of this name."""
        return _is_leftover(name)

    def kind_of_folder(self, folder: str) -> Kind | None:
        """Return the kind that lives in ``folder``, also where the folder's name is a known mistake."""
        exact = next((kind for kind in self.kinds.values() if kind.folder == folder), None)
        return exact or next((kind for kind in self.kinds.values() if folder in kind.mistaken), None)


@lru_cache(REMEMBERED)
def _role_of(path: str, kind: str) -> Role | None:
    roles = (role for role in layout().roles.values() if kind in role.kinds)
    return next((role for role in roles if any(form.fits(path) for form in role.forms)), None)


@lru_cache(REMEMBERED)
def _folder_format(path: str, kind: str) -> str | None:
    return next((each.format for each in layout().folders if kind in each.kinds and each.form.fits(path)), None)


@lru_cache(REMEMBERED)
def _is_leftover(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, wildcard) for wildcard in layout().leftovers)


@cache
def layout() -> Layout:
    """Return the layout of the convention."""
    raw = tomllib.loads(convention_text("schemas", "layout.toml"))
    root, tags = raw["root"], raw["tags"]
    kinds = {
        name: Kind(name, kind["folder"], tuple(kind["mistaken"]), kind["slug"]) for name, kind in raw["kinds"].items()
    }
    return Layout(
        schema_version=raw["schema_version"],
        registry=root["registry"],
        latest=root["latest"],
        state=root["state"],
        extension_schemas=root["extension_schemas"],
        root_also=tuple(root["also"]),
        placeholders=frozenset(root["placeholders"]),
        kinds=kinds,
        roles={name: _role(name, role, tuple(kinds)) for name, role in raw["roles"].items()},
        folders=tuple(
            FolderFormat(_form(each["path"]), each["format"], tuple(each["kinds"])) for each in raw["folders"].values()
        ),
        leftovers=tuple(raw["leftovers"]["names"]),
        trackers=frozenset(raw["trackers"]["names"]),
        mandatory_tags=_tuples(tags["mandatory"]),
        optional_tags=_tuples(tags["optional"]),
        tag_values=_tuples(tags["values"]),
        readme_sections=tuple(raw["readme"]["sections"]),
        readme_placeholder=raw["readme"]["placeholder"],
        never_excepted=tuple(raw["exceptions"]["never"]),
        signature_roles=tuple(raw["signatures"]["roles"]),
        namespace=raw["signatures"]["namespace"],
        lfs_roles=tuple(raw["git"]["lfs"]),
        environment_files=tuple(raw["git"]["environment"]),
        environment_examples=tuple(raw["git"]["environment_examples"]),
        surroundings=Surroundings(**_tuples(raw["provenance"])),
        limits=Limits(**raw["limits"]),
    )


def _tuples(table: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(values) for key, values in table.items()}


def _role(name: str, role: dict[str, object], kinds: tuple[str, ...]) -> Role:
    match role:
        case {"paths": list(paths)}:
            pass
        case _:
            raise ValueError(f"layout.toml: role {name} has no paths")
    required = role.get("required", {})
    own_kinds = role.get("kinds", kinds)
    format_, schema = role.get("format"), role.get("schema")
    return Role(
        name=name,
        paths=tuple(map(str, paths)),
        forms=tuple(_form(str(path)) for path in paths),
        kinds=tuple(own_kinds) if isinstance(own_kinds, (list, tuple)) else kinds,
        format=format_ if isinstance(format_, str) else None,
        schema=schema if isinstance(schema, str) else None,
        several=role.get("several") is True,
        required=_tuples(required) if isinstance(required, dict) else {},
    )


def _form(path: str) -> PathForm:
    return PathForm(path, path[: min(at for at in (path.find("<"), path.find("*"), len(path)) if at >= 0)])


@cache
def _compiled(path: str) -> re.Pattern[str]:
    """Return the regular expression that a path of ``layout.toml`` stands for."""
    out, end = "", 0
    for place in _PLACE.finditer(path):
        out += re.escape(path[end : place.start()])
        end = place.end()
        if place["name"]:
            out += f"(?:{pattern(place['name']).pattern})"
        else:
            out += ".*" if place["any"] else "[^/]*"
    return re.compile(out + re.escape(path[end:]), re.DOTALL)
