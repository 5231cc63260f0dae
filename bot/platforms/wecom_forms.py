"""A form where there are no dialogs: what to type, said in one message with an example."""

from __future__ import annotations

from bot.cards import fit
from bot.cards.model import Form, Input
from bot.platforms.wecom_body import TEXT_BYTES
from bot.platforms.wecom_text import inert, line, within


def asked(form: Form) -> tuple[Input, ...]:
    """What a person has to answer, in order."""
    return tuple(each for each in form.inputs if each.kind != "hidden")


def prompt(form: Form) -> str:
    """Words for the form, within a text message."""
    inputs = asked(form)
    lines = [line(form.title, 120), *[_described(each) for each in inputs]]
    return within(lines, TEXT_BYTES, [_how(len(inputs)), "⌨ " + "; ".join(_example(each) for each in inputs)])


def _described(asked: Input) -> str:
    options = " / ".join(line(option.label, 20) for option in asked.options[:12])
    notes = [each for each in (options, line(asked.hint, 80)) if each]
    mark = "◦" if asked.optional else "•"
    return f"{mark} {line(asked.label, 60)}" + (f" ({', '.join(notes)})" if notes else "")


def _how(count: int) -> str:
    return (
        "Reply with one line." if count < 2 else "Reply with one line, the answers in this order with ; between them."
    )


def _example(asked: Input) -> str:
    by_kind = {"number": "100", "date": "2026-03-01", "time": "15:00", "datetime": "2026-03-01 15:00", "member": "@Ann"}
    if asked.options:
        return line(asked.options[0].label, 20)
    return fit.cut(inert(asked.value), 40) or by_kind.get(asked.kind) or line(asked.hint or asked.label, 40)
