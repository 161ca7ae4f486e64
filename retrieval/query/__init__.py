"""Question text and options to a query, and back; operands to vectors."""
