"""How good a library's answers are: judged questions, what was answered, and measures of both.

Nothing in here is imported when a question is asked. Arithmetic that others define is theirs (ir-measures, the extra
`evaluate`); see docs/evaluation.md.
"""
