"""RC6: the HDF5 files of a dataset."""

from collections.abc import Iterator, Mapping

from runcheck.convention.documents import Status
from runcheck.probes.contents import Hdf5Content
from runcheck.rules.rule import Problem, unit_rule


@unit_rule
def hdf5_readable(known_status: Status | None, hdf5_data: Mapping[str, Hdf5Content]) -> Iterator[Problem]:
    """HDF5 files are whole, but while they are written."""
    for path, content in hdf5_data.items():
        if content.error and known_status != "running":
            yield Problem(path, content.error)


@unit_rule
def hdf5_self_contained(hdf5_data: Mapping[str, Hdf5Content]) -> Iterator[Problem]:
    """Nothing outside of the file is read."""
    for path, content in hdf5_data.items():
        for outside in content.outside:
            yield Problem(path, f"reads outside of itself: {outside}")


@unit_rule
def hdf5_checksums(hdf5_data: Mapping[str, Hdf5Content]) -> Iterator[Problem]:
    """Datasets carry a checksum."""
    for path, content in hdf5_data.items():
        if content.bare:
            first, others = content.bare[0], len(content.bare) - 1
            more = f" and {others} more" if others else ""
            yield Problem(path, f"has no checksum in the dataset {first!r}{more}")
