"""The documents of a unit as types, one a schema.

A test holds each to its schema's fields and which of them are required.
"""

from typing import Literal, NotRequired, TypeAlias, TypedDict, get_args

Nonfinite: TypeAlias = Literal["nan", "inf", "-inf"]
Status: TypeAlias = Literal["running", "completed", "failed", "preempted", "aborted"]
ExportFormat: TypeAlias = Literal["safetensors", "onnx", "torch", "saved_model", "numpy"]

SIDECAR_SUFFIX = ".json"
STATUSES: tuple[Status, ...] = get_args(Status)


class Git(TypedDict):
    """The state of the repository that code ran from. Of an adopted run nobody may know whether it was ``dirty``."""

    sha: str
    dirty: bool | None
    branch: str | None
    remote: str | None
    diff: str | None
    diff_is_cut: NotRequired[bool]
    untracked: NotRequired[list[str]]
    untracked_is_cut: NotRequired[bool]


class Hardware(TypedDict):
    """The machine without its name."""

    cpu: str | None
    cores: int
    memory_bytes: int | None


class Env(TypedDict):
    """What the code ran on."""

    python: str
    platform: str
    packages: dict[str, str]
    hardware: Hardware
    devices: list[str]
    drivers: NotRequired[dict[str, str]]
    lock_files: NotRequired[dict[str, str]]
    variables: NotRequired[dict[str, str]]
    jax: NotRequired[dict[str, str | bool | int | None]]
    processes: NotRequired[int]


class Synthetic(TypedDict):
    """Data that a program drew. Further fields are free."""

    kind: Literal["synthetic"]
    seed: int


class External(TypedDict):
    """Data from outside of the tree."""

    kind: Literal["external"]
    hashes: dict[str, str]
    source: NotRequired[str]


class Artefact(TypedDict):
    """A dataset of the same tree."""

    kind: Literal["artefact"]
    path: str
    fingerprint: str


Provenance: TypeAlias = Synthetic | External | Artefact


class Redaction(TypedDict):
    """One value that was replaced before it was written."""

    where: str
    reason: str


class StatedException(TypedDict):
    """A clause that a unit breaks on purpose."""

    clause: str
    path: NotRequired[str]
    reason: str
    date: str
    until: NotRequired[str]


class Governance(TypedDict):
    """Who may see a unit, what was left out of it, and what it is excepted from."""

    access: NotRequired[Literal["public", "internal", "restricted"]]
    redactions: NotRequired[list[Redaction]]
    exceptions: NotRequired[list[StatedException]]


class Generator(TypedDict):
    """The script that made a dataset, and its parameters."""

    script: str
    params: dict[str, object]


class Split(TypedDict):
    """The files and rows of a split."""

    files: list[str]
    rows: int


class ConfigReference(TypedDict):
    """The configuration file of a run and its hash."""

    path: str
    sha256: str


class Architecture(TypedDict):
    """The model in a few words and one number."""

    text: str
    parameters: int | None


class Restart(TypedDict):
    """One time that a run was taken up again."""

    at: str
    step: int | None
    status: Status
    ended_at: str
    error: NotRequired[str]
    git: Git | None
    config: NotRequired[ConfigReference]


class TrialOfRun(TypedDict):
    """Which trial of a sweep or a study a run is."""

    number: int
    params: dict[str, object]


Metadata = TypedDict(
    "Metadata",
    {
        "$schema": NotRequired[str],
        "schema_version": str,
        "kind": Literal["dataset", "model"],
        "slug": str,
        "version": str,
        "name": str,
        "label": NotRequired[str],
        "description": str,
        "status": Status,
        "created_at": str,
        "finished_at": str | None,
        "error": NotRequired[str],
        "git": Git | None,
        "env": Env | None,
        "command": list[str] | None,
        "working_folder": NotRequired[str],
        "data_provenance": Provenance,
        "tags": dict[str, str],
        "links": NotRequired[dict[str, str]],
        "trackers": NotRequired[dict[str, dict[str, str]]],
        "governance": NotRequired[Governance],
        "extensions": NotRequired[dict[str, dict[str, object]]],
        # of a dataset
        "generator": NotRequired[Generator | None],
        "splits": NotRequired[dict[str, Split]],
        "fingerprint": NotRequired[str],
        # of a training run
        "config": NotRequired[ConfigReference],
        "architecture": NotRequired[Architecture],
        "metrics": NotRequired[dict[str, float | None]],
        "directions": NotRequired[dict[str, Literal["min", "max"]]],
        "trial": NotRequired[TrialOfRun],
        "adopted": NotRequired[dict[str, object]],
        "seeds": NotRequired[dict[str, int]],
        "restarts": NotRequired[list[Restart]],
    },
)
Metadata.__doc__ = """``metadata.json`` of a dataset or a training run."""


class SeriesSummary(TypedDict):
    """One metric on one split."""

    direction: Literal["min", "max"]
    best: float | None
    best_step: int | None
    last: float | None
    last_nonfinite: NotRequired[Nonfinite]
    last_step: int
    count: int


class Summary(TypedDict):
    """``summary.yaml``."""

    schema_version: str
    rows: int
    metrics: dict[str, dict[str, SeriesSummary]]
    early_stopping_step: int | None
    checkpoint_step: int | None
    duration_seconds: float


class MetricsRow(TypedDict):
    """A row of the metrics."""

    step: int
    split: str
    metric: str
    value: float | None
    nonfinite: NotRequired[Nonfinite]


class ExportSidecar(TypedDict):
    """The sidecar of an export: the file beside it whose name has :data:`SIDECAR_SUFFIX` more."""

    schema_version: str
    file: str
    format: ExportFormat
    framework: str
    source_step: int
    sha256: str


class Study(TypedDict):
    """``study.json``. What a parameter may be is read as JSON has it."""

    schema_version: str
    kind: Literal["sweep", "study"]
    name: str
    direction: Literal["min", "max"] | None
    metric: str | None
    space: dict[str, dict[str, object]]
    fixed: dict[str, object]


class TrialRow(TypedDict):
    """A row of ``trials.jsonl``."""

    number: int
    state: Literal["completed", "pruned", "failed"]
    params: dict[str, object]
    value: float | None
    unit: str | None
    seconds: float
    reason: NotRequired[str]


class BestTrial(TypedDict):
    """``best_trial.json``."""

    schema_version: str
    number: int
    value: float
    direction: Literal["min", "max"]
    metric: str | None
    unit: str | None
    params: dict[str, object]
    config: dict[str, object]


class Heartbeat(TypedDict):
    """``heartbeat.json``."""

    schema_version: str
    at: str
    process: int
    started: NotRequired[int | None]
    boot: str | None
    namespace: NotRequired[str | None]
    host: str


class RegistryRow(TypedDict):
    """A row of the registry."""

    path: str
    kind: str
    slug: str
    version: str
    name: str
    label: str | None
    status: str
    error: str | None
    created_at: str | None
    finished_at: str | None
    duration_seconds: float | None
    git_sha: str | None
    git_dirty: bool | None
    git_branch: str | None
    config_sha256: str | None
    config: str | None
    data_kind: str
    data_path: str | None
    data_fingerprint: str | None
    fingerprint: str | None
    rows: int | None
    parameters: int | None
    last_step: int | None
    checkpoint_step: int | None
    tags: dict[str, str]
    metrics: dict[str, float | None]
    last: dict[str, float | None]
    directions: dict[str, str]
    links: dict[str, str]
    trackers: dict[str, str]


def label_of(date: str, slug: str, sha: str) -> str:
    """Return the artefact label of a unit."""
    return f"{date}-{slug}@{sha}"


def name_of(date: str, slug: str) -> str:
    """Return the name of a unit."""
    return f"{date}_{slug}"
