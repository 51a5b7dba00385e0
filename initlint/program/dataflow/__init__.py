"""What an expression computes: names replaced by their certain definitions, calls by what they mean."""

from initlint.program.dataflow.evaluation import Terms
from initlint.program.dataflow.term import Term

__all__ = ["Term", "Terms"]
