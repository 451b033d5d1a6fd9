"""The files that say who may sign."""

import os
from collections.abc import Iterable
from importlib.util import find_spec

from runcheck.convention.signers import AnySigner, SignersError, signers_in
from runcheck.errors import ConfigurationError, MissingLibraryError
from runcheck.named_file import content_of_named

_MOST = 1 << 20  # bytes


def signers_of(paths: Iterable[str]) -> tuple[AnySigner, ...]:
    """Return the signers that several files name, as :func:`read_signers`."""
    return tuple(each for path in paths for each in read_signers(path))


def read_signers(path: str) -> tuple[AnySigner, ...]:
    """Return the signers that the file at ``path`` names: keys of OpenSSH, or public keys and certificates in PEM.

    Raises:
        ConfigurationError: it cannot be read, or is no such file.
        MissingLibraryError: nothing here could verify what they signed.
    """
    if find_spec("cryptography") is None:
        raise MissingLibraryError("cryptography", "sign", "verify signatures")
    from runcheck.configuration.pem import BEGINS, signers_in_pem  # noqa: PLC0415

    content = content_of_named(os.path.expanduser(path), _MOST, "list of signers", ConfigurationError)
    try:
        if BEGINS in content:
            return tuple(signers_in_pem(content))
        return signers_in(content.decode())
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is not UTF-8") from None
    except SignersError as error:
        raise ConfigurationError(
            f"{path}: {error}; give a file as allowed_signers of OpenSSH, or public keys or certificates in PEM"
        ) from None
