"""Where a study of Optuna is kept, and what samples and prunes in it."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from runcheck.convention.layout import layout
from runcheck.errors import CannotReadError, CannotWriteError, InvalidArgumentError, MissingLibraryError
from runcheck.sweeps.attempt import reason_of, tidied
from runcheck.tree.locate import without_passwords

_FOLDER = "studies"
_JOURNALS = (".log", ".jsonl", ".journal")
_SEEDS = 2**32


_SAMPLERS: Mapping[str, Callable[[int], optuna.samplers.BaseSampler]] = {
    "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed),
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    "cmaes": lambda seed: optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False),
}
_PRUNERS: Mapping[str, Callable[[], optuna.pruners.BasePruner]] = {
    "median": lambda: optuna.pruners.MedianPruner(n_startup_trials=3),
    "successive_halving": optuna.pruners.SuccessiveHalvingPruner,
    "hyperband": optuna.pruners.HyperbandPruner,
    "none": optuna.pruners.NopPruner,
}
SAMPLERS, PRUNERS = tuple(_SAMPLERS), tuple(_PRUNERS)


def default_storage(root: str, name: str) -> str:
    """Return the journal of a study that names no storage: in the folder of the tree that is no part of the record."""
    return os.path.join(root, layout().state, _FOLDER, f"{name}.log")


def checked_storage(storage: str) -> str:
    """Return a storage that is a URL or the path of a journal.

    Raises:
        InvalidArgumentError: it is neither.
    """
    if "://" not in storage and not storage.endswith(_JOURNALS):
        shown = without_passwords(storage)
        raise InvalidArgumentError(f"storage is {shown!r}; give sqlite:///study.db, or a journal, study.log")
    return storage


@contextmanager
def storage_at(storage: str) -> Iterator[BaseStorage]:
    """Return, for a ``with``, the storage at a URL, ``sqlite:///study.db``, or in a journal file, ``study.log``.

    Raises:
        CannotReadError: it cannot be opened, or holds no studies.
        CannotWriteError: its folder cannot be made.
    """
    opened = _opened(storage)
    try:
        yield opened
    finally:
        if isinstance(opened, RDBStorage):
            opened.remove_session()
            opened.engine.dispose()


def _opened(storage: str) -> BaseStorage:
    shown = without_passwords(storage)
    try:
        if "://" in storage:
            return RDBStorage(storage)
        os.makedirs(os.path.dirname(os.path.abspath(storage)), exist_ok=True)
        return JournalStorage(JournalFileBackend(storage))
    except OSError as error:
        raise CannotWriteError(f"{shown}: cannot be opened: {error.strerror or error}") from error
    except Exception as error:  # SQLAlchemy's own, and what a file raises that is no journal
        raise CannotReadError(f"{shown}: cannot be opened: {reason_of(error)}") from error


def sampler_of(name: str, seed: int, number: int) -> optuna.samplers.BaseSampler:
    """Return a sampler for the trial ``number``: what it draws depends on that and on what is known by then alone.

    So a study that is stopped and goes on tries what it would have tried.

    Raises:
        MissingLibraryError: it is cmaes, whose library is not installed.
    """
    if name == "cmaes" and find_spec(name) is None:
        raise MissingLibraryError(name, "tune", "sample by CMA-ES")
    return _SAMPLERS[name]((seed + 7919 * number) % _SEEDS)


def pruner_of(name: str) -> optuna.pruners.BasePruner:
    """Return a pruner by its name."""
    return _PRUNERS[name]()


def quiet() -> None:
    """Let Optuna say nothing of its own but what is wrong."""
    optuna.logging.set_verbosity(logging.ERROR)


def forget(study: optuna.Study, trial: optuna.Trial, storage: str, reason: str) -> None:
    """End a trial that stops its study; one that was the first takes the study along, and the name is free again."""
    if len(study.get_trials(deepcopy=False)) == 1:
        with storage_at(storage) as opened:
            optuna.delete_study(study_name=study.study_name, storage=opened)
        return
    trial.set_user_attr("reason", tidied(reason))
    study.tell(trial, state=TrialState.FAIL)
