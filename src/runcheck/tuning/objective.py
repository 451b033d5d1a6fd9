"""``SCRIPT.py:objective``: the function that is to be tuned, from the file that it stands in."""

import importlib.util
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

from runcheck.errors import CannotReadError
from runcheck.sweeps.attempt import reason_of
from runcheck.writer.provenance.code import LOADED_SCRIPT

_DEFAULT = "objective"


class Named(NamedTuple):
    """An objective by its file and name, as another process can find it too."""

    path: str
    name: str

    def load(self) -> Callable[..., object]:
        """Return the function.

        Raises:
            CannotReadError: there is no such file, it raises while it is imported, or has no such function.
        """
        found = getattr(self.module(), self.name, None)
        if not callable(found):
            raise CannotReadError(f"{self.path}: has no function {self.name!r}; name one, {self.path}:FUNCTION")
        function: Callable[..., object] = found
        return function

    def module(self) -> ModuleType:
        """Return the module, imported once in a process.

        Raises:
            CannotReadError: there is no such file, or it raises while it is imported.
        """
        known = sys.modules.get(LOADED_SCRIPT)
        if known is not None and known.__file__ == self.path:
            return known
        if not os.path.isfile(self.path):
            raise CannotReadError(f"{self.path}: there is no such script")
        spec = importlib.util.spec_from_file_location(LOADED_SCRIPT, self.path)
        if spec is None or spec.loader is None:
            raise CannotReadError(f"{self.path}: is no Python script; its name ends in .py")
        folder = os.path.dirname(self.path)
        if folder not in sys.path:  # as where Python runs the script
            sys.path.insert(0, folder)
        module = importlib.util.module_from_spec(spec)
        sys.modules[LOADED_SCRIPT] = module
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            sys.modules.pop(LOADED_SCRIPT, None)
            raise CannotReadError(f"{self.path}: cannot be imported: {reason_of(error)}") from error
        return module


def named(text: str) -> Named:
    """Return the objective that ``SCRIPT.py:NAME`` names; the name is ``objective`` by default."""
    path, _, name = text.rpartition(":") if text.rpartition(":")[2].isidentifier() else (text, "", "")
    return Named(os.path.abspath(path or text), name or _DEFAULT)
