"""The bricks of `when.py`: phrases of each language become pieces, pieces join, and a joined piece becomes a moment."""
