"""``runcheck mirror``: a run that ended is sent to a tracker from its files, what is there already left out."""

from collections.abc import Mapping

from runcheck.errors import CannotMirrorError, RuncheckError
from runcheck.trackers.find import open_of
from runcheck.trackers.place import place_of, run_at, who_writes
from runcheck.trackers.protocol import Setting
from runcheck.trackers.sending import Sending, Sent
from runcheck.trackers.settings import TURNED_OFF, settings_of
from runcheck.trackers.state import alone, read_state

_MOST_WORDS = 300  # characters


def mirror(path: str, tracker: str, asked: Mapping[str, Setting], *, again: bool = False) -> Sent:
    """Send the run at ``path`` to a tracker, and return what that came to.

    Args:
        path: Its folder, or a word that means it, such as ``latest`` or its slug.
        tracker: The name of the tracker.
        asked: Settings by the keys of the configuration; they count before all others.
        again: Ask the tracker even where all was sent before by what is noted.

    Raises:
        CannotReadError: there is no run, or it cannot be read.
        CannotMirrorError: it is still written, or the tracker does not take it.
        MissingLibraryError: the library of the tracker is not installed.
    """
    open_of(tracker)  # a name that is none leaves no file in the tree
    place = place_of(path)
    with alone(place.root, place.unit, tracker):
        settings = settings_of(tracker, place.root, read_state(place.root, place.unit, tracker).asked, asked)
        if settings.get("mode") == TURNED_OFF:
            raise CannotMirrorError(f"{path}: {tracker} is turned off by its mode; give --mode online")
        if run_at(place).status == "running" and (sign := who_writes(place)) is not None:
            raise CannotMirrorError(f"{path}: {sign}; mirror it when it has ended")
        return _send(Sending(place, tracker, settings), path, again=again)


def _send(sending: Sending, path: str, *, again: bool) -> Sent:
    state, tracker = sending.state, sending.tracker
    if sending.is_done and not again:
        return Sent(0, state.rows, (), state.known, is_all_there=True)
    try:
        sending.open()
        while sending.some():
            pass
        return sending.finish()
    except (RuncheckError, OSError) as error:
        sending.leave()
        if isinstance(error, RuncheckError):
            raise
        raise CannotMirrorError(f"{path}: {tracker}: {error}") from error
    except Exception as error:  # the library of a tracker raises what it likes
        sending.leave()
        raise CannotMirrorError(f"{path}: {tracker}: {told(error)}") from error


def told(error: BaseException) -> str:
    """Return what a library says is wrong in one line of bounded length, without the password of an address."""
    from runcheck.convention.words import without_secrets  # noqa: PLC0415 - nobody else mirrors in vain
    from runcheck.tree.locate import without_passwords  # noqa: PLC0415

    text = " ".join(str(error).split())[: 10 * _MOST_WORDS] or type(error).__name__
    clean = without_passwords(str(without_secrets(text)))  # first, since half a key is not known as one
    if len(clean) <= _MOST_WORDS:
        return clean
    start = clean[:_MOST_WORDS]
    return f"{start.rpartition(' ')[0] or start} ..."
