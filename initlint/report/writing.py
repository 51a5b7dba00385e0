"""Writing a file so that nobody ever sees half of it."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import mkstemp


def write_whole(path: Path, text: str) -> None:
    """Write `text` as UTF-8, as `write_bytes_whole` does."""
    write_bytes_whole(path, text.encode("utf-8", "backslashreplace"))


def write_bytes_whole(path: Path, data: bytes) -> None:
    """Write `data` beside `path`, then rename it there. Raises `OSError` and leaves `path` as it was."""
    path = Path(os.path.realpath(path))  # a link stays a link
    if path.exists() and not path.is_file():  # a device or a pipe has no "beside"
        path.write_bytes(data)
        return
    handle, name = mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "wb") as file:
            file.write(data)
        os.chmod(name, _mode_of(path))
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _mode_of(path: Path) -> int:
    """The mode that a plain write to `path` would have left."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
