"""Exceptions of the program, as far as they are followed: those that are surely raised inside a ``try``."""

from __future__ import annotations


class RaisedError(Exception):
    """The program raises where one of its handlers waits for it."""
