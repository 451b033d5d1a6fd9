"""How what a run ran on differs from what is here, or from what another one ran on."""

import platform
from collections.abc import Iterator, Mapping

from runcheck.convention.documents import Env, Metadata
from runcheck.errors import listed
from runcheck.reproduce.command import env_of
from runcheck.writer.provenance.environment import installed_packages

_NAMED, _BETWEEN = 8, "; "  # packages in a line


def package_differences(packages: Mapping[str, str]) -> dict[str, str | None]:
    """Return the packages that are here in another version than in ``packages``, or not at all (None)."""
    here = {_plain(name): version for name, version in installed_packages().items()}
    return {name: here.get(_plain(name)) for name, version in packages.items() if here.get(_plain(name)) != version}


def differences_here(env: Env) -> Iterator[str]:
    """Yield how the interpreter and the packages of a run differ from those of this process."""
    if env["python"] != platform.python_version():
        yield f"Python was {env['python']}, and is {platform.python_version()} here"
    different = package_differences(env["packages"])
    named = [f"{name} {env['packages'][name]} ({there or 'none'} here)" for name, there in different.items()]
    if named:
        yield f"{len(named):,} of {len(env['packages']):,} packages differ: {listed(named, _NAMED, _BETWEEN)}"


def differences_between(original: Metadata, again: Metadata) -> Iterator[str]:
    """Yield how two runs differ in what their numbers may depend on."""
    env, other = env_of(original), env_of(again)
    for what, first, second in (
        ("configuration", original["config"]["sha256"][:12], again["config"]["sha256"][:12]),
        ("seeds", original["seeds"], again["seeds"]),
        ("data", original["data_provenance"], again["data_provenance"]),
        ("Python", env["python"], other["python"]),
        ("platform", env["platform"], other["platform"]),
        ("processor", env["hardware"]["cpu"], other["hardware"]["cpu"]),
        ("cores", env["hardware"]["cores"], other["hardware"]["cores"]),
        ("devices", env["devices"], other["devices"]),
    ):
        if first != second:
            yield f"{what}: {first} then, {second} now"
    maps: tuple[tuple[str, Mapping[str, object], Mapping[str, object]], ...] = (
        ("driver", env.get("drivers", {}), other.get("drivers", {})),
        ("variable", env.get("variables", {}), other.get("variables", {})),
        ("setting", env.get("jax", {}), other.get("jax", {})),
        ("lock file", _short(env.get("lock_files", {})), _short(other.get("lock_files", {}))),
        ("package", env["packages"], other["packages"]),
    )
    for what, these, those in maps:
        names = [name for name in sorted({*these, *those}) if these.get(name) != those.get(name)]
        told = [f"{name}: {these.get(name, 'none')} then, {those.get(name, 'none')} now" for name in names]
        if told:
            yield f"{what} {listed(told, _NAMED, _BETWEEN)}"


def _short(sums: Mapping[str, str]) -> dict[str, str]:
    return {name: sha256[:12] for name, sha256 in sums.items()}


def _plain(name: str) -> str:
    """Return the name of a package as indexes compare it (PyPA, "Names and normalization")."""
    return "-".join(part for part in name.lower().replace("_", "-").replace(".", "-").split("-") if part)
