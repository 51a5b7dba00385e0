"""Files are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from initlint.report.writing import write_whole


def test_a_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_text("old")
    path.chmod(0o600)
    write_whole(path, "né\n")
    assert path.read_bytes() == "né\n".encode()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_new_file_has_the_mode_a_plain_write_gives(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    write_whole(tmp_path / "report.txt", "text")
    assert (tmp_path / "report.txt").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "report.txt").symlink_to("real.txt")
    write_whole(tmp_path / "report.txt", "text")
    assert (tmp_path / "report.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "text"


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write_whole(tmp_path / "folder", "text")
    with pytest.raises(OSError):
        write_whole(tmp_path / "no" / "report.txt", "text")
    assert os.listdir(tmp_path) == ["folder"]


def test_a_device_is_written_to(tmp_path: Path) -> None:
    write_whole(Path(os.devnull), "text")
    assert not Path(os.devnull).is_file()
