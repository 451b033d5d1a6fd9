"""Secrets of command lines and headers: by the program and its option. Every password is made up."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.convention.commands import commands_in
from runcheck.convention.words import words_in
from runcheck.writer.provenance.redaction import Redactor

PASSWORD = "hunt3r-Rabb1t"
DRAWN = "9f3Kq0ZxV7tR2mWb8LsY4nCd6HpJ1uGe"
COMMANDS = [
    "curl -u ada:{} https://example.org/x",
    "curl -sS --user 'ada:{}' https://example.org/x",
    'curl https://example.org/x \\\n  --retry 3 \\\n  -u "ada:{}"',
    "wget --user=ada --http-password {} https://example.org/x",
    "mysql -u root -p{} digits < dump.sql",
    "mysqldump -hdb -uada -p'{}' digits",
    "PGPASSWORD={} psql -h db",
    "MYSQL_PWD={} mysql digits",
    '{{"run": "cd x\\nsshpass -p{} ssh ada@example.org"}}',
    "sshpass -p {} ssh ada@example.org",
    "docker login -u ada -p {} registry.example.org",
    "redis-cli -h db -a {} ping",
    "7z x -p{} data.7z",
    "unzip -P {} data.zip",
    "openssl enc -d -aes256 -pass pass:{} -in x",
    "smbclient //server/share -U ada%{}",
    "python train.py --db-password {} --lr 0.1",
    "python train.py --passphrase '{}'",
    "args: ['--password', '{}']",
    '+ curl -u ada:{} "https://example.org/x"',
]
HEADERS = [
    f"Authorization: Basic {base64.b64encode(f'ada:{PASSWORD}'.encode()).decode()}",
    f"-H 'Authorization: token {DRAWN}'",
    f'{{"authorization": "ApiKey {DRAWN}"}}',
    f"wandb login {DRAWN}",
    f"ENV WANDB_API_KEY {DRAWN}",
    f"setenv HF_TOKEN {DRAWN}",
    f"set -gx HF_TOKEN {DRAWN}",
    f"wandb.login('{DRAWN}')",
    f'wandb.login(key="{DRAWN}")',
    f"wandb.login(relogin=True, key='{DRAWN}')",
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("frame", ["{}", "$ {}\nok\n", "    {} | tail", "see `{}`"])
def test_a_password_of_a_command_is_found_and_taken_out(command: str, frame: str) -> None:
    text = frame.format(command.format(PASSWORD))
    (word,) = [word for word in words_in(text) if word.kind == "secret"]
    assert word.is_certain
    assert text[word.start : word.end] == PASSWORD
    assert PASSWORD not in Redactor(()).text(text, "readme")


@pytest.mark.parametrize("header", HEADERS)
def test_the_value_of_a_header_is_found_and_taken_out(header: str) -> None:
    (word,) = [word for word in words_in(header) if word.kind == "secret"]
    assert word.is_certain
    assert header[word.start : word.end] in header.rsplit(" ", maxsplit=1)[-1]
    assert word.end - word.start >= 20
    assert words_in(Redactor(()).text(header, "readme"))[0].kind == "redacted"


@pytest.mark.parametrize(
    "text",
    [
        "curl -u $USER:$TOKEN https://example.org",
        'curl -u "${USER}:${TOKEN_2}" https://example.org',
        "curl -u user:password https://example.org",
        "curl -u <user>:<pass-1> https://example.org",
        "curl -u elastic:changeme1 https://example.org",
        "curl -u ada https://example.org",
        "curl -u ada:x-oauth-basic https://api.example.org",
        "curl -o train-v1:x.zip https://example.org/a:b9!c",
        "mysql -u root -p digits2",
        "mysql -p$MYSQL_ROOT_PASSWORD1 -P 3306 digits",
        "mysql -h db -P3306 digits",
        "the curl library; then -u ada:b9!cdefg",
        "ssh -p 2222 ada@example.org",
        "mkdir -p out/run-1",
        "docker run -p 8080:80 image",
        "docker login -u ada --password-stdin",
        "python train.py --password PASSWORD_1",
        "python train.py --password --lr 0.1",
        "python train.py --password-file secrets/db-1.txt",
        "usage: train.py [--password PASSWORD] [--lr 0.1]",
        "7z x -y data-1.7z",
        "unzip -o data-1.zip -d out1",
        "redis-cli -h db-1 ping",
        "OLDPWD=/work/run-1",
        "db_pwd=os.environ['DB_PWD_1']",
        "Authorization: Basic <base64>",
        "Authorization: Basic YWRhOg==",
        "Authorization: token authentication2",
        "authorization: basic knowledge of HTTP",
        "for a, b in zip (x1, y1): print",
        "wandb login --relogin --host=https://wandb.example.org",
        f"ENV COMMIT_SHA {DRAWN}",
        f"Set the TOKEN to {DRAWN}",
        f'cache.store(key="{DRAWN}")',
        f'wandb.login()\ncommit = "{DRAWN}"',
        f'wandb.login(host="{DRAWN}")',
    ],
)
def test_what_holds_no_password_is_passed(text: str) -> None:
    assert [word for word in words_in(text) if word.kind == "secret" and word.is_certain] == []


@pytest.mark.parametrize("command", ["curl -u user:hunt3r-Rabb1t x", "curl -u me:hunt3r-Rabb1t x", "mysql -p123456 x"])
def test_what_a_manual_may_say_is_not_certain(command: str) -> None:
    assert [word.is_certain for word in words_in(command)] == [False]


@given(st.lists(st.sampled_from(["curl", " -u ", "a:b1!", "\\\n", "mysql ", "-p", "login", "authorization: ", "\n"])))
def test_what_is_found_lies_in_the_text(parts: list[str]) -> None:
    text = "".join(parts)
    assert all(
        0 <= each.start < each.end <= len(text) for each in commands_in(text, text.encode(), text.lower().encode())
    )


def test_a_header_with_a_letter_beyond_ascii_that_is_one_without_case_holds_nothing() -> None:
    assert words_in("Authorization: Basic YWRhOmh1bnRlcjIh\N{KELVIN SIGN}") == []
