"""The link step: facts of all files to a program in which every name can be followed."""

from initlint.program.module import Module
from initlint.program.program import Definition, External, Program

__all__ = ["Definition", "External", "Module", "Program"]
