"""What one look into a file has found so far, and what it may still cost."""

from typing import NamedTuple

from runcheck.probes.contents import PackedContent, Pickled, Serves, Tensor
from runcheck.probes.packed.forward import Budget, Window

MAX_FACTS = 1_000  # of one kind
MAX_TENSORS = 100_000
MAX_COMPARED = 50
MAX_WORDS = 200  # characters


class Thing(NamedTuple):
    """Something to look into: its path within the file, empty for the file itself, and what is known of it.

    ``window`` is there where it can be sought in; ``size`` its bytes, where they are promised. Damage of what is not
    ``essential`` is no damage of the file: an archive may hold anything.
    """

    name: str = ""
    serves: Serves = "pickle"
    maybe_pickle: bool = False
    essential: bool = True
    window: Window | None = None
    size: int | None = None

    def path_of(self, member: str) -> str:
        """Return the path of a member of this."""
        return f"{self.name}/{member}" if self.name else member


class Found:
    """Facts about one file, collected."""

    def __init__(self, kind: type[PackedContent], *, deep: bool) -> None:
        """Begin with a file of some kind, of which nothing is known."""
        self.deep = deep
        self.budget = Budget(deep=deep)
        self.kind = kind
        self.pickles: list[Pickled] = []
        self.objects: list[str] = []
        self.outside: list[str] = []
        self.tensors: list[Tensor] | None = None
        self.error: str | None = None
        self.unverified: str | None = None

    def content(self) -> PackedContent:
        """Return all of it."""
        return self.kind(
            pickles=tuple(self.pickles),
            object_names=tuple(self.objects),
            outside=tuple(self.outside),
            tensors=None if self.tensors is None else tuple(self.tensors),
            error=self.error,
            unverified=self.unverified,
        )

    def damage(self, thing: Thing, error: str) -> None:
        """Note that something is damaged; the first damage of a file counts."""
        if thing.essential and self.error is None:
            self.error = f"{error} (in {shortened(thing.name)})" if thing.name else error

    def doubt(self, reason: str) -> None:
        """Note that something could not be looked into."""
        self.unverified = self.unverified or reason

    def pickle(self, pickled: Pickled) -> None:
        """Note what a pickle does, once for several that do the same."""
        facts = (pickled.serves, pickled.imports, pickled.hidden)
        if all(facts != (each.serves, each.imports, each.hidden) for each in self.pickles[-MAX_COMPARED:]):
            if len(self.pickles) < MAX_FACTS:
                self.pickles.append(pickled)
            else:
                self.doubt("holds more pickles than one look may tell of")

    def object_array(self, name: str) -> None:
        """Note an array of objects."""
        if len(self.objects) < MAX_FACTS:
            self.objects.append(shortened(name))

    def leads_out(self, reference: str, thing: Thing) -> None:
        """Note a path that leads out of the archive that it stands in."""
        words = shortened(reference) + (f" (in {shortened(thing.name)})" if thing.name else "")
        if words not in self.outside[-MAX_COMPARED:] and len(self.outside) < MAX_FACTS:
            self.outside.append(words)

    def array(self, tensor: Tensor) -> None:
        """Note an array of a file of arrays."""
        self.tensors = self.tensors or []
        if len(self.tensors) < MAX_TENSORS:
            self.tensors.append(tensor)

    def digested(self, tensor: Tensor, digest: str) -> None:
        """Note the digest of the array that was noted last."""
        if self.tensors and self.tensors[-1] == tensor:
            self.tensors[-1] = tensor._replace(digest=digest)


def shortened(text: str) -> str:
    """Return a text, cut where it is longer than a name has to be."""
    return text if len(text) <= MAX_WORDS else f"{text[:MAX_WORDS]}..."
