"""Which Python files a command runs, by the imports of its script."""

from pathlib import Path

import pytest

from runcheck.flows.sources import sources_of


@pytest.mark.parametrize(
    ("files", "command", "expected"),
    [
        ({"train.py": "import model", "model.py": "", "other.py": ""}, "train.py", {"train.py", "model.py"}),
        ({"train.py": "import numpy, a.b", "a/__init__.py": "", "a/b.py": "from . import c", "a/c.py": "",
          "a/d.py": ""}, "train.py", {"train.py", "a/__init__.py", "a/b.py", "a/c.py"}),
        ({"x/train.py": "from model import f", "x/model.py": "import common", "common.py": ""},
         "x/train.py", {"x/train.py", "x/model.py", "common.py"}),
        ({"train.py": "from pkg.deep import thing", "src/pkg/__init__.py": "",
          "src/pkg/deep.py": "from ..pkg import more", "src/pkg/more.py": ""},
         "train.py", {"train.py", "src/pkg/__init__.py", "src/pkg/deep.py", "src/pkg/more.py"}),
        ({"pkg/__init__.py": "", "pkg/train.py": "from pkg import model", "pkg/model.py": ""},
         "-m pkg.train", {"pkg/__init__.py", "pkg/train.py", "pkg/model.py"}),
        ({"pkg/__init__.py": "", "pkg/__main__.py": "import late", "late.py": ""},
         "-m pkg", {"pkg/__init__.py", "pkg/__main__.py", "late.py"}),
        ({"train.py": "import importlib", "plugin.py": "", ".venv/x.py": ""}, "train.py", {"train.py", "plugin.py"}),
        ({"train.py": "import model", "model.py": "import train"}, "train.py", {"train.py", "model.py"}),
        ({"train.py": "not python at all"}, "train.py", {"train.py"}),
        ({"a.py": ""}, "--help", set()),
    ],
)  # fmt: skip
def test_sources_are_the_script_and_what_it_imports_of_the_project(
    tmp_path: Path, files: dict[str, str], command: str, expected: set[str]
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = sources_of(("python", *command.split()), str(tmp_path))
    assert {Path(each).relative_to(tmp_path).as_posix() for each in found} == expected
