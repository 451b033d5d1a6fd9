"""Files of a run that no part of the convention asks for: copied below ``extra/``, each within a limit."""

import os
import shutil
from collections.abc import Collection, Mapping

from runcheck.adopt.source import Source
from runcheck.convention.layout import layout
from runcheck.errors import CannotReadError, InvalidArgumentError
from runcheck.writer.attachments import clean_text
from runcheck.writer.places import checked_path, make_folders
from runcheck.writer.provenance.redaction import Redactor

_CHUNK = 1 << 20
_SHOWN = 3


def artifacts_in(source: Source, above: str, checkpoints: Collection[str]) -> dict[str, str]:
    """Return the files of a source whose paths begin with ``above``, but for those of checkpoints, by their paths.

    What stands behind ``above`` is what they are called.
    """
    folders = tuple(f"{folder}/" for folder in checkpoints)
    paths = (path for path in source.files if path.startswith(above) and not path.startswith(folders))
    return {path: path.removeprefix(above) for path in paths}


def copy_artifacts(
    source: Source, names: Mapping[str, str], unit: str, redactor: Redactor, largest: int
) -> dict[str, list[str]]:
    """Copy files of the source into ``extra/`` of a unit, texts without secrets and paths of a machine.

    Args:
        source: Where they are.
        names: What each is to be called, by its path there.
        unit: The folder of the unit.
        redactor: Takes out what is not for others.
        largest: The size of the largest one that is copied, in bytes.

    Returns:
        The names of those that were left behind, by the reason.

    Raises:
        CannotReadError: one cannot be read.
        OSError: the disk refuses.
    """
    left: dict[str, list[str]] = {}
    for path, name in names.items():
        if source.files[path].size > largest:
            left.setdefault(over(largest), []).append(f"{name} ({source.files[path].size:,} bytes)")
            continue
        try:
            _copy(source, path, unit, name, redactor)
        except InvalidArgumentError as error:
            left.setdefault(str(error), []).append(name)
    return left


def over(largest: int) -> str:
    """Return the reason why what is larger is left behind."""
    return f"of more than {largest:,} bytes"


def lines_of(left: Mapping[str, list[str]]) -> list[str]:
    """Return a line for each reason, with the first names of what is left behind for it."""
    return [
        f"{len(names):,} artifact{'' if len(names) == 1 else 's'}: {', '.join(names[:_SHOWN])}"
        f"{', ...' if len(names) > _SHOWN else ''}: {reason}"
        for reason, names in left.items()
    ]


def _copy(source: Source, path: str, unit: str, name: str, redactor: Redactor) -> None:
    target = checked_path(unit, "model", "extra", name, layout().folder_of("extra"))
    try:
        with source.store.open(source.files[path]) as stream:
            content = clean_text(redactor, target, stream)
            make_folders(unit, os.path.dirname(target))
            with open(os.path.join(unit, target), "xb") as copy:
                if content is None:
                    shutil.copyfileobj(stream, copy, _CHUNK)
                else:
                    copy.write(content)
    except FileNotFoundError as error:
        raise CannotReadError(f"{source.folder}/{path}: went away") from error
