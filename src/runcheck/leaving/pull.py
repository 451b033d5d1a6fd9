"""``pull_tracker``: a run of a tracker becomes a unit of a tree, be it at a service or in a folder of this machine."""

import os
import shutil
from dataclasses import replace

from runcheck.adopt.adopt import adopt, write_found
from runcheck.adopt.artifacts import artifacts_in, lines_of, over
from runcheck.adopt.found import Given
from runcheck.adopt.source import CHECKPOINT_MARK, Source
from runcheck.adopt.unit import Adopted
from runcheck.convention.unit_paths import is_unit_path
from runcheck.errors import CannotReadError, CannotWriteError, RuncheckError
from runcheck.leaving.mlflow import MlflowRun
from runcheck.leaving.returned import Returned, bring_back, is_whole
from runcheck.leaving.service import KeptRun
from runcheck.leaving.wandb import WandbRun
from runcheck.trackers.mirror import told
from runcheck.trackers.mlflow import address_in
from runcheck.trackers.settings import settings_of
from runcheck.tree.state import state_folder
from runcheck.writer.arguments import checked_root


def pull_tracker(tracker: str, run: str, into: str, given: Given, uri: str | None = None) -> Adopted | Returned:
    """Make a unit of a run of a tracker in the tree at ``into``.

    Args:
        tracker: ``mlflow`` or ``wandb``.
        run: The identifier of a run at a server of MLflow, ``ENTITY/PROJECT/RUN`` of one at W&B; or the folder of a
            run, of MLflow's file store or of W&B offline, which is adopted.
        into: The root of a tree of this machine, made where it is not there.
        given: What the tracker does not say.
        uri: The address of the server; by default as for a mirror: the configuration above the tree says it, or
            ``MLFLOW_TRACKING_URI`` or ``WANDB_BASE_URL``; else of W&B its own service.

    Returns:
        The unit as it was, where it was sent by a mirror with its files; else one that was made of what is there.

    Raises:
        CannotReadError: there is no such run, it is not over, or the service cannot be asked.
        CannotWriteError: the unit cannot be written.
        CannotMirrorError: nobody says where the server is, or there is no key.
        MissingLibraryError: the library of the tracker is not installed.
    """
    if os.path.isdir(run):
        return adopt(run, into, given)
    root = os.path.abspath(checked_root(into))
    work = os.path.join(state_folder(root), f"pull-{os.getpid()}")
    staging, aside = os.path.join(work, "staging"), os.path.join(work, "client")
    try:
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(staging)
        os.makedirs(aside)
        return _pulled(_kept(tracker, run, root, aside, uri), root, staging, given)
    except RuncheckError:
        raise
    except OSError as error:
        if error.filename is None:  # of the network
            raise CannotReadError(f"{tracker} {run}: {told(error)}") from error
        raise CannotWriteError(f"{error.filename}: {error.strerror or error}") from error
    except Exception as error:  # the library of a tracker raises what it likes
        raise CannotReadError(f"{tracker} {run}: {told(error)}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _kept(tracker: str, run: str, root: str, aside: str, uri: str | None) -> KeptRun:
    if tracker == "wandb":
        return WandbRun(run, aside, uri)
    settings = settings_of(tracker, root, {}, {} if uri is None else {"uri": uri})
    return MlflowRun(address_in(settings), run)


def _pulled(run: KeptRun, root: str, staging: str, given: Given) -> Adopted | Returned:
    if run.unit is not None and not is_unit_path(run.unit):
        raise CannotReadError(f"{run.name}: says that it is the unit {run.unit!r}, which is the path of none")
    if is_whole(run):
        return bring_back(run, root, staging)
    found = run.found()
    found.left += run.left
    found.left += _fetch(run, staging, given.largest)
    source = Source(staging)
    found.checkpoints = source.checkpoints()
    found.artifacts = artifacts_in(source, "", found.checkpoints.values())
    if run.unit is not None and given.variant is None:
        given = replace(given, variant=run.unit.split("/")[1].rpartition("_")[2])
    return write_found(found, source, root, given, run.name)


def _fetch(run: KeptRun, folder: str, largest: int) -> list[str]:
    """Bring the files of a run that are not too large, a checkpoint whole or not at all; return lines for the rest."""
    marked = {path.rpartition("/")[0] for path in run.sizes if path.rpartition("/")[2] == CHECKPOINT_MARK}
    beyond = [path for path, size in run.sizes.items() if size > largest]
    folders = tuple(f"{each}/" for each in marked if any(path.startswith(f"{each}/") for path in beyond))
    for path, size in run.sizes.items():
        if size <= largest and not path.startswith(folders):
            run.fetch(path, folder)
    alone = [f"{path} ({run.sizes[path]:,} bytes)" for path in beyond if not path.startswith(folders)]
    left = [f"{folder_} a checkpoint with a file {over(largest)}" for folder_ in sorted(folders)]
    return [*(lines_of({over(largest): alone}) if alone else ()), *left]
