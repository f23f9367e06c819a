"""Secrets come from files, never from the environment: every process of the same user can read that."""

import os
from collections.abc import Mapping
from pathlib import Path


class CredentialError(Exception):
    """A secret can't be had; the message names it and says what to do."""


def read_credential(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """Read the secret `name` from $CREDENTIALS_DIRECTORY, else from $STACK_SECRETS_DIR.

    One trailing newline is not part of the secret. Raises CredentialError.
    """
    folders = [Path(environ[key]) for key in ("CREDENTIALS_DIRECTORY", "STACK_SECRETS_DIR") if environ.get(key)]
    for folder in folders:
        try:
            secret = (folder / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it isn't UTF-8"
            raise CredentialError(f"secret {name} can't be read ({reason}): check {folder / name}") from None
        secret = secret.removesuffix("\n")
        if not secret:
            raise CredentialError(f"secret {name} is empty: write it to {folder / name}")
        return secret
    raise CredentialError(
        f"secret {name} is missing: add LoadCredential={name}:FILE to the unit, or put the file in $STACK_SECRETS_DIR"
    )
