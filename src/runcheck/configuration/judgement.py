"""What a check judges by, and what becomes of its findings: a file's configuration and a command's options, joined."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from runcheck.configuration.find import REPOSITORY, find, find_in, read
from runcheck.convention.clauses import clauses
from runcheck.convention.settings import Settings
from runcheck.depth import Depth
from runcheck.errors import CannotCheckError, ConfigurationError
from runcheck.judgement import Judgement
from runcheck.rules.selection import EVERYTHING, NOTHING, Selection, UnknownClauseError, assert_known, select
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
    signers: tuple[str, ...] = ()


class Said(NamedTuple):
    """What a configuration says: how trees are judged, and where these are; wherever they are if it names none."""

    judgement: Judgement
    roots: tuple[str, ...] = ()


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
    convention = _named(asked, configuration)
    return _judgement(asked, configuration, convention, _selection(asked, configuration, _known(convention)))


def judgement_by_main(path: str, asked: Asked) -> Judgement:
    """Return what a tree of the main convention is judged by where a configuration may name another one too.

    Raises:
        ConfigurationError, UnknownClauseError, ConventionError: as :func:`judgement_for`.
    """
    configuration = _configuration(asked, path)
    named = _named(asked, configuration)
    if named is None:
        return judgement_for(path, asked)
    selection = _selection(asked, configuration, clauses(), _known(named))
    return _judgement(asked, configuration, None, selection)


def said_in(folder: str, asked: Asked, *, is_top: bool) -> Said | None:
    """Return what is said in a folder of a repository of trees of conventions of one's own, at or below it.

    That is what the configuration in the folder says; at the top of the repository also what options say, and what
    stands above. None where nothing is said there.

    Raises:
        ConfigurationError, UnknownClauseError, ConventionError: as :func:`judgement_for`.
    """
    if is_top:
        configuration = _configuration(asked, folder)
    elif asked.config is not None or asked.is_isolated or asked.convention or (source := find_in(folder)) is None:
        return None
    else:
        from runcheck.configuration.configuration import configuration_of  # noqa: PLC0415 - as below

        configuration = configuration_of(source)
    convention = _named(asked, configuration)
    if convention is None:
        return Said(Judgement())
    selection = _selection(asked, configuration, _known(convention), clauses())
    roots = tuple(configuration.roots) if configuration else ()
    return Said(_judgement(asked, configuration, convention, selection), roots)


def _named(asked: Asked, configuration: "Configuration | None") -> str | None:
    return asked.convention or (configuration.convention if configuration else None)


def _judgement(
    asked: Asked, configuration: "Configuration | None", convention: str | None, selection: Selection
) -> Judgement:
    return Judgement(
        asked.depth,
        asked.pedantic,
        selection,
        _settings(asked, configuration),
        _treatment(asked, configuration),
        configuration.path if configuration else None,
        convention,
    )


def convention_for(path: str) -> str | None:
    """Return the convention of one's own that the configuration above ``path`` names, at which nothing need be.

    Raises:
        ConfigurationError: it cannot be read.
    """
    folder = os.path.realpath(path)
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    if (source := find(folder)) is None:
        return None
    from runcheck.configuration.configuration import configuration_of  # noqa: PLC0415 - as below

    return configuration_of(source).convention


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
    paths = asked.signers or (configuration.signers if configuration else ())
    if not paths:
        return settings
    from runcheck.configuration.signers import signers_of  # noqa: PLC0415 - few ask who signed

    return settings._replace(signers=signers_of(paths))


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


def _selection(
    asked: Asked,
    configuration: "Configuration | None",
    known: "Mapping[str, Clause]",
    others: "Mapping[str, Clause] | None" = None,
) -> Selection:
    """Return the clauses to judge by. What an option names beats what the file says of it, and of what begins so.

    Codes of the ``others``, if there are any, are passed over: they are for trees that are judged by these.
    """
    table = configuration.table if configuration else {}
    chosen = [*asked.select, *asked.extend_select]
    selected = list(asked.select or table.get("select", ()))
    further = [*(() if asked.select else table.get("extend-select", ())), *asked.extend_select]
    ignored = [code for code in configuration.ignored if not code.startswith(tuple(chosen))] if configuration else []
    dropped = [code for code in (*selected, *further) if code.startswith(asked.ignore) and code not in chosen]
    assert_known((*chosen, *asked.ignore), {*known, *(others or ())})
    if configuration:
        _assert_known(configuration, {*known, *clauses(), *(others or ())})
        ignored = _fitting(ignored, known)
    ignored += [*asked.ignore, *dropped]
    if others is not None:
        was_selected = bool(selected)
        selected, further, ignored = (_fitting(each, known) for each in (selected, further, ignored))
        if was_selected and not selected:  # no prefix at all would stand for every clause
            selected, further = further, []
            if not selected:
                return NOTHING
    if not selected and not further and not ignored:
        return EVERYTHING
    if selected:  # what is not asked for need not be ignored, nor does the report then say so
        ignored = [code for code in ignored if any(_overlap(code, each) for each in (*selected, *further))]
    found = Selection(*(tuple(sorted(set(each))) for each in (selected, ignored, further)))
    if others is not None and not any(map(found.has, known)):
        return NOTHING
    return select(selected, ignored, further, known)


def _fitting(codes: Iterable[str], known: "Mapping[str, Clause]") -> list[str]:
    return [each for each in codes if any(code.startswith(each) for code in known)]


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
