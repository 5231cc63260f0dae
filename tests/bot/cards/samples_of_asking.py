"""Samples of the cards about questions to colleagues, shown leads, files, and follow-ups that are put right."""

from __future__ import annotations

from sqlalchemy import text

from bot.interaction import File
from crm.services import attachments
from tests.bot.cards.samples import sample
from tests.bot.cards.scene import Scene, Shown

PNG = b"\x89PNG\r\n\x1a\n and so on"
CHAT = "[03/03/2026, 14:05] Ann Li: hello\n[03/03/2026, 14:06] Lu Wei: send me a quote please"


def asked(scene: Scene) -> str:
    """Ann asks Bob; the lead's reference."""
    ref = scene.lead(owner="ann", name="Lu Wei", firm="Lucky Tea")
    scene.say("ann", f"ask {ref} @Bob can we give them 5%? by Friday 15:00")
    return ref


def sent(scene: Scene, name: str = "card.png") -> str:
    """Ann sends a picture with a lead's reference, and it is fetched; the lead's reference."""
    ref = scene.lead(owner="ann", name="Lu Wei", firm="Lucky Tea")
    scene.say("ann", f"{ref} met at the fair", kind="file", files=(File(name, "image/png", 20, {"file": 1}),))
    return ref


def newest(scene: Scene, table: str) -> int:
    with scene.uow() as uow:
        found = text(f"select max(id) from {table} where org_id = :o")
        return int(uow.session.scalar(found, {"o": uow.org_id}))


def kept(scene: Scene) -> int:
    """The file that was sent last has arrived; its number."""
    number = newest(scene, "attachment")
    with scene.uow() as uow:
        attachments.keep(uow, number, PNG)
    return number


@sample("question")
def question(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann", name="Lu Wei", firm="Lucky Tea")
    return scene.say("ann", f"ask {ref} @Bob can we give them 5%? by Friday 15:00")


@sample("question-asked")
def question_asked(scene: Scene) -> Shown:
    asked(scene)
    return scene.owed("question.asked")


@sample("question-late")
def question_late(scene: Scene) -> Shown:
    asked(scene)
    scene.falls_due(days=3)
    return scene.owed("question.due")


@sample("question-answered")
def question_answered(scene: Scene) -> Shown:
    asked(scene)
    scene.say("bob", "answer A-1 yes, until June")
    return scene.owed("question.answered")


@sample("question-declined")
def question_declined(scene: Scene) -> Shown:
    asked(scene)
    scene.tap("bob", "question.decline", "A-1")
    return scene.owed("question.answered")


@sample("question-done")
def question_done(scene: Scene) -> Shown:
    asked(scene)
    return scene.tap("ann", "question.done", "A-1")


@sample("questions")
def questions(scene: Scene) -> Shown:
    asked(scene)
    return scene.say("bob", "questions")


@sample("questions-none")
def questions_none(scene: Scene) -> Shown:
    return scene.say("bob", "questions")


@sample("ask_form")
def ask_form(scene: Scene) -> Shown:
    return scene.tap("ann", "lead.ask", scene.lead(owner="ann"))


@sample("answer_form")
def answer_form(scene: Scene) -> Shown:
    asked(scene)
    return scene.tap("bob", "question.answer", "A-1")


@sample("share_form")
def share_form(scene: Scene) -> Shown:
    return scene.tap("ann", "lead.share", scene.lead(owner="ann"))


@sample("shared")
def shared(scene: Scene) -> Shown:
    return scene.say("ann", f"share {scene.lead(owner='ann', name='Lu Wei')} @Bob have a look")


@sample("lead_shared")
def lead_shared(scene: Scene) -> Shown:
    scene.say("ann", f"share {scene.lead(owner='ann', name='Lu Wei')} @Mia have a look")
    return scene.owed("lead.shared")


@sample("lead_shared-no_right")
def lead_shared_no_right(scene: Scene) -> Shown:
    scene.say("ann", f"share {scene.lead(owner='ann', name='Lu Wei')} @Bob have a look")
    return scene.owed("lead.shared")


@sample("file")
def file(scene: Scene) -> Shown:
    sent(scene)
    return scene.tap("ann", "file.open", str(kept(scene)))


@sample("file-gone")
def file_gone(scene: Scene) -> Shown:
    sent(scene)
    return scene.shown("bob", "file", file=kept(scene), lead=0, address=None)


@sample("file_refused")
def file_refused(scene: Scene) -> Shown:
    sent(scene)
    with scene.uow() as uow:
        attachments.keep(uow, newest(scene, "attachment"), b"MZ")
    return scene.owed("file.refused")


@sample("file_refused-unreachable")
def file_refused_unreachable(scene: Scene) -> Shown:
    sent(scene)
    with scene.uow() as uow:
        attachments.refuse(uow, newest(scene, "attachment"), "unreachable")
    return scene.owed("file.refused")


@sample("pick-file")
def pick_file(scene: Scene) -> Shown:
    scene.lead(owner="ann", name="Lu Wei")
    files = (File("card.png", "image/png", 20, {"file": 1}),)
    return scene.say("ann", "met at the fair", kind="file", files=files)


@sample("logged-excerpt")
def logged_excerpt(scene: Scene) -> Shown:
    scene.lead(owner="ann", name="Lu Wei")
    return scene.say("ann", CHAT)


@sample("logged-file")
def logged_file(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann", name="Lu Wei")
    return scene.say("ann", ref, kind="file", files=(File("card.png", "image/png", 20, {"file": 1}),))


@sample("fix")
def fix(scene: Scene) -> Shown:
    scene.say("ann", f"log {scene.lead(owner='ann', name='Lu Wei')} called, wants a quote")
    return scene.tap("ann", "log.fix", f"{newest(scene, 'activity')} outcome")


@sample("fix-channel")
def fix_channel(scene: Scene) -> Shown:
    scene.say("ann", f"log {scene.lead(owner='ann', name='Lu Wei')} called, wants a quote")
    return scene.tap("ann", "log.fix", f"{newest(scene, 'activity')} channel")


@sample("fix-next")
def fix_next(scene: Scene) -> Shown:
    scene.say("ann", f"log {scene.lead(owner='ann', name='Lu Wei')} called, call back tomorrow 3pm")
    return scene.tap("ann", "log.fix", f"{newest(scene, 'activity')} next")


@sample("fix-stage")
def fix_stage(scene: Scene) -> Shown:
    scene.say("ann", f"log {scene.lead(owner='ann', name='Lu Wei')} called, sent the quote")
    return scene.tap("ann", "log.fix", f"{newest(scene, 'activity')} stage")


@sample("fix-amount")
def fix_amount(scene: Scene) -> Shown:
    scene.say("ann", f"log {scene.lead(owner='ann', name='Lu Wei')} called, sent the quote, $12,000")
    return scene.tap("ann", "log.fix", f"{newest(scene, 'activity')} amount")


@sample("other_lead")
def other_lead(scene: Scene) -> Shown:
    scene.lead(owner="ann", name="Zoe")
    scene.say("ann", f"log {scene.lead(owner='ann', name='Lu Wei')} called, wants a quote")
    return scene.tap("ann", "log.elsewhere", str(newest(scene, "activity")))


@sample("story")
def story(scene: Scene) -> Shown:
    ref = asked(scene)
    scene.say("ann", f"log {ref} called, wants a quote, call back tomorrow 3pm")
    scene.say("ann", f"stage {ref} quote")
    return scene.tap("ann", "lead.history", ref)
