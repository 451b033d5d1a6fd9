"""What is recorded of the repository, the command and the environment."""

import hashlib
import importlib.metadata
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from runcheck.writer.provenance import code
from runcheck.writer.provenance import environment as of_environment
from runcheck.writer.provenance.code import read_repository, working_folder
from runcheck.writer.provenance.environment import (
    installed_packages,
    lock_files,
    read_environment,
    read_variables,
)
from runcheck.writer.run import Run
from tests.checking import check

StartRun = Callable[..., Run]
TOKEN = "ghp_9f3Kq0ZxV7tR2mWb8LsY4nCd6HpJ1uGe5aTi"
SCRIPT = """
import sys
import runcheck
with runcheck.start_run({root!r}, dataset="digits", model="logreg", variant="a", config={{}}, seeds={{"init": 0}},
                        tags={{"experiment": "digits", "run_type": "train"}}, data={{"kind": "synthetic", "seed": 7}},
                        description="A run.") as run:
    run.log(0, {{"loss": 1.0}})
"""


def git(folder: Path, *arguments: str) -> str:
    """Run Git as nobody in particular."""
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a script in one commit, and a package whose module is started by its name."""
    folder = tmp_path / "repository"
    (folder / "tool").mkdir(parents=True)
    for path in ("train.py", "tool/__main__.py", "tool/fit.py"):
        (folder / path).write_text(SCRIPT.format(root=str(tmp_path / "artefacts")))
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def state(repository: Path, outside: str = "artefacts") -> Any:  # noqa: ANN401
    """Return what is recorded of a repository."""
    read = read_repository(str(repository), diff_path="x.diff", outside=str(repository / outside))
    assert read is not None
    return read


def metadata_after(folder: Path, root: Path, *command: str, **variables: str) -> dict[str, Any]:
    """Run a command of Python in a folder, and return the metadata of the run that it wrote."""
    subprocess.run([sys.executable, *command], cwd=folder, check=True, env={**os.environ, **variables})
    (path,) = root.glob("model/*/20*/metadata.json")
    metadata: dict[str, Any] = json.loads(path.read_text())
    return metadata


# --- the repository ---------------------------------------------------------------------------------------------------


def test_a_difference_that_is_too_large_is_told_apart_and_ends_at_the_end_of_a_line(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (repository / "train.py").open("a") as stream:
        stream.writelines(f"# line {number} of many, and {TOKEN}\n" for number in range(100))
    whole = state(repository)
    assert "diff_is_cut" not in whole.git
    monkeypatch.setattr(code, "MAX_DIFF_BYTES", len(whole.diff) - 20)  # within the key of the last line
    cut = state(repository)
    assert cut.git["diff_is_cut"] is True
    kept = cut.diff.removesuffix(b"\n[the rest of the difference was not kept]\n")
    assert kept == whole.diff[: whole.diff[:-1].rfind(b"\n") + 1]


def test_a_difference_that_git_does_not_tell_in_time_is_no_clean_tree(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code, "_DIFF", ("diff", "no-such-commit"))  # as where it is killed: it ends badly
    git_state = state(repository).git
    assert (git_state["dirty"], git_state["diff_is_cut"], git_state["diff"]) == (True, True, "x.diff")


def test_a_difference_within_the_artefacts_is_none_of_the_code(repository: Path) -> None:
    for folder in ("artefacts", "my [results] *"):
        (repository / folder).mkdir()
        (repository / folder / "runs.parquet").write_text("old")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "second")
    for folder in ("artefacts", "my [results] *"):
        (repository / folder / "runs.parquet").write_text("new")
        (repository / folder / "new").write_text("new")
    assert b"artefacts" not in state(repository).diff
    assert state(repository).git["untracked"] == ["my [results] */new"]
    assert b"results" not in state(repository, "my [results] *").diff
    assert state(repository, "my [results] *").git["untracked"] == ["artefacts/new"]


def test_the_lock_of_a_pipeline_of_dvc_makes_no_difference(repository: Path) -> None:
    (repository / "nested").mkdir()
    for folder in (repository, repository / "nested"):
        (folder / "dvc.lock").write_text("old")
        (folder / "my-dvc.lock").write_text("old")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "second")
    for folder in (repository, repository / "nested"):
        (folder / "dvc.lock").write_text("new")
    assert state(repository).git["dirty"] is False
    (repository / "my-dvc.lock").write_text("new")
    assert b"a/my-dvc.lock" in state(repository).diff
    assert b"a/dvc.lock" not in state(repository).diff


@pytest.mark.parametrize("name", ["GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS"])
def test_the_meaning_of_paths_does_not_depend_on_the_environment(
    repository: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (repository / "train.py").write_text("# changed\n")
    monkeypatch.setenv(name, "1")
    assert state(repository).git["dirty"] is True


@pytest.mark.parametrize("setting", ["diff.submodule=log", "diff.context=0", "diff.noprefix=true"])
def test_the_difference_is_a_patch_whatever_the_configuration_says(
    repository: Path, tmp_path: Path, setting: str
) -> None:
    git(repository, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repository), "sub")
    git(repository, "commit", "-q", "-m", "second")
    git(repository / "sub", "commit", "-q", "--allow-empty", "-m", "third")
    (repository / "train.py").write_text("# changed\n")
    git(repository, "config", *setting.split("=", 1))
    patch = tmp_path / "x.diff"
    patch.write_bytes(state(repository).diff)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(repository), str(clone))
    git(clone, "apply", str(patch))
    assert (clone / "train.py").read_text() == "# changed\n"


def test_untracked_files_beyond_a_hundred_are_told_of(repository: Path) -> None:
    for number in range(100):
        (repository / f"{number:03}.txt").write_text("")
    assert "untracked_is_cut" not in state(repository).git
    (repository / "zzz.txt").write_text("")
    git_state = state(repository).git
    assert (len(git_state["untracked"]), git_state["untracked_is_cut"]) == (100, True)
    assert "zzz.txt" not in git_state["untracked"]


@pytest.mark.parametrize(
    ("remotes", "expected"),
    [
        ({"origin": "https://example.org/a.git", "fork": "https://example.org/b.git"}, "https://example.org/a.git"),
        ({"upstream": "https://ada:pa55word@example.org/b.git"}, "https://example.org/b.git"),
        ({"origin": f"https://{TOKEN}@example.org/b.git"}, "https://example.org/b.git"),
        ({"origin": "git@example.org:team/b.git"}, "ssh://example.org/team/b.git"),
        ({"origin": "/home/ada/b.git"}, None),
        ({}, None),
    ],
)
def test_the_remote_is_origin_or_another_without_its_user(
    repository: Path, remotes: dict[str, str], expected: str | None
) -> None:
    for name, address in remotes.items():
        git(repository, "remote", "add", name, address)
    assert state(repository).git["remote"] == expected


def test_a_detached_head_has_no_branch_and_a_branch_may_have_a_slash(repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "ada/fix")
    assert state(repository).git["branch"] == "ada/fix"
    git(repository, "checkout", "-q", "--detach")
    assert state(repository).git["branch"] is None


def test_a_repository_without_a_commit_is_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert read_repository(str(tmp_path), diff_path="x", outside=str(tmp_path / "artefacts")) is None


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "command", "expected", "within"),
    [
        (".", ["train.py", "--lr", "0.1"], ["python", "train.py", "--lr", "0.1"], None),
        (".", ["-m", "tool.fit", "x"], ["python", "-m", "tool.fit", "x"], None),
        (".", ["-m", "tool"], ["python", "-m", "tool"], None),
        ("tool", ["fit.py"], ["python", "tool/fit.py"], "tool"),
        ("tool", ["../train.py"], ["python", "train.py"], "tool"),
    ],
)
def test_the_command_says_how_the_script_was_started_and_where(
    repository: Path, tmp_path: Path, *, folder: str, command: list[str], expected: list[str], within: str | None
) -> None:
    metadata = metadata_after(repository / folder, tmp_path / "artefacts", *command)
    assert metadata["command"] == expected
    assert metadata.get("working_folder") == within
    assert check(tmp_path / "artefacts").is_clean


def test_a_working_folder_outside_or_one_that_no_document_can_name_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = tmp_path / "a\\b"
    odd.mkdir()
    monkeypatch.chdir(odd)
    assert working_folder(str(tmp_path)) is None
    assert working_folder(str(tmp_path / "elsewhere")) is None


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_folder_whose_name_is_no_text_is_shown_and_is_no_working_folder(repository: Path, tmp_path: Path) -> None:
    odd = os.fsdecode(os.fsencode(repository / "tool") + b"/caf\xe9")
    os.mkdir(odd)
    shutil.copy(repository / "train.py", odd)
    metadata = metadata_after(Path(odd), tmp_path / "artefacts", "train.py")
    assert metadata["command"] == ["python", "tool/caf\ufffd/train.py"]
    assert "working_folder" not in metadata
    assert check(tmp_path / "artefacts").is_clean


# --- the environment --------------------------------------------------------------------------------------------------


def test_packages_are_those_that_importlib_knows() -> None:
    parsed: dict[str, str] = {}
    for each in importlib.metadata.distributions():
        parsed.setdefault(each.metadata["Name"], each.version)
    assert installed_packages() == parsed


def test_of_two_versions_of_a_package_the_one_that_is_imported_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, version in (("first", "2.0"), ("second", "1.0")):
        info = tmp_path / folder / "thing-1.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\r\nName: Thing\r\nVersion: {version}\r\n\r\nVersion: 9\r\n", newline=""
        )
    monkeypatch.setattr(sys, "path", [str(tmp_path / "first"), str(tmp_path / "second")])
    assert installed_packages() == {"Thing": "2.0"}


def test_a_package_that_is_upgraded_meanwhile_is_told_as_it_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    for at, version in enumerate(("1.0", "2.0")):
        shutil.rmtree(tmp_path / "thing-1.0.dist-info", ignore_errors=True)
        info = tmp_path / f"thing-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: thing\nVersion: {version}\n")
        os.utime(tmp_path, (at, at))  # both may be in one tick of the clock
        assert installed_packages() == {"thing": version}
    shutil.rmtree(info)
    assert installed_packages() == {}


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"Name: x\n", b"no field"])
def test_a_damaged_package_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    (tmp_path / "x-1.dist-info").mkdir()
    (tmp_path / "x-1.dist-info/METADATA").write_bytes(content)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert installed_packages() == {}


def test_lock_files_are_those_at_the_top_and_beside_the_script(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "elsewhere").mkdir()
    locks = ("uv.lock", "requirements-dev.txt", "scripts/pylock.dev.toml")
    for name in (*locks, "elsewhere/poetry.lock", "notes.txt", "uv.lock.bak"):
        (tmp_path / name).write_text(name)
    (tmp_path / "pdm.lock").mkdir()
    found = lock_files(str(tmp_path), [str(tmp_path / "scripts"), str(tmp_path.parent)])
    assert found == {name: hashlib.sha256(name.encode()).hexdigest() for name in locks}


def test_variables_are_those_that_change_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in read_variables():  # such as those that a cluster of another test left
        monkeypatch.delenv(name)
    wanted = {"JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu", "PYTHONHASHSEED": "0"}
    for name, value in wanted.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XLA_FLAGS", "--xla_gpu_deterministic_ops=true --xla_dump_to=/home/ada/dump")
    for name in ("JAX_COMPILATION_CACHE_DIR", "JAX_COORDINATOR_ADDRESS", "JAX_LOG_COMPILES", "WANDB_API_KEY"):
        monkeypatch.setenv(name, "x")
    found = read_variables()
    assert found == {**wanted, "XLA_FLAGS": "--xla_gpu_deterministic_ops=true"}


def test_nothing_secret_and_no_machine_is_in_what_people_name(repository: Path, tmp_path: Path) -> None:
    (repository / f"scratch.{TOKEN}.py").write_text("")
    (repository / f"requirements.{TOKEN}.txt").write_text("--index-url https://ada:pa55word@example.org/simple\n")
    git(repository, "checkout", "-q", "-b", f"fix/{TOKEN}")
    git(repository, "remote", "add", "origin", f"https://example.org/x.git?private_token={TOKEN}")
    flags = f"--xla_gpu_cuda_data_dir=/home/ada/cuda --xla_x={TOKEN}"
    variables = {"JAX_SOMETHING": TOKEN, "JAX_TOKEN": "hunter2x!hunter2x", "XLA_FLAGS": flags}
    metadata = metadata_after(repository, tmp_path / "artefacts", "train.py", f"--token={TOKEN}", **variables)
    text = json.dumps(metadata)
    for secret in (TOKEN, TOKEN[4:], "pa55word", "hunter2x", "/home/ada"):
        assert secret not in text
    assert len(metadata["git"]["untracked"]) == 2
    assert "[redacted]" in metadata["git"]["branch"]
    assert "metadata#/env/variables/JAX_SOMETHING" in {each["where"] for each in metadata["governance"]["redactions"]}
    assert check(tmp_path / "artefacts", pedantic=True).is_clean


KERNEL_MODULES = {
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 01:44:30 UTC 2024\nGCC version": "550.54.14",
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (dvs-builder@U22)": "570.86.15",
    "NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  580.65.06  Release Build  (dvs)": "580.65.06",
}


@pytest.mark.parametrize("text", KERNEL_MODULES)
def test_the_driver_of_nvidia_is_that_of_its_kernel_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "version").write_text(text)
    monkeypatch.setattr(of_environment, "_NVIDIA", (str(tmp_path / "version"), of_environment._NVIDIA[1]))
    assert read_environment(str(tmp_path)).get("drivers") == {"nvidia": KERNEL_MODULES[text]}


class Client:
    """What a client of PJRT says of itself, as on a machine with CUDA."""

    platform_version = "PJRT C API\ncuda 12080"


class Device:
    """A device of that client."""

    platform, device_kind, id, client = "gpu", "NVIDIA H200", 0, Client()


def test_a_platform_of_jax_tells_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jax = type("jax", (), {"devices": staticmethod(lambda: [Device]), "local_devices": staticmethod(lambda: [Device])})
    monkeypatch.setitem(sys.modules, "jax", jax)
    env = read_environment(str(tmp_path))
    assert env["devices"] == ["NVIDIA H200:0"]
    assert env["drivers"]["gpu"] == "PJRT C API cuda 12080"


def test_a_jax_that_finds_no_backend_does_not_end_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("Unable to initialize backend 'tpu'")

    monkeypatch.setitem(sys.modules, "jax", type("jax", (), {"devices": fail, "local_devices": staticmethod(fail)}))
    assert read_environment(str(tmp_path))["devices"] == []


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/St_Johns", "Etc/GMT+12", ":nonsense", "XXX-23:59:59"])
def test_the_time_zone_does_not_matter(repository: Path, tmp_path: Path, zone: str) -> None:
    before = time.time()
    metadata = metadata_after(repository, tmp_path / "artefacts", "train.py", TZ=zone)
    created = datetime.fromisoformat(metadata["created_at"]).timestamp()
    assert int(before) <= created <= time.time()
    assert metadata["version"][:19].replace("-", "") == metadata["created_at"][:19].replace("-", "").replace(":", "")
    assert metadata["name"][:8] == metadata["created_at"][:10].replace("-", "")
    assert check(tmp_path / "artefacts").is_clean


def test_the_settings_of_jax_are_those_of_the_moment(start: StartRun) -> None:
    import jax

    before = jax.config.jax_enable_x64  # type: ignore[attr-defined]
    jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]
    try:
        run = start()
    finally:
        jax.config.update("jax_enable_x64", before)  # type: ignore[no-untyped-call]
    run.finish("aborted")
    settings = json.loads((Path(run.path) / "metadata.json").read_text())["env"]["jax"]
    assert settings["jax_enable_x64"] is True
    assert settings["jax_numpy_dtype_promotion"] == "standard"


# --- the README ------------------------------------------------------------------------------------------------------


def test_the_command_of_the_readme_can_be_pasted(repository: Path, tmp_path: Path) -> None:
    arguments = ["it's", "a b", "$(x)", "--lr=0.1"]
    metadata_after(repository / "tool", tmp_path / "artefacts", "fit.py", *arguments)
    (path,) = (tmp_path / "artefacts").glob("model/*/20*/README.md")
    readme = path.read_text()
    (line,) = [line for line in readme.splitlines() if line.startswith("python ")]
    assert shlex.split(line) == ["python", "tool/fit.py", *arguments]
    assert "In `tool`, with the script named from the top of the repository:" in readme
    assert "`runcheck reproduce` with the path of this folder" in readme
