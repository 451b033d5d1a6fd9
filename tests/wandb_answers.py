"""What the stand-in for the service of W&B keeps, and what it answers to each question of the client.

It keeps the lines of history by the offsets that the client gives, as the service is said to: what is sent twice at an
offset is one line, and what is sent behind the last one leaves an empty line, which a test sees.
"""

import json
import math
from dataclasses import dataclass, field
from typing import Any

ENTITY = "ada"
HISTORY, SUMMARY = "wandb-history.jsonl", "wandb-summary.json"
_WORDS = {math.inf: "Infinity", -math.inf: "-Infinity"}

Variables = dict[str, Any]


@dataclass
class Kept:
    """What the service has of one run."""

    project: str
    name: str
    about: Variables = field(default_factory=dict)
    lines: dict[str, list[str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    state: str = "running"
    exit: int | None = None

    @property
    def history(self) -> list[Variables]:
        """The rows, in the order of the service."""
        return [json.loads(line) for line in self.lines.get(HISTORY, ())]

    @property
    def last(self) -> int:
        """The last of W&B's own steps."""
        return int(self.history[-1]["_step"]) if self.history else -1

    def take(self, stream: Variables) -> None:
        """Take what the client appends to its files."""
        for name, part in stream.get("files", {}).items():
            kept = self.lines.setdefault(name, [])
            kept += ["null"] * (part["offset"] - len(kept))
            kept[part["offset"] : part["offset"] + len(part["content"])] = part["content"]
        if stream.get("complete"):
            self.exit = int(stream["exitcode"])
            self.state = "failed" if self.exit else "finished"


class Answers:
    """What is kept of all runs, and the answers; a method for each question, by its name."""

    address: str

    def __init__(self) -> None:
        """Have nothing."""
        self.runs: dict[str, Kept] = {}
        self.stored: dict[str, bytes] = {}  # by path
        self.shown: int | None = None  # how many rows of a run it shows, where it does not show all
        self._artifacts: dict[str, Variables] = {}

    @property
    def artifacts(self) -> list[Variables]:
        """What it has of files that go together, in the order in which they came."""
        return list(self._artifacts.values())

    def files(self, artifact: Variables) -> dict[str, bytes]:
        """Return the files of an artifact by their paths in it."""
        return {path: self.stored[at] for path, at in self._places(artifact).items()}

    def take(self, path: str, body: bytes) -> None:
        """Take what is not asked, but sent: rows to be appended, or a file."""
        if path.endswith("/file_stream"):
            self.runs[path.split("/")[4]].take(json.loads(body))
        else:
            self.stored[path] = body

    # What the client asks when it sends.

    def on_organization_core_weave_organization_id(self, _: Variables) -> Variables:
        return {"entity": {"organization": None}}

    def on_server_features_query(self, _: Variables) -> Variables:
        return {"serverInfo": {"features": []}}

    def on_viewer(self, _: Variables) -> Variables:
        about = {"id": "u", "entity": ENTITY, "username": ENTITY, "email": "", "flags": "{}"}
        return {"viewer": {**about, "teams": {"edges": []}}}

    def on_run_resume_status(self, asked: Variables) -> Variables:
        run = self.runs.get(asked["name"])
        return {"model": {**_project(asked["project"]), "bucket": None if run is None else _bucket(run)}}

    def on_upsert_bucket(self, asked: Variables) -> Variables:
        is_new = asked["name"] not in self.runs
        run = self.runs.setdefault(asked["name"], Kept(asked["project"], asked["name"]))
        run.about |= {name: value for name, value in asked.items() if value is not None}
        run.state = asked.get("state") or "running"
        return {"upsertBucket": {"bucket": _bucket(run), "inserted": is_new}}

    def on_create_run_files(self, asked: Variables) -> Variables:
        run = self.runs[asked["run"]]
        run.files = sorted({*run.files, *asked["files"]})
        files = [{"name": name, "uploadUrl": self._url(f"{run.name}/{name}")} for name in asked["files"]]
        return {"createRunFiles": {"runID": run.name, "uploadHeaders": [], "files": files}}

    def on_artifact_type(self, _: Variables) -> Variables:
        return {"project": {"artifact": None}}

    def on_create_artifact(self, asked: Variables) -> Variables:
        identity = f"artifact-{len(self._artifacts)}"
        name = asked["input"]["artifactCollectionName"]
        version = f"v{sum(each['artifactCollectionName'] == name for each in self.artifacts)}"
        self._artifacts[identity] = {"id": identity, "state": "PENDING", "version": version, **asked["input"]}
        sequence = {"id": "s", "latestArtifact": None}
        return {"createArtifact": {"artifact": {"id": identity, "state": "PENDING", "artifactSequence": sequence}}}

    def on_create_artifact_manifest(self, asked: Variables) -> Variables:
        file = {"id": "f", "uploadUrl": self._url(f"{asked['artifactID']}/manifest"), "uploadHeaders": []}
        return {"createArtifactManifest": {"artifactManifest": {"id": "m", "file": file}}}

    def on_create_artifact_files(self, asked: Variables) -> Variables:
        nodes = []
        for each in asked["input"]["artifactFiles"]:
            path = f"{each['artifactID']}/{each['md5']}"
            upload = {"storagePath": path, "uploadUrl": self._url(path), "uploadHeaders": []}
            nodes.append({"node": {**upload, "uploadMultipartUrls": None, "artifact": {"id": each["artifactID"]}}})
        return {"createArtifactFiles": {"files": {"edges": nodes}}}

    def on_commit_artifact(self, asked: Variables) -> Variables:
        artifact = self._artifacts[asked["artifactID"]]
        artifact["state"] = "COMMITTED"
        return {"commitArtifact": {"artifact": {"id": artifact["id"], "digest": artifact["digest"]}}}

    def on_artifact_by_id(self, asked: Variables) -> Variables:
        return {"artifact": _artifact(self._artifacts[asked["id"]])}

    # What the client asks when it reads.

    def on_get_default_entity(self, _: Variables) -> Variables:
        return {"viewer": {"id": "u", "entity": ENTITY}}

    def on_run(self, asked: Variables) -> Variables:
        run = self.runs.get(asked["name"])
        return {"project": {"run": None if run is None else _whole(run)}}

    def on_run_history_keys(self, asked: Variables) -> Variables:
        return {"project": {"run": {"historyKeys": {"lastStep": self.runs[asked["name"]].last}}}}

    def on_run_parquet_history(self, _: Variables) -> Variables:
        return {"project": {"run": {"parquetHistory": {"parquetUrls": [], "liveData": []}}}}

    def on_history_page(self, asked: Variables) -> Variables:
        rows = self.runs[asked["run"]].history[: self.shown]
        page = [_in_words(row) for row in rows if asked["minStep"] <= row["_step"] < asked["maxStep"]]
        return {"project": {"run": {"history": [json.dumps(row) for row in page[: asked["pageSize"]]]}}}

    def on_run_files(self, asked: Variables) -> Variables:
        run = self.runs[asked["name"]]
        edges = []
        for name in run.files:
            url = self._url(f"{run.name}/{name}")
            size = len(self.stored[url.removeprefix(self.address)])
            about = {"id": name, "name": name, "url": url, "directUrl": url, "sizeBytes": size}
            edges.append({"node": {**about, "mimetype": "", "updatedAt": None, "md5": ""}, "cursor": name})
        found = {"fileCount": len(edges), "files": {"edges": edges, "pageInfo": _ONE_PAGE}}
        return {"project": {"internalId": "1", "run": found}}

    def on_run_output_artifacts(self, asked: Variables) -> Variables:
        found = [_artifact(each) for each in self.artifacts if each["runName"] == asked["run"]]
        edges = [{"node": each} for each in reversed(found)]
        artifacts = {"totalCount": len(edges), "pageInfo": _ONE_PAGE, "edges": edges}
        return {"project": {"run": {"artifacts": artifacts}}}

    def on_fetch_artifact_manifest(self, asked: Variables) -> Variables:
        return {"artifact": {"currentManifest": {"file": {"directUrl": self._url(f"{asked['id']}/manifest")}}}}

    def on_get_artifact_membership_file_urls(self, asked: Variables) -> Variables:
        names = (asked["collection"], asked["alias"])
        artifact = next(each for each in self.artifacts if (each["artifactCollectionName"], each["version"]) == names)
        places = self._places(artifact).items()
        nodes = [{"__typename": "File", "name": path, "directUrl": f"{self.address}{at}"} for path, at in places]
        files = {"pageInfo": _ONE_PAGE, "edges": [{"node": each} for each in nodes]}
        found = {"__typename": "ArtifactSequence", "artifactMembership": {"files": files}}
        return {"project": {"artifactCollection": found}}

    def _places(self, artifact: Variables) -> dict[str, str]:
        manifest = json.loads(self.stored[f"/storage/{artifact['id']}/manifest"])
        return {path: f"/storage/{artifact['id']}/{each['digest']}" for path, each in manifest["contents"].items()}

    def _url(self, path: str) -> str:
        return f"{self.address}/storage/{path}"


_ONE_PAGE = {"__typename": "PageInfo", "endCursor": None, "hasNextPage": False}


def _project(name: str) -> Variables:
    return {"id": "p", "name": name, "entity": {"id": "e", "name": ENTITY}}


def _bucket(run: Kept) -> Variables:
    history = run.lines.get(HISTORY, [])
    return {
        "id": run.name,
        "name": run.name,
        "displayName": run.about.get("displayName"),
        "description": None,
        "notes": run.about.get("notes"),
        "tags": run.about.get("tags") or [],
        "config": run.about.get("config") or "{}",
        "wandbConfig": '{"t": 1}',  # or the client takes it for one that was never begun
        "sweepName": None,
        "project": _project(run.project),
        "summaryMetrics": (run.lines.get(SUMMARY) or ["{}"])[-1],
        "historyLineCount": len(history),
        "historyTail": json.dumps(history[-1:]),
        "eventsLineCount": 0,
        "eventsTail": "[]",
        "logLineCount": 0,
    }


def _whole(run: Kept) -> Variables:
    return {
        **_bucket(run),
        "projectId": "1",
        "state": run.state,
        "group": run.about.get("groupName"),
        "jobType": run.about.get("jobType"),
        "commit": run.about.get("commit"),
        "readOnly": False,
        "createdAt": "2026-11-22T07:30:00",
        "heartbeatAt": "2026-11-22T07:31:30",
        "summaryMetrics": json.dumps(_in_words(json.loads((run.lines.get(SUMMARY) or ["{}"])[-1]))),
        "systemMetrics": "{}",
        "user": {"name": ENTITY, "username": ENTITY},
        "historyKeys": {"lastStep": run.last},
    }


def _artifact(artifact: Variables) -> Variables:
    project = {**_project(artifact["projectName"]), "internalId": "1"}
    name = artifact["artifactCollectionName"]
    return {
        "__typename": "Artifact",
        "id": artifact["id"],
        "artifactSequence": {"__typename": "ArtifactSequence", "name": name, "project": project},
        "artifactType": {"name": artifact["artifactTypeName"]},
        "versionIndex": int(artifact["version"][1:]),
        "description": None,
        "metadata": artifact.get("metadata") or "{}",
        "ttlDurationSeconds": 0,
        "ttlIsInherited": False,
        "tags": [],
        "historyStep": None,
        "state": artifact["state"],
        "size": 1000,
        "digest": artifact["digest"],
        "digestAlgorithm": "MANIFEST_MD5",
        "commitHash": None,
        "fileCount": 1,
        "createdAt": "2026-11-22T07:30:00Z",
        "updatedAt": None,
        "aliases": [],
    }


def _in_words(row: Variables) -> Variables:
    """Return a row as the service shows it, whose JSON has no NaN."""
    return {name: _word(value) if isinstance(value, float) else value for name, value in row.items()}


def _word(value: float) -> float | str:
    return "NaN" if math.isnan(value) else _WORDS.get(value, value)
