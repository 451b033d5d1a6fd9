"""What a check judges by, and what becomes of its findings: a file's configuration and a command's options, joined."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from runcheck.configuration.find import REPOSITORY, find, read
from runcheck.convention.clauses import clauses
from runcheck.convention.settings import Settings
from runcheck.depth import Depth
from runcheck.errors import CannotCheckError, ConfigurationError
from runcheck.judgement import Judgement
from runcheck.rules.selection import EVERYTHING, Selection, UnknownClauseError, assert_known, select
from runcheck.tree.locate import is_url, locate

if TYPE_CHECKING:
    from runcheck.configuration.configuration import Configuration
    from runcheck.configuration.treatment import Treatment
    from runcheck.convention.clauses import Clause


class Asked(NamedTuple):
    """What the options of a command ask for; they beat what a file says."""

    depth: Depth = "content"
    pedantic: bool = False
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    config: str | None = None
    is_isolated: bool = False
    baseline: str | None = None
    is_baseline_written: bool = False
    convention: str | None = None
    signers: str | None = None


def codes_in(text: str) -> tuple[str, ...]:
    """Return the codes in the value of an option, which has commas between them."""
    return tuple(each.strip() for each in text.split(",")) if text else ()


def judgement_for(path: str, asked: Asked = Asked()) -> Judgement:  # noqa: B008 - it does not change
    """Return what the tree that ``path`` is, or lies in, is judged by.

    Raises:
        ConfigurationError: a configuration cannot be read, or asks for what there is not.
        UnknownClauseError: an option names no clause.
        ConventionError: the convention that is named is none.
    """
    configuration = _configuration(asked, path)
    if configuration is None and asked == Asked(asked.depth, asked.pedantic):
        return Judgement(asked.depth, asked.pedantic)
    convention = asked.convention or (configuration.convention if configuration else None)
    return Judgement(
        asked.depth,
        asked.pedantic,
        _selection(asked, configuration, _known(convention)),
        _settings(asked, configuration),
        _treatment(asked, configuration),
        configuration.path if configuration else None,
        convention,
    )


def paths_of(paths: Sequence[str], asked: Asked, usual: str) -> Sequence[str]:
    """Return what is to be checked: ``paths``, or where there are none the roots of the configuration from here."""
    if paths:
        return paths
    configuration = _configuration(asked, None)
    return (configuration.roots if configuration else []) or [usual]


def _configuration(asked: Asked, path: str | None) -> "Configuration | None":
    """Return the configuration for ``path``."""
    if asked.config is not None:
        source = read(asked.config)
    elif asked.is_isolated:
        return None
    else:
        found = find(_start(path))
        if found is None:
            return None
        source = found
    from runcheck.configuration.configuration import configuration_of  # noqa: PLC0415 - as above

    return configuration_of(source)


def _start(path: str | None) -> str:
    """Return where a configuration for ``path`` is looked for first: above its tree.

    Of a URL, and of None, it is the working folder. A tree of another convention may be all of the project: there it is
    the folder itself, if a person is in it, or in a folder of it, or it is the top of a repository; what was handed
    over is neither.
    """
    here = os.getcwd()
    if path is None or is_url(path):
        return here
    try:
        return os.path.dirname(locate(path).root)
    except CannotCheckError:
        whole = os.path.realpath(path)
        is_within = f"{os.path.realpath(here)}{os.sep}".startswith(f"{whole.rstrip(os.sep)}{os.sep}")
        is_own = is_within or os.path.lexists(os.path.join(whole, REPOSITORY))
        return whole if is_own else os.path.dirname(whole)


def _settings(asked: Asked, configuration: "Configuration | None") -> Settings:
    settings = configuration.settings if configuration else Settings()
    if asked.signers is None:
        return settings
    from runcheck.configuration.signers import read_signers  # noqa: PLC0415 - few ask who signed

    return settings._replace(signers=read_signers(asked.signers))


def _known(convention: str | None) -> "Mapping[str, Clause]":
    if convention is None:
        return clauses()
    from runcheck.conventions.load import clauses_of, load  # noqa: PLC0415 - few have one

    return clauses_of(load(convention))


def _treatment(asked: Asked, configuration: "Configuration | None") -> "Treatment | None":
    """Return what becomes of findings. Where a baseline is written the one before says nothing."""
    from runcheck.configuration.treatment import treatment_of  # noqa: PLC0415 - most trees have no configuration

    named = asked.baseline or (configuration.baseline if configuration else None)
    return treatment_of(configuration, None if asked.is_baseline_written else named)


def _selection(asked: Asked, configuration: "Configuration | None", known: "Mapping[str, Clause]") -> Selection:
    """Return the clauses to judge by. What an option names beats what the file says of it, and of what begins so."""
    table = configuration.table if configuration else {}
    chosen = [*asked.select, *asked.extend_select]
    selected = list(asked.select or table.get("select", ()))
    further = [*(() if asked.select else table.get("extend-select", ())), *asked.extend_select]
    ignored = [code for code in configuration.ignored if not code.startswith(tuple(chosen))] if configuration else []
    dropped = [code for code in (*selected, *further) if code.startswith(asked.ignore) and code not in chosen]
    assert_known((*chosen, *asked.ignore), known)
    if configuration:
        _assert_known(configuration, {*known, *clauses()})
        ignored = [each for each in ignored if any(code.startswith(each) for code in known)]
    if not selected and not further and not ignored and not asked.ignore:
        return EVERYTHING
    ignored += [*asked.ignore, *dropped]
    if selected:  # what is not asked for need not be ignored, nor does the report then say so
        ignored = [code for code in ignored if any(_overlap(code, each) for each in (*selected, *further))]
    return select(selected, ignored, further, known)


def _overlap(code: str, other: str) -> bool:
    return code.startswith(other) or other.startswith(code)


def _assert_known(configuration: "Configuration", known: set[str]) -> None:
    """Hold each code of a file to those of the clauses.

    Raises:
        ConfigurationError: one begins no code.
    """
    table = configuration.table
    of_paths = [code for codes in table.get("per-path-ignores", {}).values() for code in codes]
    for key, codes in (
        ("select", table.get("select", [])),
        ("extend-select", table.get("extend-select", [])),
        ("ignore", table.get("ignore", [])),
        ("per-path-ignores", of_paths),
        ("levels", list(table.get("levels", {}))),
    ):
        try:
            assert_known(codes, known)
        except UnknownClauseError as error:
            raise ConfigurationError(f"{configuration.path}: {key}: {error}") from None
