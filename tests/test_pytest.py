"""The plugin of pytest, in runs of pytest of its own."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

Runner = Callable[..., pytest.RunResult]

SCRIPT = """
    from pathlib import Path

    import runcheck
    from runcheck.pytest import assert_conforms

    def train(root, **more):
        with runcheck.start_run(
            root, dataset="digits", model="logreg", variant="baseline", config={"rate": 0.1},
            tags={"experiment": "digits", "run_type": "train"}, data={"kind": "synthetic", "seed": 7},
            description="A baseline.", **{"seeds": {"init": 0}, **more},
        ) as run:
            for step in range(3):
                run.log(step, {"loss": 1 / (step + 1)})
        return Path(run.path)
"""

GOOD = """
    def test_the_script_conforms(runcheck_tree):
        train(runcheck_tree)
        assert_conforms(runcheck_tree)
"""

DAMAGED = """
    def test_a_step_is_lost(runcheck_tree):
        metrics = train(runcheck_tree) / "metrics.jsonl"
        metrics.write_text(metrics.read_text().replace("0.5", "0.25"))
        assert_conforms(runcheck_tree)
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Run pytest on the script of a user and tests of it, without the plugins of others: some load Zarr and Hydra."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(tests: str, *arguments: str) -> pytest.RunResult:
        pytester.makeini("[pytest]\nfilterwarnings = error\n    ignore:.*in no Git repository:RuntimeWarning")
        pytester.makepyfile(SCRIPT + tests)
        return pytester.runpytest_subprocess("-p", "runcheck.pytest", *arguments)

    return run


def test_a_script_that_conforms_passes(run: Runner) -> None:
    run(GOOD).assert_outcomes(passed=1)


def test_one_that_does_not_fails_with_the_findings_and_without_a_traceback_of_ours(run: Runner) -> None:
    result = run(DAMAGED)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*does not conform:", "*metrics.jsonl*RC304 checksum-mismatch*", "*help: *", "*Found * error*"]
    )
    result.stdout.no_fnmatch_line("*render_text*")


def test_what_is_ignored_does_not_fail(run: Runner) -> None:
    ignoring = DAMAGED.replace("conforms(runcheck_tree)", "conforms(runcheck_tree, ignore=['RC304', 'RC4'])")
    run(ignoring).assert_outcomes(passed=1)


def test_warnings_fail_where_it_is_strict(run: Runner) -> None:
    result = run("""
    def test_without_a_seed(runcheck_tree):
        train(runcheck_tree, seeds={})
        assert_conforms(runcheck_tree)
        assert_conforms(runcheck_tree, strict=True)
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*warning RC213 seeds-missing*"])


def test_a_team_names_what_it_asks_for(run: Runner, pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml('[tool.runcheck.mandatory-tags]\nmodel = ["sweep"]\n')
    result = run("""
    def test_a_tag_of_the_team(runcheck_tree, pytestconfig):
        train(runcheck_tree)
        assert_conforms(runcheck_tree, config=pytestconfig.rootpath / "pyproject.toml")
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*RC802 tag-missing*"])


def test_a_convention_that_the_configuration_names_is_what_counts(run: Runner, pytester: pytest.Pytester) -> None:
    good = Path(__file__).parents[1] / "fixtures/conventions/tracker-runs/pass-good/tree/experiments"
    shutil.copytree(good, pytester.path / "experiments")
    (pytester.path / "runcheck.toml").write_text('convention = "tracker-runs"\n')
    tests = """
    def test_of_our_own(pytestconfig):
        assert_conforms(pytestconfig.rootpath)

    def test_a_row_is_torn(pytestconfig):
        with next(pytestconfig.rootpath.rglob("metrics.jsonl")).open("a") as stream:
            stream.write('{"step": ')
        assert_conforms(pytestconfig.rootpath)
"""
    result = run(tests)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*does not conform:", "*metrics.jsonl*RC401 *"])


def test_the_configuration_above_a_tree_holds(run: Runner, pytester: pytest.Pytester) -> None:
    (pytester.path / "runcheck.toml").write_text(
        '[levels]\nRC213 = "error"\n[per-path-ignores]\n"seedless/" = ["RC"]\n'
    )
    result = run("""
    def test_an_error_here(pytestconfig):
        train(pytestconfig.rootpath / "artefacts", seeds={})
        assert_conforms(pytestconfig.rootpath / "artefacts")

    def test_ignored_there(pytestconfig):
        train(pytestconfig.rootpath / "seedless", seeds={})
        assert_conforms(pytestconfig.rootpath / "seedless")
""")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*error RC213 seeds-missing*"])


def test_a_script_that_wrote_nothing_fails(run: Runner) -> None:
    result = run("""
    def test_nothing(runcheck_tree):
        assert_conforms(runcheck_tree)

    def test_not_even_a_folder(runcheck_tree):
        assert_conforms(runcheck_tree / "model")
""")
    result.assert_outcomes(failed=2)
    result.stdout.no_fnmatch_line("*CannotCheckError*")


def test_each_worker_of_xdist_has_a_tree_of_its_own(run: Runner) -> None:
    result = run(
        """
    import pytest

    @pytest.mark.parametrize("number", range(4))
    def test_alone(runcheck_tree, number):
        assert not any(runcheck_tree.iterdir())
        train(runcheck_tree)
        assert_conforms(runcheck_tree)
""",
        *("-p", "xdist.plugin", "-n2"),
    )
    result.assert_outcomes(passed=4)


def test_a_run_of_pytest_that_asserts_nothing_loads_no_linter() -> None:
    code = "import pytest, sys; before = set(sys.modules); import runcheck.pytest; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"runcheck", "runcheck._version", "runcheck.pytest"}


def test_the_package_brings_it() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"runcheck.pytest": "runcheck.pytest"}
