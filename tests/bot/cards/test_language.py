"""What is said to people is said in Chinese too, with the same figures, and what it tells them to type works.

After a change of words:
`pybabel extract -F bot/cards/locale/babel.cfg -k _ --no-location --sort-output -o /tmp/texts.pot . && pybabel update
-l zh -i /tmp/texts.pot -d bot/cards/locale --no-fuzzy-matching --ignore-obsolete`.
"""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from bot import router
from bot.cards import coded
from bot.cards.language import FOLDER, LOCALES, supported, translate
from bot.cards.render import environment
from bot.understanding.sentence import understand
from bot.understanding.when import understand_when
from tests.bot.cards.samples import SAMPLES
from tests.bot.cards.samples_of_work import later_form, later_form_evening
from tests.bot.cards.scene import Scene

ROOT = Path(__file__).parents[3]
NOW, HERE = datetime(2026, 3, 4, 2, tzinfo=UTC), ZoneInfo("Asia/Shanghai")
SHOWN = re.compile(r'\b(?:title|label|text|detail|footer|alt|confirm|submit|hint)="([^"]*)"')
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")
OUTCOMES = (
    "connected", "no_answer", "interested", "not_interested", "wrong_number", "do_not_contact", "meeting_set",
    "quote_requested",
)  # fmt: skip
assert SAMPLES


def first(texts: object) -> str:
    """The text by which gettext finds a message; of singular and plural the singular."""
    return str(texts[0] if isinstance(texts, list | tuple) else texts)


def last(texts: object) -> str:
    """Of singular and plural the plural, which names the figure."""
    return str(texts[-1] if isinstance(texts, list | tuple) else texts)


@pytest.fixture(scope="module")
def said() -> dict[str, str]:
    """Every marked text of the code and the templates."""
    with (FOLDER / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2)}
    found = extract_from_dir(ROOT, methods, options, keywords=keywords)
    return {first(texts): last(texts) for _file, _line, texts, _comments, _context in found}


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    with (FOLDER / "zh/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale="zh", abort_invalid=True)


@pytest.fixture(scope="module")
def translated(chinese) -> dict[str, str]:
    return {first(each.id): first(each.string) for each in chinese if each.id}


def test_every_text_has_a_translation_and_every_translation_a_text(said, translated):
    assert set(translated) == set(said)


def test_no_translation_is_empty_or_a_guess(chinese):
    assert [each.id for each in chinese if each.id and (each.fuzzy or not first(each.string).strip())] == []


def test_no_translation_is_the_english_itself(translated):
    assert [text for text, chinese in translated.items() if text == chinese] == []


def test_translations_name_the_same_figures(said, translated):
    wrong = {text: translated[text] for text, full in said.items() if figures(full) != figures(translated[text])}
    assert wrong == {}


def test_translations_need_no_escaping(translated):
    assert [text for text in translated.values() if re.search(r"[<>&]", text)] == []


def figures(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


def loose_words(path: Path) -> list[str]:
    """What a template shows that no translation takes the place of."""
    raw = "".join("" if kind != "data" else text for _line, kind, text in environment("en").lex(path.read_text()))
    loose = [re.sub(r"<[^<>]*>", " ", raw), *SHOWN.findall(raw)]
    return [text for text in loose if re.search(r"[A-Za-z\u4e00-\u9fff]", text)]


def test_templates_say_nothing_that_is_not_marked():
    templates = sorted((ROOT / "bot/cards/templates").glob("*.j2"))
    assert len(templates) > 100
    assert {path.name: loose for path in templates if (loose := loose_words(path))} == {}


def unmarked(path: Path) -> list[str]:
    """Calls that say a constant as it stands in the code."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    says = [call for call in calls if getattr(call.func, "attr", "") == "say" and call.args]
    return [ast.unparse(call) for call in says if isinstance(call.args[0], ast.Constant)]


def test_code_says_nothing_that_is_not_marked():
    files = sorted((ROOT / "bot").glob("**/*.py"))
    assert len(files) > 100
    assert {str(path.relative_to(ROOT)): said for path in files if (said := unmarked(path))} == {}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("form", [later_form, later_form_evening])
def test_every_time_that_a_form_offers_is_understood(form, locale, database, time):
    scene = Scene(database, time)
    scene.speak(locale)
    shown = form(scene)
    drawn = scene.draw(shown)
    chosen = [scene.tap("ann", drawn.action, drawn.value, when=each.value) for each in drawn.inputs[0].options]
    assert {each.reply.name for each in chosen} == {"reminder_set"}


@pytest.mark.parametrize("locale", LOCALES)
def test_every_time_in_a_hint_is_understood(locale):
    hint = translate(locale, "tomorrow 3pm, in 2 hours, Friday")
    times = [understand_when(each, now=NOW, tz=HERE, locale=locale) for each in re.split("[,、]", hint)]
    assert len(times) == 3
    assert all(each and not each.vague and not each.past for each in times)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("code", OUTCOMES)
def test_an_outcome_is_understood_in_the_words_that_cards_use(code, locale):
    shown = translate(locale, coded.OUTCOMES[code])
    assert understand(shown, now=NOW, tz=HERE, locale=locale).outcome == code


def test_the_example_of_a_follow_up_is_understood_in_both_languages():
    texts = [
        translate(each, "One sentence is enough: called, wants a quote, call back tomorrow 3pm") for each in LOCALES
    ]
    read = [understand(re.split("[:：]", text)[1], now=NOW, tz=HERE, locale="en") for text in texts]
    assert {(each.outcome, each.channel, each.next_at.at.hour) for each in read} == {("quote_requested", "call", 7)}


def test_what_a_chinese_text_says_to_type_is_a_command(translated):
    quoted = [word for text in translated.values() for word in re.findall("输入“([^”]+)”", text)]
    plain = [word for text in translated.values() for word in re.findall(r"输入：([^\s{]+)", text)]
    assert len(quoted) > 5
    assert [word for word in quoted + plain if router.match(word) is None] == []


@pytest.mark.parametrize(
    ("tag", "locale"),
    [("zh-CN", "zh"), ("zh_Hans", "zh"), ("ZH", "zh"), ("en-GB", "en"), ("fr", None), ("", None), (None, None)],
)
def test_a_language_tag_is_read_by_its_language(tag, locale):
    assert supported(tag) == locale
