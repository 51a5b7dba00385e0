"""Options that take several words."""

from __future__ import annotations

from collections.abc import Iterable

import click

FileIgnores = tuple[tuple[str, tuple[str, ...]], ...]


def read_words(ctx: click.Context, parameter: click.Parameter, given: Iterable[str]) -> tuple[str, ...]:
    """The words of an option that is given several times, each time with commas between: ``INL1,he-init-missing``."""
    return tuple(word for text in given for word in split(text))


def read_file_ignores(ctx: click.Context, parameter: click.Parameter, given: Iterable[str]) -> FileIgnores:
    """Globs, each with the rules silent in its files: ``tests/*:INL1,he-init-missing``."""
    return tuple(_file_ignore(text) for text in given)


def _file_ignore(text: str) -> tuple[str, tuple[str, ...]]:
    glob, _, words = text.rpartition(":")
    if not glob or not split(words):
        raise click.BadParameter(f"{text!r} is not GLOB:RULE,...; an example: 'tests/*:INL1'")
    return glob, split(words)


def split(text: str) -> tuple[str, ...]:
    """The words between commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())
