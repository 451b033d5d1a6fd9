# Recipes of the project. `./dev RECIPE` makes the environment first; with one at hand, `just RECIPE` will do.

set shell := ["sh", "-euc"]

# List the recipes.
default:
    @just --list --unsorted

# The golden path: publish, train, evaluate, check; then tamper with a copy and check that.
demo:
    python examples/digits/demo.py

# Publish the digits as a dataset.
publish:
    python examples/digits/publish.py

# Train on the digits.
train:
    python examples/digits/train.py

# Train three runs to compare, and a sweep of ten learning rates.
sweep:
    python examples/digits/sweep.py

# Tune the digits: eight trials of Optuna, each a run. Options go to `runcheck tune`.
tune *ARGS:
    runcheck tune examples/digits/tune.py --trials 8 --metric test/loss --study-name rate-and-decay {{ARGS}}

# Evaluate the newest run from its checkpoint.
evaluate:
    python examples/digits/evaluate.py

# Run the pipeline of examples/dvc twice, in a new repository in a temporary folder.
dvc:
    #!/usr/bin/env sh
    set -eu
    folder="$(mktemp -d)/calibration"
    cp -r examples/dvc "$folder"
    cd "$folder"
    export DVC_NO_ANALYTICS=1
    git init --quiet
    dvc init --quiet
    dvc config core.check_update false
    git add --all
    git commit --quiet --no-verify --message "The pipeline"
    dvc repro
    dvc repro
    dvc metrics show evaluation.json
    runcheck check . --convention sweep-manifest
    echo "$folder"
# Publish, train and what else is asked for, as far as something changed: `just flow train --evaluation PATH --bundle NAME`.
flow *ARGS="train":
    runcheck flow {{ARGS}}

# Check a tree (default: artefacts).
check *ARGS:
    runcheck check {{ARGS}}

# Lint and type check.
lint:
    ruff check
    ruff format --check
    mypy
    MYPYPATH=examples/charlm mypy examples/charlm/*.py

# Lint, types, tests.
test *ARGS: lint
    pytest -n auto {{ARGS}}

# Tools for tests that are no part of the development set, in .venvs/tools: model-signing, whose packages do not go with
# it, and Debian's git-lfs, zsh, fish and chromium, each with what it needs and this machine lacks. Tests of what is
# missing skip.
tools:
    #!/usr/bin/env sh
    set -eu
    venv=.venvs/model-signing
    if [ ! -x "$venv/bin/model_signing" ]; then
        python -m venv "$venv"
        grep -iE '^(model-signing|pyopenssl)=' benchmarks/peers.txt >"$venv/peers.txt"
        "$venv/bin/python" -m pip install --quiet --requirement "$venv/peers.txt"
        mkdir -p .venvs/tools/usr/bin
        ln -sf "$PWD/$venv/bin/model_signing" .venvs/tools/usr/bin/model_signing
    fi
    missing=""
    for tool in git-lfs zsh fish chromium; do
        PATH=".venvs/tools/bin:.venvs/tools/usr/bin:$PATH" command -v "$tool" >/dev/null || missing="$missing $tool"
    done
    if [ -z "$missing" ]; then exit 0; fi
    mkdir -p .venvs/tools/bin
    cd .venvs/tools
    list() { apt-get install --simulate --no-install-recommends $missing | sed -n 's/^Inst \([^ ]*\).*/\1/p'; }
    apt-get download $(list) 2>/dev/null || { apt-get update --quiet=2; apt-get download $(list); }
    for package in *.deb; do dpkg -x "$package" .; done
    if [ -x usr/lib/chromium/chromium ]; then # its libraries are not where the system looks for them
        libraries="$PWD/usr/lib/$(uname -m)-linux-gnu"
        printf '#!/bin/sh\nLD_LIBRARY_PATH="%s:%s/pulseaudio" exec "%s" "$@"\n' "$libraries" "$libraries" \
            "$PWD/usr/lib/chromium/chromium" >bin/chromium
        chmod +x bin/chromium
    fi

# Compare with peers, as ratios: all cases or some; `--into docs` writes the page, `--help` says more.
bench *ARGS:
    #!/usr/bin/env sh
    set -eu
    venv=.venvs/bench
    [ -x "$venv/bin/python" ] || python -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --requirement benchmarks/peers.txt
    python -m benchmarks --peers "$venv/bin" --into "$venv" {{ARGS}}

# Compare with other writers: what a scalar costs, and what survives a kill; writes the page anew.
bench-writers *ARGS:
    #!/usr/bin/env sh
    set -eu
    venv=.venvs/writers
    [ -x "$venv/bin/python" ] || python -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --requirement benchmarks/writers.txt --editable '.[parquet,events]'
    python -m benchmarks.writers --python "$venv/bin/python" {{ARGS}}

# How much slower a jitted training loop is with the writer, over PAIRS of blocks of SECONDS; ROWS of a batch say how long a step takes.
step-rate PAIRS="300" ROWS="2048" SECONDS="1":
    python -m benchmarks.step_rate {{PAIRS}} {{ROWS}} {{SECONDS}}

# Memory and time of a run that logs ROWS rows.
long-run ROWS="10000000":
    python -m benchmarks.long_run {{ROWS}}

# Metric rows a second on one core, and the memory they take.
bench-rows ROWS="1000000" ROUNDS="5":
    python benchmarks/rows.py {{ROWS}} {{ROUNDS}}

# What the readers of each format let pass, and what the probes notice.
silent TRIALS="40":
    python benchmarks/silent.py {{TRIALS}}

# Peak memory on 1 GB of metrics, a checkpoint of 2 GB, and a Parquet file that inflates a thousandfold.
memory:
    python -m benchmarks.memory

# Write the conformance suite anew.
fixtures:
    python fixtures/build.py
    python fixtures/build_conventions.py

# Write anew what is made from the spec, the rules and the parsers: docs/rules, docs/cli.md, schemas/catalog.json.
docs:
    python docs/build.py

# Build the site into .site/html, where a warning is an error.
site:
    python docs/site/make.py

# The tests that draw their examples, with new ones.
search *ARGS:
    pytest -n auto -m hypothesis --hypothesis-profile=random {{ARGS}}

# Damage good trees ROUNDS times in each of 400 ways, and say which clause found what.
mutation ROUNDS="10" SEED="1":
    python -m tests.mutation {{ROUNDS}} {{SEED}}

# Kill a run at each of its calls and let its disk fail there in every way, then at random moments, for SEEDS seeds; and
# kill a restart, a recovery and a pruning at each of their changes.
faults SEEDS="50":
    python -m tests.faults.matrix
    RUNCHECK_FAULT_SEEDS={{SEEDS}} pytest tests/faults/test_faults.py
    RUNCHECK_DEATHS_EVERY=1 pytest tests/writer/test_deaths.py tests/prune/test_act.py

# Break files of every format at random for SECONDS, and print what the check itself failed with.
fuzz SECONDS="60" SEED="1000":
    python -m tests.fuzz {{SECONDS}} {{SEED}}

# Let coverage guide the fuzzing of each probe that is written by hand, for SECONDS each.
fuzz-guided SECONDS="60":
    #!/usr/bin/env sh
    set -eu
    venv=.venvs/fuzz
    [ -x "$venv/bin/python" ] || python -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet atheris numpy '.[zarr,events]'
    for probe in json yaml jsonl csv checksums readme events onnx packed pickle safetensors texts; do
        corpus="$venv/corpus/$probe"
        mkdir -p "$corpus"
        cp fixtures/data/*.pt fixtures/data/*.tfevents fixtures/data/exports/w.* fixtures/good/*/tree/model/*/2*/*.* "$corpus"
        PYTHONPATH=src:. "$venv/bin/python" -m tests.fuzz.guided "$probe" -max_total_time={{SECONDS}} -max_len=20000 "$corpus"
    done

# Lock the development set, for all Pythons at once: hashes, no addresses.
lock:
    uv pip compile pyproject.toml --group dev --group docs --extra all --extra s3 --extra dask --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-package runcheck --no-header --no-annotate --quiet --upgrade --output-file lock/dev.txt

# The tests on every supported Python that this machine has.
test-pythons *ARGS:
    #!/usr/bin/env sh
    set -eu
    for version in 3.11 3.12 3.13 3.14; do
        python=""
        # A shim of pyenv stands on the PATH for versions that are not active; only what runs counts.
        for candidate in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python; do
            if "$candidate" -c '' 2>/dev/null; then python=$candidate; break; fi
        done
        if [ -z "$python" ]; then echo "== Python $version: not on this machine"; continue; fi
        echo "== Python $version"
        venv=".venvs/$version"
        [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
        "$venv/bin/python" -m pip install --quiet --require-hashes --requirement lock/dev.txt
        "$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
        PATH="$PWD/$venv/bin:$PATH" "$venv/bin/python" -m pytest -n auto {{ARGS}}
    done

# The tests on the oldest versions that pyproject.toml allows: each ">=" in it is taken for "==". Matplotlib of then goes
# with a pyparsing of then; Orbax and s3fs leave event loops open; the example of Flax is written for that of today.
test-floor *ARGS:
    #!/usr/bin/env sh
    set -eu
    venv=.venvs/floor
    [ -x "$venv/bin/python" ] || python -m venv "$venv"
    grep -oE '"[A-Za-z0-9-]+>=[0-9.]+"' pyproject.toml | tr -d '"' | sed 's/>=/==/' >"$venv/floor.txt"
    echo "pyparsing<3.3" >>"$venv/floor.txt"
    uv pip compile pyproject.toml --group dev --extra all --constraint "$venv/floor.txt" --python "$venv/bin/python" \
        --no-emit-package runcheck --no-header --no-annotate --quiet --output-file "$venv/all.txt"
    "$venv/bin/python" -m pip install --quiet --requirement "$venv/all.txt"
    "$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
    PATH="$PWD/$venv/bin:$PATH" "$venv/bin/python" -m pytest -n auto \
        -W "ignore:Sharding info not provided:UserWarning" -W "ignore:unclosed event loop:ResourceWarning" \
        -W "ignore:unclosed <socket.socket:ResourceWarning" -W "ignore:Unclosed client session:ResourceWarning" \
        --deselect "tests/examples/test_libraries.py::test_a_script_conforms_with_at_most_8_lines_for_artefacts[flax_nnx]" \
        {{ARGS}}
