"""What one file says: its statements and expressions, lowered to compact structs.

The reader makes them in one pass over the LibCST tree; everything after it works on them alone. They hold no knowledge
of other files, so they can be made in parallel and cached by content. Whitespace, comments, docstrings and the spelling
of literals are gone; names, structure and places are kept.

A place is a pair of character offsets into the decoded source, ``start`` inclusive and ``end`` exclusive;
`FileFacts.position` turns one into a line and a column.
"""

from initlint.reading.facts.expressions import *  # noqa: F403
from initlint.reading.facts.file import *  # noqa: F403
from initlint.reading.facts.node import *  # noqa: F403
from initlint.reading.facts.statements import *  # noqa: F403
