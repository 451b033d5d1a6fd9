"""Trees that conform, the same each time: ``python -m benchmarks.trees NAME ROOT COUNT``.

A few runs are written by the writer; all others are copies under another name, with other files beside the documents
and a list of their own.
"""

import argparse
import contextlib
import functools
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import runcheck
from runcheck.convention.canonical import config_sha256
from runcheck.convention.checksums import format_checksums
from runcheck.writer.registry import rebuild_registry

FILES_OF_A_UNIT = 25
LARGE_FILES = 8
_TEMPLATES = 8
_VERSIONS_OF_A_SLUG = 100
_LEAST, _MOST, _MEDIAN, _SPREAD = 200, 20_000, 3_000, 1.1  # bytes of a small file, drawn log-normal: 4 kB on average
_MIB = 1 << 20
_START = datetime(2026, 1, 1, tzinfo=UTC)
_METRICS = ("loss", "accuracy", "grad/norm", "learning_rate", "throughput")
_WORDS = [
    "epoch",
    "step",
    "loss",
    "accuracy",
    "saved",
    "restored",
    "checkpoint",
    "worker",
    "batch",
    "device",
    "shuffled",
    "started",
    "finished",
    "queue",
    "warm",
    "cold",
    "data",
    "split",
    "train",
    "test",
    "validation",
    "gradient",
    "clipped",
    "norm",
    "schedule",
    "rate",
    "decay",
    "layer",
    "hidden",
    "attention",
]
# What a metadata document says of its machine, so that trees are the same on each.
_ENV = {
    "python": "3.11.7",
    "platform": "Linux-6.1-x86_64",
    "packages": {f"package-{number:02d}": f"{number}.{number % 7}.0" for number in range(60)},
    "hardware": {"cpu": "generic", "cores": 2, "memory_bytes": 1 << 34},
    "devices": [],
}


@dataclass(frozen=True)
class Template:
    """The files of a run by their paths, but for the list, with its metadata as a value."""

    metadata: dict[str, object]
    files: dict[str, bytes]

    @property
    def commit(self) -> str:
        """The commit, short, as names have it."""
        return str(self.metadata["version"]).rpartition("_")[2]


def templates(count: int) -> list[Template]:
    """Return runs that the writer wrote, in a repository of their own whose commit is always the same."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        script = base / "train.py"
        script.write_bytes((Path(__file__).parent / "train.py").read_bytes())
        _commit(base)
        found = []
        for seed in range(count):
            root = base / f"artefacts{seed}"
            subprocess.run([sys.executable, script.name, root.name, str(seed)], cwd=base, check=True)
            (unit,) = (path.parent for path in root.glob("model/*/*/SHA256SUMS") if not path.parent.is_symlink())
            files = {
                path.relative_to(unit).as_posix(): path.read_bytes()
                for path in unit.rglob("*")
                if path.is_file() and path.name != "SHA256SUMS"
            }
            shutil.rmtree(root)  # the next run would name it as untracked
            metadata = json.loads(files.pop("metadata.json"))
            found.append(Template({**metadata, "env": _ENV}, files))
        return found


def _commit(folder: Path) -> None:
    person = {"NAME": "bench", "EMAIL": "bench@example.org", "DATE": "2026-01-01T00:00:00Z"}
    environment = {f"GIT_{role}_{name}": value for role in ("AUTHOR", "COMMITTER") for name, value in person.items()}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    for arguments in (["init", "--quiet"], ["add", "train.py"], ["commit", "--quiet", "--message", "Train"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True, env={**os.environ, **environment})


def write_run(root: Path, template: Template, number: int, payload: Iterator[tuple[str, Iterator[bytes]]]) -> Path:
    """Write a copy of a run as the run of a number, with more files, and seal it. ``latest`` is left to the caller."""
    slug = f"digits_mlp_v{number // _VERSIONS_OF_A_SLUG:03d}"
    created = _START + timedelta(minutes=number % _VERSIONS_OF_A_SLUG)
    old_name = str(template.metadata["name"])
    name = f"{created:%Y%m%d}_{slug}"
    version = f"{created:%Y-%m-%dT%H-%M-%SZ}_{template.commit}"
    metadata = {
        **template.metadata,
        "slug": slug,
        "version": version,
        "name": name,
        "label": f"{created:%Y%m%d}-{slug}@{template.commit}",
        "created_at": f"{created:%Y-%m-%dT%H:%M:%S.%fZ}",
        "finished_at": f"{created + timedelta(seconds=50):%Y-%m-%dT%H:%M:%S.%fZ}",
    }
    unit = root / "model" / slug / version
    contents = {path: iter([content]) for path, content in template.files.items()}
    contents["README.md"] = iter([template.files["README.md"].replace(old_name.encode(), name.encode())])
    contents["metadata.json"] = iter([f"{json.dumps(metadata, indent=2)}\n".encode()])
    contents.update(payload)
    sums = {path: _write(unit / path, chunks) for path, chunks in contents.items()}
    (unit / "SHA256SUMS").write_text(format_checksums(sums))
    return unit


def _write(path: Path, chunks: Iterator[bytes]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with path.open("wb") as stream:
        for chunk in chunks:
            digest.update(chunk)
            stream.write(chunk)
    return digest.hexdigest()


def _finish(root: Path) -> None:
    """Point each ``latest`` at the newest run, and write the registry."""
    for slug in (root / "model").iterdir():
        newest = max(path.name for path in slug.iterdir() if not path.is_symlink())
        (slug / "latest").symlink_to(newest)
    rebuild_registry(str(root))


def large(root: Path, mebibytes: int) -> None:
    """Write one run with eight files of so many MiB each."""
    (template,) = templates(1)

    def chunks(number: int) -> Iterator[bytes]:
        draw = random.Random(number)
        return (draw.randbytes(_MIB) for _ in range(mebibytes))

    write_run(root, template, 0, ((f"extra/shard-{number}.bin", chunks(number)) for number in range(LARGE_FILES)))
    _finish(root)


def small(root: Path, files: int) -> None:
    """Write runs of 25 files each, so many files in all, of 0.2 to 20 kB."""
    made = templates(min(_TEMPLATES, files // FILES_OF_A_UNIT))
    for number in range(files // FILES_OF_A_UNIT):
        template = made[number % len(made)]
        draw = random.Random(number)
        more = FILES_OF_A_UNIT - len(template.files) - 1  # the metadata are kept apart
        write_run(root, template, number, (_small_file(draw, each) for each in range(more)))
    _finish(root)


def _small_file(draw: random.Random, number: int) -> tuple[str, Iterator[bytes]]:
    size = min(_MOST, max(_LEAST, int(draw.lognormvariate(0, _SPREAD) * _MEDIAN)))
    if number % 3:
        # One in some thousands of random files is a pickle by chance; none starts with NUL.
        return f"extra/part-{number:02d}.bin", iter([bytes(1) + draw.randbytes(size - 1)])
    words = " ".join(draw.choices(_WORDS, k=size // 5))
    return f"extra/worker-{number:02d}.log", iter([f"{words[: size - 1]}\n".encode()])


def documents(root: Path, count: int) -> None:
    """Write datasets that failed, which are their metadata and nothing else."""
    about = {"kind": "external", "hashes": {"source": "0" * 64}}
    new = functools.partial(runcheck.new_dataset, provenance=about, description="One of many.", risks="None.")
    with contextlib.suppress(InterruptedError), new(root, "d0000") as dataset:
        raise InterruptedError("for the benchmark")
    unit = Path(dataset.path)
    metadata = json.loads((unit / "metadata.json").read_text())
    shutil.rmtree(unit)
    (template,) = templates(1)
    metadata |= {field: template.metadata[field] for field in ("env", "git", "command")}
    metadata["label"] = f"{metadata['label'].partition('@')[0]}@{template.commit}"
    for number in range(count):
        slug = f"d{number:04d}"
        path = root / "dataset" / slug / unit.name / "metadata.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{json.dumps(metadata, indent=2).replace('d0000', slug)}\n")
    rebuild_registry(str(root))


def metrics(root: Path, rows: int) -> None:
    """Write a run that was aborted after so many rows of metrics: it has no summary, and is not sealed."""
    (template,) = templates(1)
    aborted = {**template.metadata, "status": "aborted", "metrics": {}}
    unit = write_run(
        root, Template(aborted, {"config.json": template.files["config.json"], "README.md": b""}), 0, iter(())
    )
    for name in ("SHA256SUMS", "README.md"):
        (unit / name).unlink()
    draw = random.Random(0)
    with (unit / "metrics.jsonl").open("w") as stream:
        for step in range(rows // len(_METRICS)):
            stream.writelines(
                f'{{"step": {step}, "split": "train", "metric": "{name}", "value": {draw.random()!r}}}\n'
                for name in _METRICS
            )
    rebuild_registry(str(root))


def runs(root: Path, count: int) -> None:
    """Write runs that are little more than their documents, each with a configuration of its own, as of a sweep."""
    made = templates(min(_TEMPLATES, count))
    for number in range(count):
        template = made[number % len(made)]
        draw = random.Random(number)
        config = json.loads(template.files["config.json"])
        config["optimizer"] |= {
            "learning_rate": 10 ** draw.uniform(-5, -1),
            "weight_decay": draw.choice([0, 1e-4, 0.01]),
        }
        config["seed"] = number
        metadata = {**template.metadata, "config": {"path": "config.json", "sha256": config_sha256(config)}}
        files = {path: content for path, content in template.files.items() if "/" not in path}
        files["config.json"] = f"{json.dumps(config, indent=2)}\n".encode()
        write_run(root, Template(metadata, files), number, iter(()))
    _finish(root)


TREES: dict[str, Callable[[Path, int], None]] = {
    "large": large,
    "small": small,
    "documents": documents,
    "metrics": metrics,
    "runs": runs,
}


def main() -> None:
    """Write one tree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=TREES)
    parser.add_argument("root", type=Path)
    parser.add_argument("count", type=int, help="MiB a file, files, documents, rows or runs")
    options = parser.parse_args()
    TREES[options.name](options.root, options.count)


if __name__ == "__main__":
    main()
