"""The text of a question -> what is asked, and back: words, phrases, operators, fields. Pure. See docs/decisions/0180.

Plain text, which is nearly all that people write, is told by a few rules and never meets the parser: a sign, a colon, a
quote or a bracket is an operator only where it stands as one.
"""

from retrieval.grammar.reading import of_tree, parse
from retrieval.grammar.trees import leaves, sought
from retrieval.grammar.writing import written

__all__ = ["leaves", "of_tree", "parse", "sought", "written"]
