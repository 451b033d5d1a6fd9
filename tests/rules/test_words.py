"""Words in a whole tree: one secret is one finding, and is never printed whole."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from runcheck.cli import main
from runcheck.findings import Finding
from tests.checking import check

DRAWN = "9f3Kq0ZxV7tR2mWb8LsY4nCd6HpJ1uGe5aTi"
TOKEN = f"ghp_{DRAWN}"
OF_WORDS = {"RC902", "RC904", "RC905", "RC910", "RC911"}


def write(run_folder: Path, path: str, content: str) -> None:
    """Write a file of the run, which is no longer sealed."""
    (run_folder / "SHA256SUMS").unlink(missing_ok=True)
    (run_folder / path).parent.mkdir(parents=True, exist_ok=True)
    (run_folder / path).write_text(content)


def found(tree: Path, *, pedantic: bool = False) -> list[Finding]:
    """Return the findings of the clauses about words."""
    return [each for each in check(tree, pedantic=pedantic).findings if each.code in OF_WORDS]


@pytest.mark.parametrize(
    ("path", "content", "code"),
    [
        ("config.json", json.dumps({"wandb": {"api_key": TOKEN}}), "RC902"),
        ("config.json", json.dumps({TOKEN: 1}), "RC902"),
        ("config.json", json.dumps({"note": f"use --token {DRAWN}"}), "RC902"),
        ("config.json", json.dumps({"remote": f"https://ada:{TOKEN}@example.org/x"}), "RC910"),
        ("config.json", json.dumps({"data_dir": "/home/ada/data"}), "RC904"),
        ("config.json", json.dumps({"data_dir": "C:\\Users\\ada\\data"}), "RC904"),
        ("config.json", '{"a": 1, "a": "' + TOKEN + '"}', "RC902"),
        ("config.yaml", f"# {TOKEN}\nlr: 0.1\n", "RC902"),
        ("config.yaml", f"api_key: {TOKEN}\n", "RC902"),
        ("config.yaml", f"api_key: [{TOKEN}\n", "RC902"),
        ("extra/settings.json", json.dumps({"api_key": DRAWN}), "RC902"),
        ("extra/.env", f"API_KEY={DRAWN}\nHOST=localhost\n", "RC902"),
        ("extra/page.html", f"<script>token='{DRAWN}'</script>", "RC902"),
        ("checkpoints/3/metadata", json.dumps({"token": TOKEN}), "RC902"),
        ("extra/x.zarr/.zattrs", json.dumps({"api_key": DRAWN}), "RC902"),
        ("extra/x.zarr/zarr.json", json.dumps({"attributes": {"from": "/home/ada/x"}}), "RC904"),
        (f"extra/{TOKEN}.txt", "", "RC902"),
        (f"extra/{TOKEN}/a/b.txt", "", "RC902"),
    ],
)
def test_a_word_is_found_once(tree: Path, run_folder: Path, path: str, content: str, code: str) -> None:
    write(run_folder, path, content)
    assert [each.code for each in found(tree)] == [code]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("checkpoints/3/_METADATA", json.dumps({"path": "/home/ada/x"})),
        ("extra/train.log", 'File "/usr/lib/python3.11/x.py", line 3\nHOST=node17\n'),
        ("extra/notes.md", "Ada Lovelace <ada@example.org>, git@github.com:team/repo, [redacted]\n"),
        ("extra/vocabulary.json", json.dumps({"pad_token": "<pad>", "tokens": ["password", "secret", "api_key"]})),
    ],
)
def test_what_belongs_there_is_not_found(tree: Path, run_folder: Path, path: str, content: str) -> None:
    write(run_folder, path, content)
    assert found(tree) == []


def test_a_secret_is_never_printed_whole(tree: Path, run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secrets = [TOKEN, DRAWN, "hunter2x"]
    config = {"a": TOKEN, "api_key": DRAWN[::-1], "password": "hunter2x", "b": f"https://{DRAWN}@example.org/x"}
    write(run_folder, "config.json", json.dumps(config))
    write(run_folder, "extra/a.txt", f"{TOKEN}\npassword='hunter2x'\nhttps://ada:hunter2x@example.org/\n")
    main(["check", str(tree)])
    main(["check", "--format", "json", str(tree)])
    out = "".join(capsys.readouterr())
    assert "ghp_" in out
    assert not any(secret in out for secret in [*secrets, DRAWN[::-1], DRAWN[:12]])


def test_what_is_not_certain_is_told_to_the_pedantic_only(tree: Path, run_folder: Path) -> None:
    write(run_folder, "config.json", json.dumps({"auth": "k9x8w7q6", "route": "/api/v1/items"}))
    assert found(tree) == []
    assert {each.code for each in found(tree, pedantic=True)} == {"RC902", "RC904"}


def test_many_secrets_are_counted(tree: Path, run_folder: Path) -> None:
    config = {f"k{at}": f"ghp_{DRAWN[at:]}{DRAWN[:at]}" for at in range(30)}
    write(run_folder, "config.json", json.dumps(config))
    findings = found(tree)
    assert len(findings) == 21
    assert sum("10 more secrets" in each.message for each in findings) == 1


def test_a_secret_in_a_name_is_told_without_printing_more_than_the_path(tree: Path, run_folder: Path) -> None:
    write(run_folder, f"extra/{TOKEN}.txt", "")
    (finding,) = found(tree)
    assert finding.message == "holds a GitHub token: ghp_\u2026, in its name"


@pytest.mark.parametrize(
    "name", ["run_token_3f2b8c1e9d4a4e6f8a1b2c3d4e5f6a7b.txt", "sk-learn-baseline-2024-06-01.txt", "password.txt"]
)
def test_a_name_with_a_digest_or_a_word_is_passed(tree: Path, run_folder: Path, name: str) -> None:
    write(run_folder, f"extra/{name}", "")
    assert found(tree, pedantic=True) == []


def test_metadata_of_a_binary_format_are_judged_and_paths_in_a_checkpoint_are_its_own(
    tree: Path, run_folder: Path
) -> None:
    content = save({"w": np.zeros(3, "f4")}, {"token": TOKEN, "data_dir": "/home/ada/data"})
    for path in ("extra/w.safetensors", "checkpoints/3/w.safetensors"):
        write(run_folder, path, "")
        (run_folder / path).write_bytes(content)
    assert sorted((each.code, each.path.split("/", 3)[3], each.message) for each in found(tree)) == [
        ("RC902", "checkpoints/3/w.safetensors", "holds a GitHub token: ghp_\u2026, in its metadata, under 'token'"),
        ("RC902", "extra/w.safetensors", "holds a GitHub token: ghp_\u2026, in its metadata, under 'token'"),
        (
            "RC904",
            "extra/w.safetensors",
            "names the path '/home/ada/data' of one machine, in its metadata, under 'data_dir'",
        ),
    ]
