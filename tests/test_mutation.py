"""The report on mutations means what it says: what is changed is changed, and whoever holds a function notices."""

from types import ModuleType

from tests.mutation import TARGETS, mutants, taken_over
from tests.test_architecture import ROOT

SOURCE = '''
"""Here and there."""
FOUND = "select id from lead where a = :a and b is null"

def many(number: int, *, most: int = 3) -> bool:
    """Less than that."""
    return number < most and not number == 0
'''


def test_a_source_is_changed_in_one_place_at_a_time() -> None:
    found = [(line, what.split(" in ")[0]) for line, what, _ in mutants(SOURCE)]
    assert sorted(found) == [
        (3, "SQL ="), (3, "SQL and"), (3, "SQL is null"), (5, "one more"), (7, "comparison"), (7, "comparison"),
        (7, "not"), (7, "nothing returned"), (7, "one more"), (7, "operator"),
    ]  # fmt: skip


def test_whoever_holds_a_function_gets_the_changed_one() -> None:
    module = ModuleType("made")
    module.__dict__["__file__"] = "made.py"
    exec(SOURCE, module.__dict__)
    held = module.many
    (changed,) = [words for line, what, words in mutants(SOURCE) if (line, what) == (5, "one more")]
    assert (held(3), held(2)) == (False, True)
    taken_over(module, changed.replace("a = :a", "a > :a"))
    assert (held(3), module.FOUND) == (True, "select id from lead where a > :a and b is null")


def test_every_file_that_is_broken_has_tests_that_are_there() -> None:
    assert [path for path, tests in TARGETS.items() for each in (path, *tests) if not (ROOT / each).is_file()] == []
