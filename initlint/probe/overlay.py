"""Source that is imported instead of what files hold: a fix is tried before it is written. Runs where the target runs."""

from __future__ import annotations

import importlib.machinery
import linecache
import os
from collections.abc import Mapping

from initlint.reading.decoding import decode


def install(contents: Mapping[str, bytes]) -> None:
    """From now on modules at these absolute paths are imported from the given bytes; bytecode of them is neither read nor
    written."""
    if not contents:
        return
    real = {os.path.realpath(path): data for path, data in contents.items()}
    loader = importlib.machinery.SourceFileLoader
    read, stats = loader.get_data, loader.path_stats

    def get_data(self: importlib.machinery.SourceFileLoader, path: str) -> bytes:
        found = real.get(os.path.realpath(path))
        return read(self, path) if found is None else found

    def path_stats(self: importlib.machinery.SourceFileLoader, path: str) -> Mapping[str, object]:
        if os.path.realpath(path) in real:
            raise OSError(f"{path}: not what is imported")  # without a time of change there is no bytecode
        return stats(self, path)

    loader.get_data = get_data  # type: ignore[method-assign, assignment]
    loader.path_stats = path_stats  # type: ignore[method-assign]
    for path, data in contents.items():
        text = decode(data)
        linecache.cache[path] = len(text), None, text.splitlines(True), path
