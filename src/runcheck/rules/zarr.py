"""RC6, Zarr stores: whole, complete, and protected. A running unit is still writing its own."""

from collections.abc import Iterator, Mapping

from runcheck.convention.documents import Status
from runcheck.probes.contents import ZarrContent
from runcheck.rules.rule import Problem, unit_rule

_SHOWN = 3


@unit_rule
def zarr_readable(zarr_stores: Mapping[str, ZarrContent], known_status: Status | None) -> Iterator[Problem]:
    """Documents that are broken or disagree, files that are no chunk, and chunks that do not decode."""
    if known_status == "running":
        return
    for store, content in zarr_stores.items():
        for fault in content.faults:
            yield Problem(_join(store, fault.path), fault.message, is_certain=fault.is_certain)
        certain = sum(fault.is_certain for fault in content.faults)
        if content.fault_count > certain:
            yield Problem(store, f"has {content.fault_count:,} faults in all, of which {certain} are shown")


@unit_rule
def zarr_chunk_missing(zarr_stores: Mapping[str, ZarrContent], known_status: Status | None) -> Iterator[Problem]:
    """Arrays with some of their chunks. What did not come to its end is not expected to have all."""
    if known_status not in (None, "completed"):
        return
    for store, content in zarr_stores.items():
        for missing in content.missing:
            path, place = missing.first[0]
            what = "is missing" if place is None else f"lacks its chunk {place}"
            array = f"array {missing.array!r}" if missing.array else "array"
            lacks = f"its {array} lacks {missing.missing:,} of {missing.total:,} chunks, and reads as fill value there"
            yield Problem(_join(store, path), f"{what}; {lacks}")


@unit_rule
def zarr_checksums(zarr_stores: Mapping[str, ZarrContent]) -> Iterator[Problem]:
    """Arrays in which no codec notices a flipped bit."""
    for store, content in zarr_stores.items():
        names = content.without_checksum
        if names:
            shown = ", ".join(repr(name or "/") for name in names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
            arrays = f"{len(names)} of its {content.arrays} arrays: {shown}" if content.arrays > 1 else "its array"
            yield Problem(store, f"has no checksum codec in {arrays}")


def _join(store: str, path: str) -> str:
    return f"{store}/{path}" if path else store
