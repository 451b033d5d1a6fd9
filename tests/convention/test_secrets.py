"""What is taken for a secret, and what is not. The keys are made up; each has the form that its service publishes."""

import pytest

from runcheck.convention.addresses import without_user
from runcheck.convention.secrets import is_secret

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOP"
KEYS = {
    "AWS": "AKIA" + "IOSFODNN7EXAMPLE",
    "GitHub personal": "ghp_" + LETTERS[:36],
    "GitHub server": "ghs_" + LETTERS[:36],
    "GitHub fine-grained": "github_pat_" + LETTERS[:22] + "_" + LETTERS[:40],
    "GitLab": "glpat-" + LETTERS[:20],
    "Hugging Face": "hf_" + LETTERS[:34],
    "sk": "sk-" + LETTERS[:48],
    "sk of a project": "sk-proj-" + LETTERS[:40],
    "sk with an interface": "sk-abc-api03-" + LETTERS[:40],
    "Slack": "xoxb-" + "123456789012-abcdefghijkl",
    "RSA": "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
    "PKCS 8": "-----BEGIN PRIVATE KEY-----\nMIIE",
}
OPAQUE = "8f3a9c1d2e4b5a6f"


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
def test_the_key_of_a_service_is_found_under_any_name_and_within_a_text(key: str) -> None:
    assert is_secret("note", key)
    assert is_secret("note", f"export X={key}")
    assert is_secret("note", f"({key})")


@pytest.mark.parametrize(
    "name",
    [
        "api_key",
        "apikey",
        "API-KEY",
        "wandb_api_key",
        "config#/wandb/api_key",
        "WANDB_API_KEY",
        "--token",
        "--hf-token",
        "HF_TOKEN",
        "password",
        "db.password",
        "client_secret",
        "secret",
        "aws_secret_access_key",
        "credentials",
        "private_key",
        "auth",
    ],
)
def test_an_opaque_value_under_a_telling_name_is_a_secret(name: str) -> None:
    assert is_secret(name, OPAQUE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_tokens", "1000000000"),
        ("max_tokens", "tokens-per-batch"),
        ("pad_token", "<pad>"),
        ("pad_token", "<|endoftext|>"),
        ("mask_token", "[MASKED_TOKEN]"),
        ("template_token", "{placeholder}"),
        ("tokenizer", "sentencepiece-unigram-32k"),
        ("token_type", "wordpiece-lowercase"),
        ("auth", "none"),
        ("secretary", "wilhelmina-of-orange"),
        ("keyboard", "qwertyuiop123456"),
        ("password_policy", "at-least-12-characters"),
        ("learning_rate", "0.00100000000"),
        ("model", OPAQUE),
        ("sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("token", "a sentence of words"),
        ("token", ""),
    ],
)
def test_what_only_looks_a_little_like_a_secret_is_none(name: str, value: str) -> None:
    assert not is_secret(name, value)


@pytest.mark.parametrize(
    "value",
    [
        "mask-rcnn-resnet50-fpn-coco",
        "risk-adjusted-return-of-portfolio",
        "disk-usage-prediction-baseline",
        "task-conditioned-hypernetworks-v2",
        "AKIAKIAKIA",
        "hf_datasets",
        "perf_cache_of_all_the_layers_of_a_model_in_memory",
    ],
)
def test_a_name_that_contains_the_start_of_a_key_is_no_secret(value: str) -> None:
    assert not is_secret("model", value)


@pytest.mark.parametrize(
    ("address", "clean"),
    [
        ("https://ada:pw@example.org/a.git", "https://example.org/a.git"),
        ("https://token@example.org/a.git", "https://example.org/a.git"),
        ("ssh://git@example.org:22/a.git", "ssh://example.org:22/a.git"),
        ("postgresql+psycopg://u:p@db/x and HTTPS://k@h", "postgresql+psycopg://db/x and HTTPS://h"),
        ("https://example.org/@ada", "https://example.org/@ada"),
        ("ada@example.org", "ada@example.org"),
        ("https://example.org/a?b=c@d", "https://example.org/a?b=c@d"),
    ],
)
def test_an_address_loses_its_user_and_nothing_else(address: str, clean: str) -> None:
    assert without_user(address) == clean


@pytest.mark.parametrize(
    ("name", "value"), [("db.password", "hunter2"), ("passphrase", "abc"), ("config#/db/passwd", "1")]
)
def test_a_password_is_a_secret_however_short(name: str, value: str) -> None:
    assert is_secret(name, value)


def test_an_empty_password_is_none() -> None:
    assert not is_secret("password", "")
