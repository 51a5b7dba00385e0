"""The link step: facts of all files to a program in which every name can be followed."""

from initlint.program.module import Module
from initlint.program.program import Program
from initlint.program.resolution import Definition, External

__all__ = ["Definition", "External", "Module", "Program"]
