"""What is found in a text and under a key, and what only looks like it. Every key is made up."""

import hashlib
import random
import re
import string
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.convention.commands import _BEGINS
from runcheck.convention.machine import host_of_events, last_part
from runcheck.convention.words import Word, words_in, words_of_value

_LOT = random.Random(7)
LETTERS = string.ascii_letters + string.digits


def drawn(length: int, of: str = LETTERS) -> str:
    """Return letters drawn by lot, the same in every run, a digit among them."""
    text = "".join(_LOT.choice(of) for _ in range(length - 2))
    return f"{text[: length // 2]}{'7' if '7' in of else of[0]}{text[length // 2 :]}{of[-1]}"


HEX = hashlib.sha256(b"x").hexdigest()
KEYS = {
    "AWS id": "AKIA" + drawn(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    "AWS id of a session": "ASIA" + drawn(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    "GitHub": "ghp_" + drawn(36),
    "GitHub app": "ghs_" + drawn(36),
    "GitHub fine-grained": f"github_pat_{drawn(22)}_{drawn(59)}",
    "GitLab": "glpat-" + drawn(20),
    "Hugging Face": "hf_" + drawn(34, string.ascii_letters),
    "Anthropic": f"sk-ant-api03-{drawn(93)}AA",
    "OpenAI": f"sk-{drawn(20)}T3BlbkFJ{drawn(20)}",
    "OpenAI project": "sk-proj-" + drawn(48),
    "Slack": f"xoxb-{drawn(12, '0123456789')}-{drawn(12, '0123456789')}-{drawn(24)}",
    "Slack webhook": f"https://hooks.slack.com/services/T0ABCDEFG/B0ABCDEFG/{drawn(24)}",
    "Google": "AIza" + drawn(35),
    "Google client": "GOCSPX-" + drawn(28),
    "Stripe": "sk_live_" + drawn(24),
    "npm": "npm_" + drawn(36),
    "PyPI": "pypi-AgEIcHlwaS5vcmc" + drawn(80),
    "Databricks": "dapi" + drawn(32, "0123456789abcdef"),
    "SendGrid": f"SG.{drawn(22)}.{drawn(43)}",
    "Telegram": f"{drawn(9, '0123456789')}:AA{drawn(33)}",
    "Docker": "dckr_pat_" + drawn(27),
    "NVIDIA": "nvapi-" + drawn(64),
    "age": "AGE-SECRET-KEY-1" + drawn(58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"),
    "JWT": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI" + drawn(20) + "." + drawn(43),
}
BODY = "\n".join(drawn(64) for _ in range(4))
PRIVATE_KEYS = {
    "PEM": f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n-----END RSA PRIVATE KEY-----",
    "PEM with headers": "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,"
    f"{HEX[:32].upper()}\n\n{BODY}\n-----END RSA PRIVATE KEY-----",
    "OpenSSH": f"-----BEGIN OPENSSH PRIVATE KEY-----\r\n{BODY}\r\n-----END OPENSSH PRIVATE KEY-----",
    "PGP": f"-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n{BODY}\n-----END PGP PRIVATE KEY BLOCK-----",
    "of a service account": '{"private_key": "-----BEGIN PRIVATE KEY-----\\n' + BODY.replace("\n", "\\n") + '"}',
    "in a difference": "+-----BEGIN PRIVATE KEY-----\n+" + BODY.replace("\n", "\n+") + "\n+-----END PRIVATE KEY-----",
    "PuTTY": "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPublic-Lines: 1\nAAAA\n"
    f"Private-Lines: 1\n{drawn(48)}",
}
SECRET = drawn(32)
LINES = {
    "environment": f"export API_KEY={SECRET}",
    "quoted": f"HF_TOKEN='{SECRET}'",
    "YAML": f"  wandb_api_key: {HEX[:40]}",
    "JSON": f'{{"lr":0.1,"api_key":"{SECRET}","x":1}}',
    "JSON in JSON": f'"source": "{{\\"api_key\\": \\"{SECRET}\\"}}"',
    "Python": f'    client = Client(api_key="{SECRET}")',
    "Python with a type": f'TOKEN: str = "{SECRET}"',
    "Python of bytes": f'SECRET_KEY = b"{SECRET}"',
    "command": f"python train.py --hf-token {SECRET} --lr 0.1",
    "list": f"['--token', '{SECRET}']",
    "header": f"Authorization: Bearer {SECRET}",
    "AWS": f"aws_secret_access_key = {drawn(18)}/{drawn(14)}+{drawn(6)}",
    "Azure": f"AccountName=x;AccountKey={drawn(40)}+{drawn(43)}/==;EndpointSuffix=core.windows.net",
    "netrc": f"machine api.wandb.ai\n  login user\n  password {HEX[:40]}",
    "password": "DB_PASSWORD=hunt3r!",
    "password in code": 'connect(user="x", password="hunt3r")',
    "password in a URL query": "x?user=a&password=hunt3r&b=c",
    "after an escape": f"x\\napi_key={SECRET}\\n",
    "XML": f"<token>{SECRET}</token>",
}


def certain(words: list[Word], kind: str) -> list[Word]:
    """Return the certain words of a kind."""
    return [word for word in words if word.kind == kind and word.is_certain]


@pytest.mark.parametrize("key", [*KEYS.values(), *PRIVATE_KEYS.values()], ids=[*KEYS, *PRIVATE_KEYS])
@pytest.mark.parametrize(
    "frame", ["{}", "x = '{}'", "see ({}).", '"\\n{}"', "a\tb {} c", "https://example.org/?k={}", "\n{}\n"]
)
def test_a_key_is_found_in_any_text_and_wholly(key: str, frame: str) -> None:
    text = frame.format(key)
    if frame.startswith("https") and key.startswith("https"):
        return
    (word,) = certain(words_in(text), "secret")
    secret = key.split(":", 1)[1] if key[:9].isdigit() else key.removeprefix("https://").removeprefix("+")
    secret = secret.removeprefix('{"private_key": "')
    assert text[word.start :].startswith(secret[:40])
    left = text[: word.start] + text[word.end :]
    assert not any(line in left for line in key.split("\n") if len(line) > 60 and "PRIVATE" not in line)


@pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())
def test_a_secret_is_found_by_the_name_before_it(line: str) -> None:
    (word,) = certain(words_in(line), "secret")
    assert SECRET not in line[: word.start] + line[word.end :]
    assert words_in(line[: word.start] + "[redacted]" + line[word.end :])[0].kind == "redacted"


NO_SECRETS = [
    "export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "api_key: <your key>",
    "api_key: ${WANDB_API_KEY}",
    'api_key=os.environ["WANDB_API_KEY_2"]',
    "TOKEN=$HF_TOKEN",
    "token: ****************",
    "api_key: YOUR_API_KEY_HERE_1",
    "password: changeme1",
    "token: {{ secrets.HF_TOKEN }}",
    "password: required",
    "The password field is optional: see section3.",
    "use --password PASSWORD",
    "password=password, user=user",
    "password: Optional[str] = None",
    "def login(password: ReadableBuffer) -> None:",
    "token = get_token_from_keyring2(name)",
    "tokenizer: meta-llama/Llama-2-7b-hf",
    "tokens/s=12345678901234567890",
    "pad_token: <|finetune_right_pad_id|>",
    "bos_token_id=128000",
    "next_page_token=Q0FFUUFBMTIzNDU2Nzg5MA",
    f"sha256: {HEX}",
    f"commit {HEX[:40]}",
    f"fingerprint={HEX}",
    "run_id: 3f2b8c1e-9d4a-4e6f-8a1b-2c3d4e5f6a7b",
    "model: sk-learn-baseline-2024-pipeline-v3",
    "keys begin with ghp_ or hf_ or sk-proj-",
    'r"-----BEGIN [A-Z ]*PRIVATE KEY-----"',
    f"`-----BEGIN PRIVATE KEY-----`\nsha256 {HEX}",
    "-----BEGIN PUBLIC KEY-----\n" + BODY,
    "-----BEGIN CERTIFICATE-----\n" + BODY,
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2a9kLmQ0XyP1zV7bR3tN5wE8uC4hG6fS ada@example.org",
    "key: value",
    "ClientRequestToken=a8ca07e4-61ec-4399-99f4-19853801bcd5",
    "s3_session_auth: s3_session_auth",
    "private_key: ed25519.Ed25519PrivateKey,",
    '"status": "FORCE_CHANGE_PASSWORD", "password": "no-password-required"',
    "CHALLENGE_PASSWORD = 'challengePassword'",
    "secret_santa: wilhelmina1234567890",
    "prng_key: [0, 42]",
    "sort_key=created_at_1234567890abc",
    "auth: oauth2-proxy",
    "credentials: config/service-account.json",
    "perf_cache_of_all_the_layers_of_a_model_in_memory_2",
    '{"image/png": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}',
]


@pytest.mark.parametrize("line", NO_SECRETS)
def test_what_only_looks_like_a_secret_in_a_text_is_not_certain_to_be_one(line: str) -> None:
    assert certain(words_in(line), "secret") == []


@pytest.mark.parametrize(
    ("line", "user"),
    [
        (f"https://ada:{SECRET}@example.org/a.git", f"ada:{SECRET}@"),
        (f"https://{SECRET}@example.org/a.git", f"{SECRET}@"),
        (f"https://ghp_{drawn(36)}@github.com/a/b", None),
        ("url = https://ada@example.org/a.git", "ada@"),
        ("ssh://ada@example.org/a.git", "ada@"),
        (f"git+https://{SECRET}@example.org/a.git@v1", f"{SECRET}@"),
        (f"x\\nhttps://{SECRET}@example.org/a.git", f"{SECRET}@"),
        ("postgresql+psycopg://ada:hunter2@db.example.org:5432/x", "ada:hunter2@"),
        ("redis://:hunter22@cache.example.org:6379/0", ":hunter22@"),
        ("HTTP_PROXY=http://ada:hunter2@proxy.corp:3128", "ada:hunter2@"),
    ],
)
def test_the_user_of_an_address_is_found_once(line: str, user: str | None) -> None:
    (word,) = words_in(line)
    assert (word.kind, word.is_certain) == ("address", True)
    assert user is None or line[word.start : word.end] == user


@pytest.mark.parametrize(
    "line",
    [
        "git@github.com:team/repo",
        "ssh://git@github.com/team/repo.git",
        "git+ssh://git@github.com/team/repo.git",
        "https://<user>:<token>@example.org/x",
        "https://${USER}:${PASS}@example.org/x",
        "https://user:password@example.org/x",
        "http://:pserver:anoncvs@example.org",
        "https://$TOKEN@example.org/x",
        "https://{}:{}@example.org/x",
        "git+https://github.com/org/repo@v1.0",
        "https://example.org/@ada",
        "https://example.org/x?mail=ada@example.org",
        "https://[redacted]@example.org/x",
        "docker://alpine@sha256:" + HEX,
        "abfss://container@account.dfs.core.windows.net/x",
        "spark://CoarseGrainedScheduler@10.0.0.1:7078",
        "Ada Lovelace <ada@example.org>",
        "@jax.jit\ndef f(a, b): return a@b",
    ],
)
def test_an_address_that_names_nobody_is_none(line: str) -> None:
    assert [word for word in words_in(line) if word.kind in ("address", "secret")] == []


@pytest.mark.parametrize(
    "path",
    [
        "/home/ada/data/x.csv",
        "/Users/ada/Desktop/x.csv",
        "file:///home/ada/x",
        "C:\\Users\\ada\\x.csv",
        "C:\\\\Users\\\\ada\\\\x.csv",
        "C:/Users/ada/x.csv",
        "/root/.cache/x",
        "/root/work/train.py",
        "/root/miniconda3/bin/python",
        "/home/j\u00fcrgen/x",
    ],
)
@pytest.mark.parametrize("frame", ["{}", 'File "{}", line 3', "cd {} && ls", "PATH=/bin:{}", "-I{}", "({})", "a\\n{}"])
def test_a_home_folder_is_found_in_any_text(path: str, frame: str) -> None:
    text = frame.format(path).encode().decode("latin-1")  # as the scanner has it
    (word,) = certain(words_in(text), "path")
    assert text[word.start : word.end].encode("latin-1").decode() in (path, path.removeprefix("file://"))


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/home/ada/x",
        "a/home/ada/x",
        '<a href="/home/ada/index">',
        "/home/user/data",
        "/home/<name>/data",
        "/home/$USER/data",
        "GET /Users/{id}/posts",
        "/Users/2819c223-7f76-453a-919d-413861904646/x",
        "/home/index.html",
        "the users/home/page",
        "/root/layer1/kernel",
        "//root/item[@id='1']/text()",
        "/root/train/images",
        "docker run -v ~/data:/root/data/x.csv image",
        "docker run --volume=cache:/root/.cache image",
        "services:\n  volumes:\n    - ./cache:/root/.cache",
        "FROM python\nCOPY train.py /root/train.py\nRUN ls",
        "~/.config/x",
        "/usr/lib/python3.11/x.py",
        "diff --git a/home/x b/home/x",
    ],
)
def test_no_other_path_in_a_text_is_certain(text: str) -> None:
    assert certain(words_in(text), "path") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("data_dir", "/home/ada"),
        ("out", "~/runs"),
        ("out", "~ada/runs"),
        ("x", "/scratch/ada"),
        ("x", "/mnt/nfs/a"),
        ("x", "/tmp/abc"),
        ("data_dir", "/data/imagenet"),
        ("train", "/data/a.parquet"),
        ("x", "D:\\data"),
        ("data_dir", "D:/data"),
        ("path", "\\\\server\\share\\x"),
        ("x", "file:///opt/x/y"),
        ("python", "/usr/bin/python3"),
        ("command", "--data=/scratch/ada/x"),
        ("overrides", "data.dir=/scratch/ada/x"),
    ],
)
def test_a_value_that_is_a_path_of_one_machine_is_certain(name: str, value: str) -> None:
    (word,) = words_of_value(value, name)
    assert (word.kind, word.is_certain) == ("path", True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dataset_key", "/data/images"),
        ("group", "/data/train/x"),
        ("route", "/api/v1/items"),
        ("endpoint", "/content/kernel/3"),
        ("pattern", "^/home/(\\w+)$"),
        ("date", "1/2/3"),
        ("mime", "application/json"),
        ("metric", "train/loss"),
        ("pointer", "/a/b"),
        ("null", "/dev/null"),
        ("data_dir", "/path/to/data"),
        ("data_dir", "data/train.csv"),
        ("data_dir", "../data"),
        ("mask", "/"),
        ("comment", "// x"),
        ("regex", "\\\\d+\\w"),
        ("math", "\\\\alpha\\beta"),
        ("ratio", "a:\\d"),
        ("time", "C:30"),
        ("host", "huggingface.co"),
        ("user", "user_id"),
        ("username", "string"),
        ("host", "localhost"),
        ("host", HEX),
        ("hostname", "none"),
        ("token_embedding", "learned"),
        ("token", "none"),
        ("auth", "none"),
        ("api_key", "${KEY}"),
        ("password", ""),
        ("sha256", HEX),
    ],
)
def test_a_value_that_only_looks_like_one_is_not_certain(name: str, value: str) -> None:
    assert [word for word in words_of_value(value, name) if word.is_certain] == []


@pytest.mark.parametrize(
    ("name", "surroundings", "value"),
    [("hostname", "", "adas-laptop"), ("username", "", "ada"), ("host", "env", "gpu-17"), ("user", "platform", "ada")],
)
def test_the_name_of_a_machine_or_a_person_is_certain_under_a_key_that_says_so(
    name: str, surroundings: str, value: str
) -> None:
    (word,) = words_of_value(value, name, surroundings)
    assert (word.kind, word.is_certain) == ("name", True)


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("events.out.tfevents.1700000000.adas-laptop", "adas-laptop"),
        ("events.out.tfevents.1700000000.adas-laptop.4242.0", "adas-laptop"),
        ("tensorboard/train/events.out.tfevents.1700000000.node1.corp.4242.7.v2", "node1.corp"),
        ("events.out.tfevents.1700000000.runcheck", None),
        ("events.out.tfevents.1700000000", None),
        ("events.out.tfevents.1700000000.4242.0.v2", None),
        ("events.txt", None),
    ],
)
def test_the_host_in_the_name_of_an_event_file(name: str, host: str | None) -> None:
    assert host_of_events(name) == host


@pytest.mark.parametrize(
    ("path", "last"),
    [
        ("/home/ada", ""),
        ("/scratch/ada", ""),
        ("/root", ""),
        ("~", ""),
        ("~ada", ""),
        ("C:\\Users\\ada", ""),
        ("/home/ada/x.csv", "x.csv"),
        ("/scratch/ada/imagenet", "imagenet"),
        ("~/data", "data"),
        ("/root/data", "data"),
        ("C:\\Users\\ada\\x.csv", "x.csv"),
        ("/data/train.csv", "train.csv"),
    ],
)
def test_the_last_part_of_a_path_is_told_unless_it_may_name_a_person(path: str, last: str) -> None:
    assert last_part(path) == last


@given(st.text(max_size=200))
def test_any_text_is_looked_at_and_words_do_not_overlap(text: str) -> None:
    words = words_in(text)
    assert all(0 <= word.start < word.end <= len(text) for word in words)
    assert all(first.end <= second.start for first, second in pairwise(words))
    assert all(0 <= word.start <= word.end <= len(text) for word in words_of_value(text, "password", "env"))


HOSTILE = [
    "a",
    "@",
    "://@",
    "passw",
    "password=",
    "password:'",
    "/home/a/b ",
    "PRIVATE KEY",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nA: ",
    "eyJhbGciOiJIUzI1NiJ9.",
    "ghp_",
    "sk-",
    "users\\",
    "C:\\Users\\a ",
    "a@b:~/",
    "=",
    "[redacted]",
    "token=aaaaaaaa1aaaaaaaa ",
    "xoxb-1-",
    "PuTTY-User-Key-File-",
    "Private-Lines: 1\n",
    "login a password ",
    "hooks.slack.com/",
    " ",
    "\\",
    "%",
    ".",
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_long_hostile_line_is_looked_at_to_its_end(unit: str) -> None:
    text = (unit * (100_000 // len(unit)))[:100_000]  # in quadratic time this would take minutes
    (word,) = certain(words_in(f"{text} \n{KEYS['GitHub']}"), "secret")[-1:]
    assert word.what == "a GitHub token"


@settings(max_examples=100)
@given(
    st.lists(st.sampled_from([*HOSTILE, "/", "\n", "1", "aaaaaaaaaaaaaaaa1", ":", "'", *KEYS.values()]), max_size=12)
)
def test_any_mixture_is_looked_at_without_an_error(parts: list[str]) -> None:
    words_in("".join(parts))


_FRAGMENTS = st.sampled_from(
    [
        *KEYS.values(),
        *PRIVATE_KEYS.values(),
        "https://ada:pa55word@example.org",
        "ada@laptop:~/work$ ",
        "[redacted]",
        "/home/ada/data",
        "C:\\Users\\ada\\x",
        "/Users/ada/x",
        "/root/.ssh/id",
        "password: hunter2!",
        "--password hunter2!",
        "machine x login ada password hunter2!",
        "passphrase='hunt3r!x'",
        "DB_PWD=hunter2!",
        "Authorization: Basic YWRhOmh1bnRlcjIh",
        "curl -u ada:hunter2! x",
        "curl --proxy-user ada:hunter2! x",
        "mysql -phunter2! x",
        "token",
        *"@-=:,/\\[]\n \"'pK\xe9\u212a",
    ]
)


@given(st.lists(_FRAGMENTS, max_size=8).map("".join))
@settings(max_examples=500, deadline=None)
def test_what_a_text_lacks_hides_no_word_of_it(text: str) -> None:
    every = "@\n-\n=\n:\n,\n/\n\\ \n[\n\n"  # with these before it, each search is made
    found = [each._replace(start=each.start - len(every), end=each.end - len(every)) for each in words_in(every + text)]
    assert words_in(text) == found


def test_options_of_one_letter_stand_after_a_space() -> None:
    text = "".join(map("".join, product(" \t\n-apuPUx=", repeat=3))).encode()
    places = [at for at in range(1, len(text)) if text[at - 1] in b" \t\n" and re.match(rb"-[apuPU]", text[at:])]
    assert [match.start() for match in _BEGINS.finditer(text)] == places


@pytest.mark.parametrize("before", ["", "x ", "{"])
def test_a_key_of_two_dots_is_found_at_the_start_of_a_text(before: str) -> None:
    # Two letters that begin a key stand as far before the end as its first part lies behind its beginning.
    text = before + KEYS["SendGrid"] + "\n" + "sk" + "!" * 21
    assert [(word.what, word.start) for word in words_in(text)] == [("a SendGrid key", len(before))]
