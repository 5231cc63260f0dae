"""Understands what a rep types, without a model and without I/O: times, follow-up sentences, contacts, pasted lists.

Everything here is a pure function of the text, the moment and the member's zone, so that a card can always say
"I understood ..." and a corpus can measure how often that is right (`python -m bench.understanding`).
"""
