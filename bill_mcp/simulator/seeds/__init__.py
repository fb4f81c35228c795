"""The worlds one can start with. Every one has the well-known sign-in data.

Nothing is imported here: behaviours use ``empty``, and ``demo`` uses behaviours.
"""
