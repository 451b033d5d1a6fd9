"""The file that says who may sign."""

import os
from importlib.util import find_spec

from runcheck.convention.signers import Signer, SignersError, signers_in
from runcheck.errors import ConfigurationError, MissingLibraryError

_MOST = 1 << 20  # bytes


def read_signers(path: str) -> tuple[Signer, ...]:
    """Return the signers that the file at ``path`` names.

    Raises:
        ConfigurationError: it cannot be read, or is no such file.
        MissingLibraryError: nothing here could verify what they signed.
    """
    if find_spec("cryptography") is None:
        raise MissingLibraryError("cryptography", "sign", "verify signatures")
    try:
        with open(os.path.expanduser(path), "rb") as stream:
            content = stream.read(_MOST + 1)
        if len(content) > _MOST:
            raise ConfigurationError(f"{path}: is larger than {_MOST:,} bytes, as no list of signers is")
        return signers_in(content.decode())
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is not UTF-8") from None
    except SignersError as error:
        raise ConfigurationError(f"{path}: {error}; ssh-keygen(1) says how a line of allowed signers is") from None
