"""What an expression can be worth to the tracer.

Known Python values stand for themselves: ``None``, bools, ints, floats, strings, tuples. A width that is not known is a
`Size`. Everything else is one of the classes here; what cannot be known is `Unknown`, with the reason.
Mutable values change only through `initlint.tracing.heap.Heap`, so that a branch can be taken back.
"""

from initlint.tracing.values.objects import *  # noqa: F403
from initlint.tracing.values.remembering import *  # noqa: F403
from initlint.tracing.values.tensors import *  # noqa: F403
