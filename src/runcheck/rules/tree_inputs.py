"""What the rules of a tree are given: the names that they may declare as parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from runcheck.convention.checksums import fingerprint
from runcheck.convention.documents import Metadata, Status
from runcheck.convention.units import Tree
from runcheck.convention.validation import Applied
from runcheck.probes.checksums import ChecksumsContent
from runcheck.probes.git import GitContent
from runcheck.probes.registry import RegistryContent
from runcheck.rules.absent import ABSENT, Absent, NotVerified
from runcheck.rules.unit_inputs import UnitInputs


@dataclass
class TreeInputs:
    """The inputs of the rules of the tree.

    Of ``by_unit`` only the ``wanted`` units were read whole and are judged themselves.
    """

    tree: Tree
    by_unit: Mapping[str, UnitInputs]
    wanted: frozenset[str]
    registry: RegistryContent | Absent | NotVerified
    extension_schemas: Mapping[str, Applied]
    latest_texts: Mapping[str, str]
    git: GitContent | Absent | NotVerified
    unread: Mapping[str, str]

    @cached_property
    def sound_registry(self) -> RegistryContent | Absent | NotVerified:
        """The registry, where it could be read."""
        registry = self.registry
        return ABSENT if isinstance(registry, RegistryContent) and registry.error else registry

    @cached_property
    def metadata_by_unit(self) -> dict[str, Metadata]:
        """The valid metadata by the path of the unit."""
        return {
            path: inputs.metadata
            for path, inputs in self.by_unit.items()
            if not isinstance(inputs.metadata, Absent | NotVerified)
        }

    @cached_property
    def status_by_unit(self) -> dict[str, Status]:
        """The status by the path of the unit, where it can be told."""
        return {path: inputs.status for path, inputs in self.by_unit.items() if not isinstance(inputs.status, Absent)}

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """The fingerprint of each sealed dataset, computed from its list."""
        return {
            path: fingerprint(inputs.checksums.sums())
            for path, inputs in self.by_unit.items()
            if inputs.unit.kind.name == "dataset" and isinstance(inputs.checksums, ChecksumsContent)
        }
