"""Whatever callers give to the writer, nothing that it writes names a secret or the machine."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import runcheck
from runcheck.findings import Report
from runcheck.judgement import Judgement
from runcheck.pipeline import check_in
from runcheck.tree.quarantine import Quarantine
from runcheck.writer.provenance.redaction import Redactor
from runcheck.writer.run import Run
from tests.checking import check

StartRun = Callable[..., Run]
OF_WORDS = {"RC902", "RC904", "RC905", "RC910", "RC911"}
DRAWN = "9f3Kq0ZxV7tR2mWb8LsY4nCd6HpJ1uGe5aTi"
SECRETS = [
    f"ghp_{DRAWN}",
    f"sk-proj-{DRAWN}",
    f"AKIA{'Q3X7ZK2MWB5LSYTN'}",
    f"-----BEGIN PRIVATE KEY-----\n{DRAWN}{DRAWN}\n-----END PRIVATE KEY-----\n",
    f"https://ada:{DRAWN}@example.org/x",
    f"https://{DRAWN}@example.org/x",
    f"postgresql://ada:{DRAWN}@db.example.org/x",
    f"Authorization: Bearer {DRAWN}",
    f"--token={DRAWN}",
    f"export WANDB_API_KEY={DRAWN}",
    "password: hunter2x!",
    "machine example.org login ada password hunter2x",
    "curl -u ada:hunter2x! https://example.org",
    "mysql -u ada -phunter2x! digits",
]
PLACES = [
    "/home/ada/data/train.csv",
    "/home/ada",
    "/Users/ada/Desktop/x y.csv",
    "C:\\Users\\ada\\data.csv",
    "~/data",
    "~ada/data",
    "~",
    "file:///home/ada/x",
    "/scratch/ada/x",
    "/mnt/data/imagenet",
    "/tmp/x/y",
    "\\\\server\\share\\x",
    "D:\\data",
    "data_dir=/scratch/ada",
    "--out=/home/ada/out",
    "ada@laptop:~/work$ python train.py",
]
WORDS = st.sampled_from([*SECRETS, *PLACES, "[redacted]", "train", "a/b", "/", "x@y"])
TEXT = st.one_of(
    WORDS,
    st.lists(WORDS, min_size=2, max_size=3).flatmap(
        lambda words: st.sampled_from([" ", "\n", ",", "='"]).map(lambda by: by.join(words))
    ),
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=12),
)
KEYS = st.sampled_from(
    [
        "api_key",
        "password",
        "token",
        "data_dir",
        "hostname",
        "username",
        "host",
        "env",
        "note",
        "a~b/c",
        "x",
        "command",
        "auth",
        "pad_token",
    ]
)
LEAVES = TEXT | st.integers() | st.none()
INNER = LEAVES | st.lists(LEAVES, max_size=3) | st.dictionaries(KEYS, LEAVES, max_size=3)
CONFIGS = st.dictionaries(
    KEYS | TEXT, INNER | st.lists(INNER, max_size=2) | st.dictionaries(KEYS, INNER, max_size=3), max_size=4
)


def found(root: Path) -> list[tuple[str, str, str]]:
    """Return what a check of a tree says of words."""
    return of_words(check(root, pedantic=True))


def of_words(report: Report) -> list[tuple[str, str, str]]:
    """Return the certain findings of the clauses about words, and every finding of a secret."""
    return [
        (each.code, each.path, f"{each.message} at {each.pointer}")
        for each in report.findings
        if each.code in OF_WORDS and (each.is_certain or each.code == "RC902")
    ]


def write(root: Path, config: dict[str, Any], text: str) -> Path:
    """Write a dataset and a failed run that say ``config`` and ``text`` wherever they can."""
    script = root.parent / "make.py"
    script.write_text(f'"""Draw."""\nx = {text!r}\n# {text}\n', encoding="utf-8")
    with runcheck.new_dataset(
        root,
        "numbers",
        provenance={"kind": "synthetic", "seed": 1, "note": text},
        generator=script,
        params=config,
        description=text,
        risks=text,
    ) as dataset:
        dataset.write_parquet("train", {"x": [1.0]})
    run = runcheck.start_run(
        root,
        dataset="numbers",
        model="m",
        variant="v",
        config=config,
        seeds={"init": 0, text: 1},
        tags={"experiment": "e", "run_type": "train"},
        data=dataset.path,
        description=text,
        architecture=text,
        risks=text,
        extensions={"team": config},
    )
    run.log(1, {"loss": 1.0})
    run.note(text)
    run.finish("failed", f"FileNotFoundError: [Errno 2] No such file or directory: {text!r}")
    return Path(run.path)


# A whole tree is written for each example, so that making a failing one smaller would take minutes.
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(config=CONFIGS, text=TEXT)
def test_nothing_that_is_written_names_a_secret_or_the_machine(
    quarantine: Quarantine, config: dict[str, Any], text: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "artefacts"
        run = write(root, config, text)
        report = check_in(quarantine, root, Judgement(pedantic=True))
        assert of_words(report) == []
        assert [each for each in report.findings if each.is_error] == []
        for path in run.parent.parent.parent.rglob("*"):
            assert path.is_dir() or DRAWN.encode() not in path.read_bytes(), path


def test_a_key_in_a_script_is_left_out_and_its_other_lines_stay(root: Path, tmp_path: Path) -> None:
    script = tmp_path / "make.py"
    lines = ['"""Draw."""', f'TOKEN = "{DRAWN}"', 'HEADER = "-----BEGIN PRIVATE KEY-----"', "x = '/home/ada/x.csv'", ""]
    script.write_text("\n".join(lines))
    with runcheck.new_dataset(
        root, "numbers", provenance={"kind": "synthetic", "seed": 1}, generator=script, description="D."
    ) as dataset:
        dataset.write_parquet("train", {"x": [1.0]})
    written = Path(dataset.path, "generate.py").read_text().split("\n")
    assert written == [lines[0], 'TOKEN = "[redacted]"', lines[2], "x = '[redacted]/x.csv'", ""]
    assert dataset.metadata["governance"]["redactions"] == [{"where": "generator", "reason": "looks like a secret"}]


def test_a_path_below_the_working_folder_becomes_relative_and_one_elsewhere_keeps_its_last_name(
    root: Path, nowhere: Path, start: StartRun
) -> None:
    config = {
        "train": str(nowhere / "data/train.csv"),
        "here": str(nowhere),
        "elsewhere": "/scratch/ada/imagenet/val",
        "home": "/home/ada",
        "route": "/api/v1/items",
        "files": ["data/a.csv", str(nowhere / "b.csv")],
    }
    with start(config=config) as run:
        run.log(0, {"loss": 1.0})
    assert json.loads(Path(run.path, "config.json").read_text()) == {
        "train": "data/train.csv",
        "here": ".",
        "elsewhere": "[redacted]/val",
        "home": "[redacted]",
        "route": "/api/v1/items",
        "files": ["data/a.csv", "b.csv"],
    }
    assert {each["where"]: each["reason"] for each in run.metadata["governance"]["redactions"]} == dict.fromkeys(
        ["config#/train", "config#/here", "config#/elsewhere", "config#/home", "config#/files/1"],
        "a path of this machine",
    )
    assert check(root).is_clean


def test_the_caller_keeps_the_configuration_that_it_gave(start: StartRun) -> None:
    config = {"data": {"dir": "/home/ada/x", "api_key": DRAWN}, "files": ["/home/ada/y"]}
    before = json.dumps(config)
    start(config=config).finish("aborted")
    assert json.dumps(config) == before


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("failed with token=f3k9d2mq7x1vb8t0", "failed with token=[redacted]"),
        ("failed with token=f3k9d2mq7x1vb8t", None),
        ("failed with token=abcdef123456", None),
        ("failed with token=fkdmqxvbtgwzplnr", None),
        ("failed with password=f3k9d2", "failed with password=[redacted]"),
        ("failed with password=f3k9d", None),
        ("failed with token=<token>, password=${TOKEN}, api_key=...", None),
    ],
)
def test_within_a_text_a_secret_counts_from_the_length_that_the_guide_says(text: str, clean: str | None) -> None:
    assert Redactor(()).text(text, "metadata#/error") == (clean or text)


@pytest.mark.parametrize(
    ("value", "is_replaced"), [("f3k9d2mq", True), ("f3k9d2m", False), ("<token>", False), ("${TOKEN}", False)]
)
def test_under_a_key_of_its_own_a_token_counts_from_the_length_that_the_guide_says(
    value: str, is_replaced: bool
) -> None:
    found = Redactor(()).document({"token": value}, "config#")
    assert found == {"token": "[redacted]" if is_replaced else value}


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_private_key_in_a_difference_is_left_out_line_by_line(ending: str) -> None:
    key = [
        "+-----BEGIN PRIVATE KEY-----",
        *(f"+{DRAWN}{DRAWN[::-1]}" for _ in range(3)),
        "+-----END PRIVATE KEY-----",
    ]
    difference = ending.join(["@@ -1,2 +1,7 @@", " a", *key, " b", ""]).encode()
    redactor = Redactor(())
    clean = redactor.bytes(difference, "diff").decode()
    assert clean == ending.join(["@@ -1,2 +1,7 @@", " a", *["+[redacted]"] * 5, " b", ""])
    assert redactor.redactions == [{"where": "diff", "reason": "looks like a secret"}]


@pytest.mark.parametrize("home", ["/home/ada", "/root", "/data"])
@pytest.mark.parametrize("rest", ["cache", ".cache", "a/cache", "x.csv"])
def test_a_place_in_the_home_folder_has_one_name_however_it_was_given(
    home: str, rest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", home)
    last = rest.rpartition("/")[2]
    for given_as in (f"~/{rest}", f"{home}/{rest}", f"file://{home}/{rest}"):
        assert Redactor(()).document({"path": given_as}, "config") == {"path": f"[redacted]/{last}"}
