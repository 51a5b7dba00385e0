"""Get the source of the packages in packages.txt, or of the repositories in repositories.txt, and unpack it, without
installing or running any of it."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from packages import FOLDER, count_lines, pinned, repositories

HOST = "https://github.com"
STAMP = ".version"
"""Holds the version that a folder was unpacked from."""


def main() -> None:
    """Fetch what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, default=FOLDER, help="folder to unpack into")
    parser.add_argument("--repositories", action="store_true", help="fetch the repositories instead")
    options = parser.parse_args()
    under: Path = options.packages
    wanted, get = (repositories(), check_out) if options.repositories else (pinned(), fetch)
    for name, version in wanted.items():
        folder = under / name
        if not _is_there(folder, version):
            get(name, version, folder)
        print(f"{name:<60} {version:<8.8} {count_lines(folder):>8} lines")
    print(f"{'together':<69} {sum(count_lines(under / name) for name in wanted):>8} lines")


def _is_there(folder: Path, version: str) -> bool:
    stamp = folder / STAMP
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == version


def fetch(name: str, version: str, folder: Path) -> None:
    """Download one package and unpack it into `folder`, in place of what is there."""
    shutil.rmtree(folder, ignore_errors=True)
    with TemporaryDirectory() as scratch:
        command = ["-m", "pip", "--quiet", "download", "--no-deps", "--dest", scratch, f"{name}=={version}"]
        subprocess.run([sys.executable, *command], check=True)
        (archive,) = Path(scratch).iterdir()
        unpack(archive, folder)
    (folder / STAMP).write_text(version, encoding="utf-8")


def check_out(name: str, commit: str, folder: Path) -> None:
    """Download one commit of a repository named ``owner+name`` into `folder`, in place of what is there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for command in (
        ("init", "--quiet"),
        ("fetch", "--quiet", "--depth", "1", f"{HOST}/{name.replace('+', '/')}", commit),
        ("checkout", "--quiet", "FETCH_HEAD"),
    ):
        subprocess.run(["git", "-C", str(folder), *command], check=True)
    (folder / STAMP).write_text(commit, encoding="utf-8")


def unpack(archive: Path, folder: Path) -> None:
    """A wheel's content, or that of the one folder in a source distribution."""
    if archive.suffix == ".whl":
        shutil.unpack_archive(archive, folder, "zip")
        return
    with TemporaryDirectory() as scratch:
        shutil.unpack_archive(archive, scratch)
        (inner,) = Path(scratch).iterdir()
        shutil.copytree(inner, folder)


if __name__ == "__main__":
    main()
