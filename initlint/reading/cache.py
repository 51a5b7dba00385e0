"""Facts kept on disk under the hash of the content they were read from."""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from tempfile import NamedTemporaryFile

import initlint

FORMAT = 2
"""Goes up with every change to what is read from the same source within one version of initlint."""


class Cache:
    """A directory of packed facts. It never fails: what cannot be read is not there, what cannot be written is lost."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._salt = f"{initlint.__version__} {FORMAT}".encode()

    def key(self, data: bytes, *, is_notebook: bool) -> str:
        """The name of the entry for a file's content."""
        kind = b"notebook" if is_notebook else b"module"
        return blake2b(data, digest_size=16, key=self._salt, person=kind).hexdigest()

    def load(self, key: str) -> bytes | None:
        try:
            return self._path(key).read_bytes()
        except OSError:
            return None

    def store(self, key: str, packed: bytes) -> None:
        """Written beside and then renamed, so that another process never sees half of it."""
        path = self._path(key)
        with suppress(OSError):
            self._make(path.parent)
            with NamedTemporaryFile(dir=path.parent, delete=False) as file:
                file.write(packed)
            os.replace(file.name, path)

    def _path(self, key: str) -> Path:
        return self._directory / key[:2] / key[2:]

    def _make(self, directory: Path) -> None:
        if directory.is_dir():
            return
        directory.mkdir(parents=True, exist_ok=True)
        (self._directory / ".gitignore").write_text("*\n")
