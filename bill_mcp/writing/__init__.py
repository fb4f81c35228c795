"""The path of a write: evidence, decision, approval, journal, sending, outcome."""
