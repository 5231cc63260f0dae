"""Arguments: by reference, name, phone ending or the quoted card; several matches are asked about."""

from itertools import product

import pytest

from tests.bot.asking import ask, says, shown, taps, told


def logged(world) -> int:
    return world.count("select count(*) from activity where org_id = :o and verb = 'logged'", o=world.acme.org_id)


@pytest.mark.parametrize(
    "words",
    ["{ref} called", "Ｌ－{n}，called", "{n} called", "#{n} called", "{ref}, called", "{ref}：called", "l{n} called"],
)
def test_a_lead_is_named_by_its_reference(world, words):
    ref = world.lead(owner="ann")
    assert ref in told(world, "log " + words.format(ref=ref, n=ref.removeprefix("L-")))
    assert logged(world) == 1


@pytest.mark.parametrize("words", ["Fang called", "fang，called", "5678 called", "Lotus called"])
def test_a_lead_is_named_by_one_word_that_fits_it_alone(world, words):
    ref = world.lead(owner="ann", name="Fang", firm="Lotus", phone="+8613812345678")
    world.lead(owner="ann", name="Wei", firm="Other", phone="+8613800000001")
    assert ref in told(world, f"log {words}")
    assert logged(world) == 1


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("Lu Wei called, no answer", "called, no answer"),
        ("lu wei: called", "called"),
        ("Lu Wei, called", "called"),
        ("Lotus Tea House called", "called"),
        ("Lu Wei Lotus Tea called", "called"),
    ],
)
def test_a_lead_is_named_by_as_many_words_as_fit_it(world, words, left):
    ref = world.lead(owner="ann", name="Lu Wei", firm="Lotus Tea House", phone="+8613812345678")
    world.lead(owner="ann", name="Lu Fang", firm="Lotus Paper", phone="+8613800000001")
    assert ref in told(world, f"log {words}")
    assert world.count("select count(*) from activity where verb = 'logged' and words = :w", w=left) == 1


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        ("stage Lu Wei quote", "stage = 'quote'"),
        ("won Lu Wei 12000", "status = 'won' and amount = 12000"),
        ("lost Lu Wei too expensive", "status = 'lost' and lost_reason = 'too expensive'"),
        ("release Lu Wei not my region", "owner_id is null"),
        ("remind Lu Wei tomorrow 3pm", "exists (select 1 from task t where t.lead_id = lead.id)"),
        ("extend Lu Wei waiting for their budget", "extensions = 1"),
    ],
)
def test_every_word_takes_a_name_of_several_words(world, words, fact):
    world.lead(owner="ann", name="Lu Wei", firm="Lotus")
    told(world, words)
    assert world.count(f"select count(*) from lead where {fact}") == 1


def test_several_of_one_full_name_are_asked_about_with_the_rest_of_the_line(world):
    refs = [world.lead(owner="ann", name="Lu Wei") for _ in range(2)]
    world.lead(owner="ann", name="Lu Fang")
    answer = ask(world, says(world, "lost Lu Wei too expensive"))
    assert [ref for ref in refs if ref in shown(answer)] == refs
    assert "Lu Fang" not in shown(answer)
    [chosen] = [button for button in buttons(answer.card) if refs[0] in button.value]
    ask(world, taps(world, chosen.action, chosen.value))
    assert world.count("select count(*) from lead where status = 'lost' and lost_reason = 'too expensive'") == 1


def test_what_names_no_lead_is_answered_by_a_whole_sentence(world):
    assert "log L-1042 called, wants a quote" in told(world, "log called, wants a quote")
    told(world, "lang zh")
    assert "跟进 L-1042 打了电话" in told(world, "跟进 打了电话，要报价")


def test_an_open_lead_is_meant_rather_than_a_closed_one(world):
    world.lead(owner="ann", name="Fang", status="lost")
    ref = world.lead(owner="ann", name="Fang")
    assert ref in told(world, "log Fang called")


def test_several_that_fit_are_asked_about_and_a_tap_repeats_the_line(world):
    refs = [world.lead(owner="ann", name="Fang") for _ in range(2)]
    answer = ask(world, says(world, "log Fang called, no answer"))
    assert all(ref in shown(answer) for ref in refs)
    assert logged(world) == 0
    [chosen] = [button for button in buttons(answer.card) if refs[0] in button.value]
    assert refs[0] in shown(ask(world, taps(world, chosen.action, chosen.value)))
    assert logged(world) == 1


def buttons(card):
    found = [item for block in card.blocks for item in getattr(block, "items", ())]
    rows = [button for block in card.blocks for button in getattr(block, "buttons", ())]
    return [item for item in (*found, *rows) if hasattr(item, "action")]


def test_a_number_is_a_reference_before_it_is_the_end_of_a_phone(world):
    ref = world.lead(owner="ann", phone="+8613800000002")
    number = ref.removeprefix("L-")
    world.lead(owner="ann", phone=f"+861380000{number}")
    assert ref in told(world, f"log {number} called")


@pytest.mark.parametrize("words", ["log", "stage", "won", "remind", "release", "assign", "find", "link"])
def test_what_is_missing_is_shown_by_an_example(world, words):
    answer = told(world, words, "mia")
    assert "This needs" in answer
    assert "For example" in answer
    assert words in answer


def test_the_example_is_in_the_readers_language(world):
    told(world, "lang zh")
    assert "跟进 L-1042" in told(world, "跟进")


@pytest.mark.parametrize("words", ["log L-999999 called", "won L-999999", "lead 999999"])
def test_a_lead_that_is_not_there_is_not_found(world, words):
    answer = told(world, words)
    assert "There is no lead" in answer
    assert "999999" in answer


@pytest.mark.parametrize("words", ["3 calls today", "5000 is her budget", "called"])
def test_in_a_thread_a_sentence_may_begin_with_a_number(world, words):
    ref = world.lead(owner="ann")
    assert ref in shown(ask(world, says(world, f"log {words}", quoted=ref)))
    assert logged(world) == 1


def test_an_undo_of_nonsense_is_no_undo_of_the_last_change(world):
    ref = world.lead(owner="ann")
    told(world, f"log {ref} called")
    assert "old" in shown(ask(world, taps(world, "undo", "nonsense")))
    assert "Undone" not in shown(ask(world, taps(world, "undo", "9" * 400)))


@pytest.mark.parametrize("words", ["log Nadia called", "won Nadia 12", "跟进 王芳 没接"])
def test_a_name_that_fits_nobody_is_asked_about_and_the_words_are_kept(world, words):
    world.lead(owner="cyd", name="Nadia")
    answer = ask(world, says(world, words))
    assert "I know no" in shown(answer)
    assert "Create" in shown(answer)
    assert world.count("select count(*) from pending_line where words = :w", w=words.split(maxsplit=1)[1]) == 1


@pytest.mark.parametrize(
    ("words", "given"),
    [("assign {ref} @Bob", 1), ("assign {ref} Bob Chen", 1), ("分配 {ref} @Bob Chen", 1), ("assign 2 @Bob", 2)],
)
def test_leads_are_given_by_reference_or_by_number(world, words, given):
    ref = world.lead()
    world.lead()
    told(world, words.format(ref=ref), "mia")
    owned = "select count(*) from lead where org_id = :o and owner_id = :m"
    assert world.count(owned, o=world.acme.org_id, m=world.acme.member["bob"]) == given


def test_colleagues_are_handed_over_by_name(world):
    world.lead(owner="ann")
    told(world, "transfer @Ann Li @Bob Chen", "mia")
    owned = "select count(*) from lead where org_id = :o and owner_id = :m"
    assert world.count(owned, o=world.acme.org_id, m=world.acme.member["bob"]) == 1


WORDS = (
    "select count(*) from activity where verb = 'logged' and words = :w"
    " and lead_id = (select id from lead where number = :n)"
)


def number(ref: str) -> int:
    return int(ref.removeprefix("L-"))


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("log called {ref} no answer", "called no answer"),
        ("log spoke to {ref}, wants a quote", "spoke, wants a quote"),
        ("跟进 打了电话给 {ref} 没接", "打了电话 没接"),
        ("log Fang: called {ref}", "called"),
    ],
)
def test_a_reference_anywhere_in_the_line_is_the_lead(world, words, left):
    ref = world.lead(owner="ann", name="Fang")
    told(world, f"lead {world.lead(owner='ann', name='Zoe')}")
    assert ref in told(world, words.format(ref=ref))
    assert world.count(WORDS, w=left, n=number(ref)) == 1


def test_a_reference_anywhere_is_no_word_of_a_note_or_a_reminder(world):
    ref = world.lead(owner="ann", name="Fang")
    told(world, f"lead {world.lead(owner='ann', name='Zoe')}")
    told(world, f"note for {ref} speaks French")
    told(world, f"remind tomorrow 3pm {ref}")
    lead = "lead_id = (select id from lead where number = :n)"
    assert world.count(f"select count(*) from activity where words = 'speaks French' and {lead}", n=number(ref)) == 1
    assert world.count(f"select count(*) from task where {lead} and words is null", n=number(ref)) == 1


def test_a_reference_to_what_is_not_ones_own_never_means_another_lead(world):
    told(world, f"lead {world.lead(owner='ann')}")
    foreign = world.lead(owner="cyd", name="Zoe")
    assert "There is no lead" in told(world, f"log called {foreign} no answer")
    assert "There is no lead" in told(world, "log called L-999999")
    assert logged(world) == 0


@pytest.mark.parametrize("words", ["log called {0} and {1}", "log Fang called about {1}"])
def test_two_different_leads_in_one_line_are_asked_about(world, words):
    refs = [world.lead(owner="ann", name="Fang"), world.lead(owner="ann", name="Zoe")]
    answer = told(world, words.format(*refs))
    assert all(ref in answer for ref in refs)
    assert logged(world) == 0


def test_a_number_of_something_else_is_no_reference(world):
    ref = world.lead(owner="ann")
    told(world, f"lead {ref}")
    assert ref in told(world, "log sent invoice #4711999, size L 20")
    assert logged(world) == 1


HOSTILE = ("", "L-", "nonsense", "L-999999", "9" * 400, "L-1~2~3", "'; drop table lead; --", "²", "٣")


def test_a_hostile_button_is_answered_and_changes_nothing(world):
    ref = world.lead()
    actions = ("lead.claim", "lead.log", "lead.release", "task.done", "undo", "import.confirm", "claim.many")
    for action, value in product(actions, HOSTILE):
        assert "went wrong" not in shown(ask(world, taps(world, action, value)))
    assert ref in told(world, "pool")
    assert world.count("select count(*) from assignment where org_id = :o", o=world.acme.org_id) == 0


@pytest.mark.parametrize(
    "words", ["3pm tomorrow {ref}", "15:00 {ref}", "3 days later {ref}", "３天后 {ref}", "{n} tomorrow 3pm"]
)
def test_a_time_before_the_lead_is_no_number_of_one(world, words):
    ref = world.lead(owner="ann")
    assert ref in told(world, "remind " + words.format(ref=ref, n=ref[2:]))
    assert world.count("select count(*) from task") == 1


@pytest.mark.parametrize("words", ["remind -1", "remind {ref} -1"])
def test_what_is_no_time_is_said_to_be_none(world, words):
    ref = world.lead(owner="ann")
    world.lead(owner="ann")
    assert "I cannot read “-1”. Type it like this: remind L-" in told(world, words.format(ref=ref))


def test_a_stage_that_is_none_shows_those_there_are(world):
    ref = world.lead(owner="ann")
    said = told(world, f"stage {ref} qoute")
    assert "There is no stage “qoute”" in said
    assert "Where does it stand?" in said


def test_an_hour_that_does_not_exist_sets_no_reminder(world):
    world.lead(owner="ann", firm="Lotus")
    assert "When exactly?" in told(world, "remind lotus tomorrow 25:00")
    assert "When exactly" in told(world, "log lotus no answer, call tomorrow 25:00")
    assert world.count("select count(*) from task") == 0


@pytest.mark.parametrize(
    "words",
    [
        "called, no answer",
        "打了电话没人接",
        "没接",
        "lotus called, no answer",
        "{n} 没接",
        "郑欣怡 没接",
        "call back {ref} tomorrow",
    ],
)
def test_a_bare_sentence_of_a_follow_up_is_logged(world, words):
    ref = world.lead(owner="ann", name="郑欣怡", firm="Lotus")
    told(world, f"lead {ref}")
    answer = told(world, words.format(ref=ref, n=f"{number(ref):04d}"))
    assert "Logged" in answer
    assert ref in answer
    assert logged(world) == 1


@pytest.mark.parametrize("words", ["called, no answer", "打了电话没人接"])
def test_a_bare_sentence_about_nobody_asks_which_lead(world, words):
    ref = world.lead(owner="ann")
    answer = told(world, words)
    assert "Which lead?" in answer
    assert ref in answer
    assert logged(world) == 0


@pytest.mark.parametrize(
    "words",
    [
        "relase {ref} price too high",
        "跟近 {ref} 没接",
        "who called",
        "unsubscribe",
        "微信",
        "meeting",
        "3 calls, no answer",
        "how do I log a call",
        "I want to talk to a human",
        "do not contact again",
    ],
)
def test_a_mistyped_word_a_search_and_a_question_are_no_follow_up(world, words):
    ref = world.lead(owner="ann")
    told(world, f"lead {ref}")
    told(world, words.format(ref=ref))
    assert logged(world) == 0
