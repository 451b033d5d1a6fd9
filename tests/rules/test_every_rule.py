"""Each rule against one damage that it alone is for: its finding is there, at its place, and no other error."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from runcheck.check import check
from runcheck.convention.checksums import format_checksums
from runcheck.rules.rule import rules
from runcheck.writer.registry import rebuild_registry
from tests.rules.moves import Trees, digests, edit_json, setting, without

Damage = Callable[[Trees], object]
CASES: dict[str, tuple[Damage, str]] = {}


def case(code: str, path: str) -> Callable[[Damage], Damage]:
    """Register a damage that must give the finding ``code`` at ``path``."""

    def register(damage: Damage) -> Damage:
        CASES[f"{code}-{damage.__name__}"] = (damage, path)
        return damage

    return register


def by_edit(code: str, path: str, name: str, damage: Damage) -> None:
    """Register a damage of one expression."""
    CASES[f"{code}-{name}"] = (damage, path)


def metadata(code: str, name: str, edit: Callable[[object], object]) -> None:
    """Register an edit of the run's metadata."""
    by_edit(code, "RUN/metadata.json", name, lambda trees: trees.metadata(edit))


def dataset(code: str, name: str, edit: Callable[[object], object]) -> None:
    """Register an edit of the dataset's metadata."""
    by_edit(code, "DATA/metadata.json", name, lambda trees: trees.metadata(edit, trees.dataset))


def summary(code: str, name: str, edit: Callable[[object], object]) -> None:
    """Register an edit of the summary."""
    by_edit(code, "RUN/summary.yaml", name, lambda trees: trees.summary(edit))


def rows(code: str, name: str, *lines: str | bytes) -> None:
    """Register lines appended to the metrics."""
    by_edit(code, "RUN/metrics.jsonl", name, lambda trees: trees.rows(*lines))


SLUG = "model/digits_logreg_baseline"


# --- RC1 --------------------------------------------------------------------------------------------------------------


@case("RC101", "notes.txt")
def a_file_in_the_root(trees: Trees) -> None:
    (trees.root / "notes.txt").write_text("x")


@case("RC101", "models")
def a_plural_folder_beside_the_right_one(trees: Trees) -> None:
    (trees.root / "models").mkdir()


@case("RC102", f"{SLUG}/notes.txt")
def a_file_beside_the_units(trees: Trees) -> None:
    (trees.root / SLUG / "notes.txt").write_text("x")


@case("RC102", "model/notes.txt")
def a_file_beside_the_slugs(trees: Trees) -> None:
    (trees.root / "model/notes.txt").write_text("x")


@case("RC103", "dataset/Digits")
def a_slug_with_a_capital(trees: Trees) -> None:
    (trees.root / "dataset/Digits").mkdir()


@case("RC103", "model/digits_logreg")
def a_run_slug_of_two_tokens(trees: Trees) -> None:
    (trees.root / "model/digits_logreg").mkdir()


@case("RC104", f"{SLUG}/final_v2_new")
def a_version_named_by_hand(trees: Trees) -> None:
    (trees.root / SLUG / "final_v2_new").mkdir()


@case("RC105", "RUN/summary.yaml")
def no_summary(trees: Trees) -> None:
    (trees.run / "summary.yaml").unlink()
    trees.seal(trees.run)


@case("RC105", "RUN/metadata.json")
def no_metadata(trees: Trees) -> None:
    (trees.run / "metadata.json").unlink()
    trees.seal(trees.run)


@case("RC106", "RUN/tmp2.csv")
def a_file_without_a_role(trees: Trees) -> None:
    trees.write("tmp2.csv")


@case("RC107", "RUN/extra/pipe")
def a_pipe(trees: Trees) -> None:
    (trees.run / "extra").mkdir()
    os.mkfifo(trees.run / "extra/pipe")


@case("RC108", "RUN/extra/link")
def a_link_inside_the_unit(trees: Trees) -> None:
    (trees.run / "extra").mkdir()
    (trees.run / "extra/link").symlink_to("../metadata.json")


@case("RC109", "RUN/plots/loss: train.png")
def a_colon_in_a_name(trees: Trees) -> None:
    trees.write("plots/loss: train.png")


@case("RC110", "RUN/plots/loss.png")
def two_names_that_differ_by_case(trees: Trees) -> None:
    trees.write("plots/Loss.png")
    trees.write("plots/loss.png")


@case("RC111", f"{SLUG}/latest")
def an_absolute_latest(trees: Trees) -> None:
    latest = trees.run.parent / "latest"
    latest.unlink()
    latest.symlink_to(trees.run)


@case("RC111", f"{SLUG}/latest")
def a_latest_that_is_some_text(trees: Trees) -> None:
    latest = trees.run.parent / "latest"
    latest.unlink()
    latest.write_text("the one of monday\n")


@case("RC112", f"{SLUG}/latest")
def a_latest_that_dangles(trees: Trees) -> None:
    latest = trees.run.parent / "latest"
    latest.unlink()
    latest.symlink_to("2026-01-01T00-00-00Z_0000000")


@case("RC113", "dataset/digits/latest")
def a_latest_that_is_older(trees: Trees) -> None:
    newer = trees.dataset.parent / "v10"
    shutil.copytree(trees.dataset, newer)
    edit_json(newer / "metadata.json", setting("/version", "v10"))
    trees.seal(newer)


@case("RC113", f"{SLUG}/latest")
def a_latest_that_failed(trees: Trees) -> None:
    trees.metadata(setting("/status", "failed"))


@case("RC114", f"{SLUG}/latest")
def no_latest(trees: Trees) -> None:
    (trees.run.parent / "latest").unlink()


@case("RC115", "RUN/checkpoints/5.orbax-checkpoint-tmp-17")
def a_checkpoint_that_was_never_committed(trees: Trees) -> None:
    (trees.run / "checkpoints/5.orbax-checkpoint-tmp-17").mkdir(parents=True)


@case("RC116", "DATA")
def two_schemes_of_versions(trees: Trees) -> None:
    other = trees.dataset.parent / "1.0.0"
    shutil.copytree(trees.dataset, other)
    edit_json(other / "metadata.json", setting("/version", "1.0.0"))
    trees.seal(other)


@case("RC117", "RUN/wandb")
def the_folder_of_a_tracker(trees: Trees) -> None:
    trees.write("wandb/run.log")


@case("RC119", "RUN/config.json")
def a_document_beyond_the_limit(trees: Trees) -> None:
    trees.write("config.json", '{"a": "' + "x" * 17_000_000 + '"}')


# --- RC2 --------------------------------------------------------------------------------------------------------------

by_edit("RC201", "RUN/config.json", "a_key_twice", lambda trees: trees.write("config.json", '{"a": 1, "a": 2}'))
by_edit("RC201", "RUN/summary.yaml", "an_alias", lambda trees: trees.write("summary.yaml", "a: &x 1\nb: *x\n"))
metadata("RC202", "an_unknown_status", setting("/status", "done"))
metadata("RC202", "an_unknown_field", setting("/stauts", "completed"))
metadata("RC202", "a_missing_field", without("/env"))
dataset("RC202", "a_dataset_without_splits", without("/splits"))
metadata("RC203", "another_major_version", setting("/schema_version", "2.0"))
metadata("RC204", "another_slug", setting("/slug", "digits_mlp_baseline"))
metadata("RC205", "completed_without_a_time", setting("/finished_at", None))
metadata("RC206", "finished_before_it_began", setting("/finished_at", "2001-01-01T00:00:00Z"))
metadata("RC206", "a_day_that_is_none", setting("/finished_at", "2099-02-30T00:00:00Z"))
metadata("RC213", "no_seeds", setting("/seeds", {}))
by_edit(
    "RC210",
    "RUN/config.json",
    "another_configuration",
    lambda trees: trees.write("config.json", '{"learning_rate": 0.01, "layers": [64, 10]}'),
)
metadata("RC211", "a_configuration_that_is_not_there", setting("/config/path", "config.yaml"))


@case("RC207", "RUN/metadata.json")
def a_commit_that_the_id_does_not_name(trees: Trees) -> None:
    sha = "abcdef0123456789abcdef0123456789abcdef01"
    git = {"sha": sha, "dirty": False, "branch": None, "remote": None, "diff": None}
    trees.metadata(setting("/git", git))


def with_git(trees: Trees, **more: object) -> None:
    """Give the run a commit that its id names."""
    git = {"sha": "0" * 40, "dirty": False, "branch": "main", "remote": None, "diff": None, **more}
    trees.metadata(setting("/git", git))


by_edit("RC209", "RUN/metadata.json", "dirty_without_diff", lambda trees: with_git(trees, dirty=True))
by_edit(
    "RC218",
    "RUN/metadata.json",
    "a_diff_that_is_not_there",
    lambda trees: with_git(trees, dirty=True, diff="extra/uncommitted.diff"),
)


@case("RC212", "RUN/config.yaml")
def two_configurations(trees: Trees) -> None:
    trees.write("config.yaml", "learning_rate: 0.1\n")


@case("RC214", "RUN/summary.yaml")
def a_number_that_yaml_1_1_takes_for_a_word(trees: Trees) -> None:
    path = trees.run / "summary.yaml"
    trees.write("summary.yaml", path.read_text().replace("duration_seconds: 0", "duration_seconds: 0e0 # "))


@case("RC215", "RUN/metadata.json")
def an_extension_against_its_schema(trees: Trees) -> None:
    (trees.root / "schemas").mkdir()
    (trees.root / "schemas/calibration.schema.json").write_text('{"properties": {"master_seed": {"type": "integer"}}}')
    trees.metadata(setting("/extensions", {"calibration": {"master_seed": "7"}}))


@case("RC215", "schemas/calibration.schema.json")
def an_extension_schema_that_reaches_out(trees: Trees) -> None:
    (trees.root / "schemas").mkdir()
    (trees.root / "schemas/calibration.schema.json").write_text('{"$ref": "file:///etc/passwd"}')


def running(trees: Trees) -> None:
    """Let the run be one that is still written."""
    edit_json(trees.run / "metadata.json", lambda document: document.update(status="running", finished_at=None))
    (trees.run / "SHA256SUMS").unlink()
    (trees.run.parent / "latest").unlink()
    trees.seal(trees.run)


HEARTBEAT = '{"schema_version": "1.0", "at": "%s", "process": 1, "boot": null, "host": "' + "0" * 64 + '"}'


@case("RC216", "RUN/metadata.json")
def a_run_without_a_sign_of_life(trees: Trees) -> None:
    running(trees)
    trees.write("heartbeat.json", HEARTBEAT % "2026-01-01T00:00:00Z")


by_edit(
    "RC217",
    "RUN/heartbeat.json",
    "a_heartbeat_left",
    lambda trees: trees.write("heartbeat.json", HEARTBEAT % "2026-01-01T00:00:00Z"),
)


@case("RC219", "RUN/heartbeat.json")
def a_heartbeat_of_yesterday(trees: Trees) -> None:
    running(trees)
    trees.write("heartbeat.json", HEARTBEAT % "yesterday")


# --- RC3 --------------------------------------------------------------------------------------------------------------


def relist(trees: Trees, change: Callable[[list[str]], list[str]]) -> None:
    """Change the lines of the run's list."""
    path = trees.run / "SHA256SUMS"
    path.write_text("".join(f"{line}\n" for line in change(path.read_text().splitlines())))


by_edit("RC301", "RUN/SHA256SUMS", "a_conflict", lambda trees: relist(trees, lambda lines: [*lines, "<<<<<<< HEAD"]))
by_edit("RC302", "RUN/SHA256SUMS", "the_wrong_order", lambda trees: relist(trees, lambda lines: lines[::-1]))
by_edit("RC302", "RUN/SHA256SUMS", "a_line_twice", lambda trees: relist(trees, lambda lines: [lines[0], *lines]))
by_edit("RC303", "RUN/README.md", "a_line_less", lambda trees: relist(trees, lambda lines: lines[1:]))
NOBODY = "0" * 64
by_edit("RC305", "RUN/aa", "a_line_more", lambda trees: relist(trees, lambda x: [*x[:1], f"{NOBODY}  aa", *x[1:]]))
by_edit(
    "RC306",
    "RUN/SHA256SUMS",
    "a_way_out",
    lambda trees: relist(trees, lambda x: [f"{NOBODY}  ../v1/metadata.json", *x]),
)
by_edit(
    "RC306",
    "RUN/SHA256SUMS",
    "an_absolute_path",
    lambda trees: relist(trees, lambda x: [f"{NOBODY}  /etc/passwd", *x]),
)


@case("RC304", "RUN/metrics.jsonl")
def one_byte(trees: Trees) -> None:
    path = trees.run / "metrics.jsonl"
    content = path.read_bytes()
    path.write_bytes(content[:-3] + bytes([content[-3] ^ 1]) + content[-2:])


@case("RC307", "RUN/SHA256SUMS")
def sealed_and_preempted(trees: Trees) -> None:
    trees.metadata(setting("/status", "preempted"))


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 9\n"


@case("RC308", "DATA/train.parquet")
def a_pointer_to_another_object(trees: Trees) -> None:
    (trees.dataset / "train.parquet").write_text(POINTER.format("0" * 64))


@case("RC309", "DATA/train.parquet")
def a_damaged_pointer(trees: Trees) -> None:
    (trees.dataset / "train.parquet").write_text(POINTER.format("<<<<<<<"))


# --- RC4 --------------------------------------------------------------------------------------------------------------

rows("RC401", "a_blank_line", "\n")
rows("RC401", "a_torn_line", '{"step": 6, "split": "train"')
rows("RC401", "two_objects", '{"step": 6} {"step": 7}\n')
rows("RC401", "a_nan_token", '{"step": 6, "split": "train", "metric": "loss", "value": NaN}\n')
rows("RC401", "a_key_twice", '{"step": 6, "step": 7, "split": "train", "metric": "loss", "value": 1}\n')
rows("RC401", "not_utf_8", b'{"step": 6, "split": "tr\xff", "metric": "loss", "value": 1}\n')
rows("RC402", "a_step_of_text", '{"step": "6", "split": "train", "metric": "loss", "value": 1}\n')
rows("RC402", "a_boolean_step", '{"step": true, "split": "train", "metric": "loss", "value": 1}\n')
rows("RC402", "half_a_step", '{"step": 6.5, "split": "train", "metric": "loss", "value": 1}\n')
rows("RC402", "a_negative_step", '{"step": -6, "split": "train", "metric": "loss", "value": 1}\n')
rows("RC402", "a_numeric_split", '{"step": 6, "split": 1, "metric": "loss", "value": 1}\n')
rows("RC402", "no_split", '{"step": 6, "metric": "loss", "value": 1}\n')
rows("RC402", "a_value_of_text", '{"step": 6, "split": "train", "metric": "loss", "value": "1"}\n')
rows("RC402", "a_value_beyond_all", '{"step": 6, "split": "train", "metric": "loss", "value": 1e999}\n')
rows("RC402", "one_more_field", '{"step": 6, "split": "train", "metric": "loss", "value": 1, "lr": 2}\n')
rows("RC403", "null_without_its_reason", '{"step": 6, "split": "train", "metric": "loss", "value": null}\n')
rows("RC403", "a_reason_too_many", '{"step": 6, "split": "train", "metric": "loss", "value": 1, "nonfinite": "nan"}\n')
rows("RC404", "a_step_backwards", '{"step": 2, "split": "train", "metric": "loss", "value": 1}\n')
rows("RC405", "a_point_twice", '{"step": 5, "split": "train", "metric": "loss", "value": 0.2}\n')
by_edit("RC406", "RUN/metrics.jsonl", "no_rows", lambda trees: trees.write("metrics.jsonl", ""))
summary("RC407", "a_step_of_text", setting("/checkpoint_step", "400"))
summary("RC407", "a_missing_field", without("/rows"))
summary("RC408", "a_better_best", setting("/metrics/test/accuracy/best", 0.99))
summary("RC408", "another_last", setting("/metrics/train/loss/last", 0.99))
summary("RC408", "another_step", setting("/metrics/train/loss/best_step", 1))
summary("RC408", "another_count", setting("/metrics/train/loss/count", 6))
summary("RC408", "other_rows", setting("/rows", 12))
summary("RC409", "a_series_less", without("/metrics/test/accuracy"))
summary("RC410", "a_checkpoint_that_is_not_there", setting("/checkpoint_step", 400))
summary("RC411", "longer_than_it_lived", setting("/duration_seconds", 7200))
metadata("RC412", "another_metric", setting("/metrics/test~1accuracy".replace("~1", "_"), 1.0))
metadata("RC412", "a_metric_less", setting("/metrics", {}))
summary("RC414", "stopped_after_the_end", setting("/early_stopping_step", 500))


@case("RC410", "RUN/summary.yaml")
def a_checkpoint_that_the_summary_does_not_name(trees: Trees) -> None:
    trees.checkpoint()
    trees.summary(setting("/checkpoint_step", None))


@case("RC413", "RUN/metrics.jsonl")
def a_run_that_ends_on_nan(trees: Trees) -> None:
    trees.rows('{"step": 6, "split": "train", "metric": "loss", "value": null, "nonfinite": "nan"}\n')

    def edit(document: dict[str, dict[str, dict[str, dict[str, object]]]]) -> None:
        document["rows"] = 12  # type: ignore[assignment]
        document["metrics"]["train"]["loss"].update(last=None, last_nonfinite="nan", last_step=6, count=6)

    trees.summary(edit)


# --- RC5 and RC6 ------------------------------------------------------------------------------------------------------

by_edit("RC501", "RUN/checkpoints/step_5", "another_name", lambda trees: trees.write("checkpoints/step_5/a"))
by_edit("RC501", "RUN/checkpoints/best", "a_file_among_checkpoints", lambda trees: trees.write("checkpoints/best"))


@case("RC506", "RUN/checkpoints/900")
def a_checkpoint_beyond_the_metrics(trees: Trees) -> None:
    trees.write("checkpoints/900/array")
    trees.summary(setting("/checkpoint_step", 900))


by_edit("RC508", "RUN/exports/w.onnx", "an_export_alone", lambda trees: trees.write("exports/w.onnx"))
by_edit(
    "RC508",
    "RUN/exports/w.safetensors.json",
    "another_file",
    lambda trees: trees.export(setting("/file", "v.safetensors")),
)
by_edit("RC509", "RUN/exports/w.safetensors", "other", lambda trees: trees.export(setting("/sha256", "0" * 64)))
by_edit(
    "RC510",
    "RUN/exports/w.safetensors.json",
    "a_step_gone",
    lambda trees: trees.export(setting("/source_step", 4)),
)


@case("RC601", "DATA")
def a_dataset_of_nothing(trees: Trees) -> None:
    for path in trees.dataset.glob("*.parquet"):
        path.unlink()
    trees.metadata(setting("/splits", {}), trees.dataset)


@case("RC602", "DATA/metadata.json")
def files_and_list_replaced_together(trees: Trees) -> None:
    edit_json(trees.dataset / "metadata.json", setting("/fingerprint", "0" * 64))
    (trees.dataset / "SHA256SUMS").write_text(format_checksums(digests(trees.dataset)))
    rebuild_registry(str(trees.root))


dataset("RC603", "a_split_file_that_is_not_there", setting("/splits/train/files", ["train.parquet", "more.parquet"]))
dataset("RC603", "a_file_in_two_splits", setting("/splits/test/files", ["test.parquet", "train.parquet"]))
dataset("RC605", "a_synthetic_dataset_without_its_script", setting("/generator", None))
dataset("RC605", "a_script_that_is_not_there", setting("/generator/script", "make.py"))
by_edit("RC606", "DATA/old.parquet", "data_of_no_split", lambda trees: trees.write("old.parquet", "x", trees.dataset))


# --- RC7 --------------------------------------------------------------------------------------------------------------


def registry(trees: Trees, edit: Callable[[list[dict[str, object]]], object]) -> None:
    """Edit the rows of the registry."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(trees.root / "runs.parquet")
    changed = table.to_pylist()
    edit(changed)
    pq.write_table(pa.Table.from_pylist(changed, schema=table.schema), trees.root / "runs.parquet")


by_edit("RC701", "runs.parquet", "no_parquet", lambda trees: (trees.root / "runs.parquet").write_bytes(b"PAR1"))
by_edit("RC702", "runs.parquet", "a_row_less", lambda trees: registry(trees, lambda found: found.pop()))
by_edit("RC703", "runs.parquet", "a_row_twice", lambda trees: registry(trees, lambda found: found.append(found[0])))
by_edit(
    "RC703",
    "runs.parquet",
    "a_row_more",
    lambda trees: registry(trees, lambda found: found.append({**found[0], "path": "dataset/digits/v9"})),
)
by_edit(
    "RC704",
    "runs.parquet",
    "another_status",
    lambda trees: registry(trees, lambda found: found[0].update(status="failed")),
)
by_edit("RC705", "runs.parquet", "no_registry", lambda trees: (trees.root / "runs.parquet").unlink())
metadata("RC706", "a_dataset_that_is_not_there", setting("/data_provenance/path", "dataset/digits/v9"))
metadata("RC707", "another_dataset", setting("/data_provenance/fingerprint", "0" * 64))
metadata("RC709", "a_link_to_nothing", setting("/links", {"compared_with": "model/a_b_c/v1"}))


@case("RC708", "RUN/metadata.json")
def a_dataset_that_is_not_finished(trees: Trees) -> None:
    trees.metadata(setting("/status", "failed"), trees.dataset)
    (trees.dataset.parent / "latest").unlink()


@case("RC709", "RUN/metadata.json")
def a_link_to_itself(trees: Trees) -> None:
    trees.metadata(setting("/links", {"compared_with": str(trees.run.relative_to(trees.root))}))


@case("RC710", "DATA/metadata.json")
def a_dataset_made_from_its_own_run(trees: Trees) -> None:
    trees.metadata(setting("/links", {"made_by": str(trees.run.relative_to(trees.root))}), trees.dataset)


# --- RC8 --------------------------------------------------------------------------------------------------------------

metadata("RC801", "a_name_of_ones_own", setting("/name", "test3-final"))
metadata("RC802", "a_tag_less", without("/tags/experiment"))
metadata("RC803", "a_tag_more", setting("/tags/team", "vision"))
metadata("RC804", "a_value_that_is_none", setting("/tags/run_type", "training"))
metadata("RC805", "a_tag_of_another_model", setting("/tags/model", "mlp"))
by_edit("RC806", "RUN/README.md", "binary", lambda trees: trees.write("README.md", b"\x89PNG\r\n\x1a\n\0\xff"))
by_edit("RC807", "RUN/README.md", "one_title", lambda trees: trees.write("README.md", "# A run\n"))
by_edit(
    "RC808",
    "RUN/README.md",
    "a_section_to_do",
    lambda trees: trees.write("README.md", "## What\nx\n## Reproduce\nx\n## Results\nTODO\n## Risks\nx\n"),
)
by_edit(
    "RC808",
    "RUN/README.md",
    "an_empty_section",
    lambda trees: trees.write("README.md", "## What\nx\n## Reproduce\nx\n## Results\nx\n## Risks\n"),
)
metadata("RC809", "a_label_of_another_commit", setting("/label", "20260527-digits_logreg_baseline@1234567"))
metadata("RC810", "no_description", setting("/description", " "))


# Findings that the damage must bring along: what is damaged is also in another document, or can no longer be judged.
ALSO = {
    "RC104-a_version_named_by_hand": {"RC105"},
    "RC116-two_schemes_of_versions": {"RC113"},
    "RC204-another_slug": {"RC801", "RC809"},
    "RC307-sealed_and_preempted": {"RC113"},
    "RC406-no_rows": {"RC408", "RC409"},
    "RC206-finished_before_it_began": {"RC411"},
    "RC207-a_commit_that_the_id_does_not_name": {"RC809"},
    "RC219-a_heartbeat_of_yesterday": {"RC216"},
    "RC304-one_byte": {"RC408"},
    "RC408-a_better_best": {"RC412"},
    "RC409-a_series_less": {"RC412"},
}


@pytest.mark.parametrize("name", CASES)
def test_a_damage_is_found_by_its_rule_at_its_place_and_by_no_other(trees: Trees, name: str) -> None:
    damage, path = CASES[name]
    damage(trees)
    found = trees.found()
    assert (name[:5], path) in found
    others = {code for code, _ in found} - {name[:5]} - ALSO.get(name, set())
    assert others == set(), found


def test_every_rule_has_a_case() -> None:
    elsewhere = {"RC118": "tests/test_check.py", "RC208": "the good tree itself, which is outside of Git"}
    assert {name[:5] for name in CASES} | set(elsewhere) == set(rules())


def test_the_good_tree_has_no_finding(trees: Trees) -> None:
    assert trees.found() == set()
    assert {finding.code for finding in check(trees.root).findings} == {"RC208"}


NEAR_MISSES: dict[str, Damage] = {}


def near_miss(change: Damage) -> Damage:
    """Register a change that must give no finding."""
    NEAR_MISSES[change.__name__] = change
    return change


@near_miss
def a_running_run_whose_last_line_is_torn(trees: Trees) -> None:
    running(trees)
    trees.write("heartbeat.json", HEARTBEAT % "2999-01-01T00:00:00Z")
    trees.rows('{"step": 6, "sp')


@near_miss
def a_latest_that_is_a_text_file(trees: Trees) -> None:
    latest = trees.dataset.parent / "latest"
    latest.unlink()
    latest.write_text("v1\n")


@near_miss
def placeholders_of_git(trees: Trees) -> None:
    (trees.run / "plots").mkdir()
    (trees.run / "plots/.gitkeep").touch()
    (trees.root / "model/.gitkeep").touch()
    (trees.root / ".gitattributes").touch()


@near_miss
def a_checkpoint_and_an_export(trees: Trees) -> None:
    trees.export()


@near_miss
def files_under_extra_and_plots(trees: Trees) -> None:
    trees.write("extra/deep/notes.txt")
    trees.write("plots/loss.png")


@near_miss
def a_pointer_to_the_listed_object(trees: Trees) -> None:
    listed = (trees.dataset / "SHA256SUMS").read_text().splitlines()
    sha256 = next(line[:64] for line in listed if line.endswith("train.parquet"))
    (trees.dataset / "train.parquet").write_text(POINTER.format(sha256))


@near_miss
def the_state_folder_of_the_tools(trees: Trees) -> None:
    (trees.root / ".runcheck/anything").touch()


@near_miss
def a_later_minor_version_with_an_unknown_field(trees: Trees) -> None:
    trees.metadata(lambda document: document.update(schema_version="1.7", novelty=True))


@near_miss
def an_extension_without_a_schema(trees: Trees) -> None:
    trees.metadata(setting("/extensions", {"org.example": {"a": 1}}))


@near_miss
def a_label_with_the_whole_commit(trees: Trees) -> None:
    with_git(trees)
    trees.metadata(lambda document: document.update(label=document["label"].split("@")[0] + "@" + "0" * 40))


@near_miss
def a_checksum_list_of_binary_mode(trees: Trees) -> None:
    relist(trees, lambda lines: [line.replace("  ", " *") for line in lines])


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_what_only_looks_like_a_damage_is_none(trees: Trees, name: str) -> None:
    NEAR_MISSES[name](trees)
    assert trees.found() == set()


def test_a_later_minor_version_is_said_to_be_not_wholly_verified(trees: Trees) -> None:
    trees.metadata(lambda document: document.update(schema_version="1.7", novelty=True))
    assert any("later version" in each.reason for each in check(trees.root).unverified)


def test_a_metric_defect_has_its_line(trees: Trees) -> None:
    lines = (trees.run / "metrics.jsonl").read_text().count("\n")
    trees.rows('{"step": "6", "split": "train", "metric": "loss", "value": 1}\n')
    finding = next(finding for finding in check(trees.root).findings if finding.code == "RC402")
    assert finding.line == lines + 1


def test_a_schema_violation_has_its_pointer(trees: Trees) -> None:
    trees.metadata(setting("/git", {"sha": "x", "dirty": False, "branch": None, "remote": None, "diff": None}))
    pointers = {finding.pointer for finding in check(trees.root).findings if finding.code == "RC202"}
    assert pointers == {"/git/sha"}


def test_semantic_versions_are_ordered_as_such(tmp_path: Path) -> None:
    import runcheck

    drawn = {"kind": "synthetic", "seed": 0}
    for version in ("1.9.0", "1.10.0", "1.10.0-rc.1"):
        with runcheck.new_dataset(
            tmp_path / "artefacts",
            "d",
            version=version,
            provenance=drawn,
            generator=__file__,
        ) as made:
            made.write_parquet("train", {"x": [1]})
    assert os.readlink(tmp_path / "artefacts/dataset/d/latest") == "1.10.0"
    assert check(tmp_path / "artefacts").is_clean
