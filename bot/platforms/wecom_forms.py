"""A form where there are no dialogs: what to type, said in one message with an example, and how the answer is read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.cards import fit
from bot.cards.language import _, translate
from bot.cards.model import Form, Input
from bot.platforms.wecom_body import TEXT_BYTES
from bot.platforms.wecom_text import inert, line, within
from bot.platforms.wecom_words import example_for, is_chinese, word_for

_SEPARATOR = re.compile(r"\s*[;；\n]\s*")
_EXAMPLES = {"number": "100", "date": "2026-03-01", "time": "15:00", "datetime": "2026-03-01 15:00"}
ONE = _("Reply with one line, such as:")
SEVERAL = _("Reply with one line, in this order with ; between, such as:")


def asked(form: Form) -> tuple[Input, ...]:
    """What the next typed line answers: the inputs that cannot stay empty, else the first that can be typed at all."""
    visible = [each for each in form.inputs if each.kind != "hidden"]
    needed = [each for each in visible if not each.optional and not (each.kind == "select" and each.value)]
    others = [each for each in visible if each.kind != "select"] or visible
    return tuple(needed or others[:1])


def prompt(form: Form) -> str:
    """Words for the form, within a text message, in the language of its labels."""
    inputs = asked(form)
    chinese = is_chinese("".join(each.label for each in inputs))
    lines = [line(form.title, 120), *[_described(each) for each in inputs]]
    how = translate("zh" if chinese else "en", ONE if len(inputs) < 2 else SEVERAL)
    return within(lines, TEXT_BYTES, [how, f"⌨ {_sample(form, inputs, chinese=chinese)}"])


def read(form: Form, text: str) -> dict[str, str]:
    """The answers in a typed line: all of it for one input, else by order; options by label, value or number."""
    inputs = asked(form)
    parts = _SEPARATOR.split(text.strip(), maxsplit=len(inputs) - 1) if len(inputs) > 1 else [text.strip()]
    typed = {each.name: _option(each, part) for each, part in zip(inputs, parts, strict=False)}
    return {each.name: each.value for each in form.inputs if each.value} | typed


def _option(asked: Input, typed: str) -> str:
    named = {name.casefold(): option.value for option in asked.options for name in (option.value, option.label)}
    numbered = {str(number): option.value for number, option in enumerate(asked.options, 1)}
    return {**numbered, **named}.get(typed.strip().casefold(), typed)


def _sample(form: Form, inputs: Sequence[Input], *, chinese: bool) -> str:
    """A line that works: as a command, which needs no memory of the question, where there is one."""
    answers = "; ".join(_example(each) for each in inputs)
    word = word_for(form.action, chinese=chinese)
    if form.value and word:
        return " ".join((word, inert(form.value), answers))
    return answers if form.value else example_for(form.action, chinese=chinese) or answers


def _described(asked: Input) -> str:
    options = " / ".join(f"{number} {line(each.label, 20)}" for number, each in enumerate(asked.options[:12], 1))
    notes = [each for each in (options, line(asked.hint, 80)) if each]
    return f"• {line(asked.label, 60)}" + (f" ({', '.join(notes)})" if notes else "")


def _example(asked: Input) -> str:
    if asked.options:
        return line(asked.options[0].label, 20)
    hint = re.split(r"[:：]\s*", asked.hint)[-1]
    return fit.cut(inert(asked.value), 40) or _EXAMPLES.get(asked.kind) or line(hint or asked.label, 60)
