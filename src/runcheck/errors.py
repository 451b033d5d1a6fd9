"""The errors that runcheck raises on purpose, and how it warns. Each message says what happened, where, what to do."""

import sys

_NOT_THE_CALLERS = (__name__.partition(".")[0], "threading")  # which calls what is done at the exit


class RuncheckError(Exception):
    """Anything that stops runcheck from doing what it was asked."""


class CannotCheckError(RuncheckError):
    """The paths given cannot be judged: nothing there, not readable, or not a tree of artefacts."""


class ConfigurationError(RuncheckError):
    """A configuration, or a file that it names, cannot be read or asks for what there is not."""


class ConventionError(RuncheckError):
    """A convention of one's own that cannot be judged by: there is none, or its file says what it cannot mean."""


class CannotWriteError(RuncheckError):
    """A unit cannot be written where or as it was asked for."""


class InvalidArgumentError(RuncheckError, ValueError):
    """A value given to the writer does not fit the convention."""


class MissingLibraryError(RuncheckError, ImportError):
    """A format was asked for whose library is not installed."""

    def __init__(self, library: str, extra: str | None, purpose: str) -> None:
        """Say which ``library`` is missing for which ``purpose``, and the ``extra`` that brings it.

        Without an extra people choose a build of it themselves.
        """
        package = library if extra is None else f"'runcheck[{extra}]'"
        super().__init__(f"{library} is needed to {purpose}: pip install {package}")


class CannotReadError(RuncheckError):
    """A unit, or something of it, cannot be given back: not there, not here, or not what the convention asks for."""


class CannotMirrorError(RuncheckError):
    """A run cannot be sent to a tracker, and to try it again would not help: no key, no address, no such tracker."""


class CannotReproduceError(RuncheckError):
    """A run cannot be done again from what is known of it, or what was done again did not come to an end."""


class FlowError(RuncheckError):
    """A flow cannot be begun: there is none of that name, or it asks for what no step makes, or a server is silent."""


class StepFailedError(RuncheckError):
    """A step of a flow failed, each time that it was tried."""


def listed(names: list[str], most: int, between: str = ", ") -> str:
    """Return the first names for a line of a message, ``most`` at most, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return between.join(names[:most]) + more


def warn(message: str) -> None:
    """Warn at the line that called this package, however deep in it this is; at the exit there is none."""
    import warnings  # noqa: PLC0415 - most runs warn of nothing

    frame, level = sys._getframe(), 1  # skip_file_prefixes came with Python 3.12
    while str(frame.f_globals.get("__name__")).partition(".")[0] in _NOT_THE_CALLERS:
        level += 1
        if frame.f_back is None:
            break
        frame = frame.f_back
    warnings.warn(f"runcheck: {message}", RuntimeWarning, stacklevel=level)
