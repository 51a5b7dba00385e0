"""The trace step: abstract interpretation of constructors and `forward`, from a program to its networks."""

from initlint.tracing.spending import trace_program, trace_script

__all__ = ["trace_program", "trace_script"]
