"""`until Friday 18:00 prices change`, `到周五 调价`: a moment, and the words around it, which say why."""

import re

from bot.understanding.when import When

_BEFORE = re.compile(r"(?:\b(?:until|till|til|to|by)|直到|截止|到|至)\s*$", re.IGNORECASE)
_BY_THEN = re.compile(r"\s*(?:之前|以前|前)")
_RULE = re.compile(r"^(?P<name>.+?)\s+(?:until|till|直到|到|至)\s*(?P<rest>.+)$", re.IGNORECASE | re.DOTALL)
_SIGNAL = re.compile(r"^(?:for|等到|等)\s*(?P<signal>\S.*)$", re.IGNORECASE | re.DOTALL)
_EDGES = " \t\n,，。.;；:：-"


def reason(words: str, found: When | None) -> str:
    """What is left of the words without the moment and the `until` before it."""
    if found is None:
        return words.strip(_EDGES)
    before, after = words[: found.span[0]], words[found.span[1] :]
    parts = (_BEFORE.sub("", before).strip(_EDGES), after.strip(_EDGES))
    return " ".join(part for part in parts if part)


def is_deadline(words: str, found: When) -> bool:
    """Whether the moment is one by which something is wanted."""
    return bool(_BEFORE.search(words[: found.span[0]]) or _BY_THEN.match(words[found.span[1] :]))


def named(words: str) -> tuple[str, str]:
    """The name of a rule and what follows its `until`; the whole as a name where there is none."""
    found = _RULE.match(words.strip())
    return (found["name"].strip("\"'“”「」 "), found["rest"]) if found else (words.strip("\"'“”「」 "), "")


def signal(words: str) -> str:
    """`for spring fair`, 等春季展会: what is waited for; empty where the words say nothing of the kind."""
    found = _SIGNAL.match(words.strip())
    return found["signal"].strip(_EDGES) if found else ""
