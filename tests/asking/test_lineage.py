"""``runcheck lineage``: upward and downward, whatever the graph."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from runcheck.asking.lineage import Edge, lineage
from tests.asking.conftest import FIRST, SECOND, Lab, Said

SYNTHETIC = "synthetic data, seed 7"


def test_upward_from_a_run(lab: Lab) -> None:
    found = lineage(SECOND)
    assert found.unit == lab.second
    assert set(found.up) == {
        Edge(lab.dataset, lab.second, "data", "same"),
        Edge(lab.dataset, lab.first, "data", "same"),
        Edge(lab.first, lab.second, "initialised_from"),
        Edge(SYNTHETIC, lab.dataset, "data"),
    }
    assert (found.down, found.cycles) == ((), ())
    assert {node.kind for node in found.nodes.values()} == {"model", "dataset", "synthetic"}


def test_downward_from_a_dataset_to_runs_and_exports(lab: Lab) -> None:
    exports = lab.root / lab.second / "exports"
    exports.mkdir()
    for name in ("w.safetensors", "w.safetensors.json", "alone.json", ".gitkeep"):
        (exports / name).write_text("{}")
    found = lineage("digits")
    assert set(found.down) == {
        Edge(lab.dataset, lab.first, "data", "same"),
        Edge(lab.dataset, lab.second, "data", "same"),
        Edge(lab.first, lab.second, "initialised_from"),
        Edge(lab.second, f"{lab.second}/exports/w.safetensors", "export"),
        Edge(lab.second, f"{lab.second}/exports/alone.json", "export"),
    }


def test_in_text(lab: Lab, say: Callable[..., Said]) -> None:
    said = say("lineage", SECOND)
    assert (said.status, said.err) == (0, "")
    assert said.out.splitlines() == [
        f"{lab.second} (completed)",
        "",
        "Made from",
        "  data: dataset/digits/v1 (completed), as it was",
        "    data: synthetic data, seed 7",
        f"  initialised_from: {lab.first} (completed)",
        "    data: dataset/digits/v1 (completed), as it was (see above)",
        "",
        "What was made from it",
        "  nothing that is known",
    ]
    down = say("lineage", FIRST).out.partition("What was made from it\n")[2]
    assert down == f"  initialised_from of {lab.second} (completed)\n"


def test_data_that_changed_went_or_cannot_be_told(lab: Lab, say: Callable[..., Said]) -> None:
    lab.change(lab.dataset, fingerprint="f" * 64)
    assert "(completed), has another fingerprint now" in say("lineage", FIRST).out
    (lab.root / lab.dataset / "metadata.json").write_text("{")
    said = say("lineage", FIRST)
    assert said.status == 0
    assert "data: dataset/digits/v1 (metadata.json is not JSON" in said.out
    shutil.rmtree(lab.root / "dataset")
    assert "data: dataset/digits/v1 (is not in the tree)" in say("lineage", FIRST).out
    assert lineage(FIRST).up[0].data == "missing"


def test_a_cycle_ends_and_is_named(lab: Lab, say: Callable[..., Said]) -> None:
    lab.change(lab.first, links={"initialised_from": lab.second, "itself": lab.first})
    found = lineage(FIRST)
    assert found.cycles == tuple(sorted((lab.first, lab.second)))
    said = say("lineage", FIRST)
    assert said.status == 0
    assert f"itself: {lab.first} (completed) (see above)" in said.out
    assert said.out.endswith(f"Leads back to itself: {', '.join(found.cycles)}\n")


def test_a_long_chain_is_followed_to_its_end(lab: Lab, say: Callable[..., Said]) -> None:
    text = (lab.root / lab.first / "metadata.json").read_text()
    metadata = json.loads(text)
    for number in range(1, 1500):
        folder = lab.root / "model" / FIRST / f"v{number}"
        folder.mkdir()
        links = {"resumed_from": f"model/{FIRST}/v{number - 1}"} if number > 1 else {}
        (folder / "metadata.json").write_text(json.dumps({**metadata, "version": folder.name, "links": links}))
    said = say("lineage", f"{FIRST}/v1499")
    assert said.status == 0
    assert said.out.count("resumed_from:") == 1498
    assert lineage(f"{FIRST}/v1499").cycles == ()
    down = say("lineage", "digits").out
    assert "  ... and 1,481 more; --all shows them" in down.splitlines()
    assert say("lineage", "digits", "--all").out.count(f"model/{FIRST}/v") >= 1499


def test_json_and_graphs(lab: Lab, say: Callable[..., Said], tmp_path: Path) -> None:
    document = json.loads(say("lineage", SECOND, "--json").out)
    assert document["nodes"][lab.second]["status"] == "completed"
    assert {"source": lab.first, "target": lab.second, "relation": "initialised_from", "data": None} in document["up"]
    mermaid = say("lineage", SECOND, "--mermaid").out.splitlines()
    assert mermaid[0] == "flowchart LR"
    assert f'  n0["{lab.second} (completed)"]' in mermaid
    assert len([line for line in mermaid if " --> " in line]) == 4
    dot = say("lineage", SECOND, "--dot").out
    assert f'  "{lab.first}" -> "{lab.second}" [label="initialised_from"]' in dot.splitlines()
    if shutil.which("dot"):
        subprocess.run(["dot", "-Tsvg"], input=dot, text=True, check=True, capture_output=True)


def test_hostile_names_are_escaped_in_each_form(lab: Lab, say: Callable[..., Said]) -> None:
    bad = '\x1b[2J"]; end\\'
    shutil.copytree(lab.root / lab.first, lab.root / f"model/{bad}/v1")
    about = {"kind": "external", "hashes": {"x": "0" * 64}, "source": f"{bad}\nnew line"}
    lab.change(lab.dataset, data_provenance=about)
    for form in ([], ["--json"], ["--mermaid"], ["--dot"]):
        said = say("lineage", "digits", *form)
        assert said.status == 0
        assert "\x1b" not in said.out
        assert "\nnew line" not in said.out
    assert '"]; end' not in say("lineage", "digits", "--mermaid").out
    dot = say("lineage", "digits", "--dot").out
    assert '\\\\x1b[2J\\"]; end\\\\' in dot


def test_what_is_no_unit_is_a_line(lab: Lab, say: Callable[..., Said]) -> None:
    said = say("lineage", "nothing")
    assert (said.status, said.out, said.err.count("\n")) == (2, "", 1)
    (lab.root / lab.first / "metadata.json").write_text("{")
    said = say("lineage", lab.first)  # what others say of it is known all the same
    assert said.status == 0
    assert f"initialised_from of {lab.second}" in said.out


def test_a_unit_outside_of_any_tree_has_a_lineage_too(lab: Lab, tmp_path: Path) -> None:
    shutil.copytree(lab.root / lab.first, tmp_path / "a/b/c")
    found = lineage(tmp_path / "a/b/c")
    assert found.up[0] == Edge("dataset/digits/v1", "c", "data", "missing")
