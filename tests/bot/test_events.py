"""Events from the chat: made by one line in either language, shown, changed, closed, and refused with what to type."""

from __future__ import annotations

import io
import zlib
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.cards import codes
from bot.cards.model import Card, Image
from bot.understanding.events import understood
from tests.bot.cards.scene import Scene, Shown
from tests.build import NOW

HERE = ZoneInfo("Asia/Shanghai")
UP = 2  # a row of a PNG that is told as what differs from the one above
EXPO = "event new Spring Expo, Hall 3, Saturday 2pm"


@pytest.fixture
def scene(database, time):
    return Scene(database, time)


def told(scene: Scene, who: str, words: str) -> str:
    return drawn(scene, scene.say(who, words)).plain()


def drawn(scene: Scene, shown: Shown) -> Card:
    card = scene.draw(shown)
    assert isinstance(card, Card)
    return card


@pytest.mark.parametrize(
    ("locale", "words", "name", "place", "at", "helpers"),
    [
        ("en", "Spring Expo, Hall 3, Saturday 2pm, @Ann Li @Bob", "Spring Expo", "Hall 3", (7, 14), ("Ann Li", "Bob")),
        ("en", "Expo, Room 5, 12 High Street, 2026-03-20 09:00", "Expo", "Room 5, 12 High Street", (20, 9), ()),
        ("en", "Expo, Hall 3, March 15, 2pm", "Expo", "Hall 3", (15, 14), ()),
        ("en", "Open day tomorrow 2pm", "Open day", None, (5, 14), ()),
        ("en", "Expo, tomorrow, 2pm", "Expo", None, (5, 14), ()),
        ("zh", "春季发布会，三号馆，周六下午2点，@李娜 @陈波", "春季发布会", "三号馆", (7, 14), ("李娜", "陈波")),
        ("zh", "春季发布会，会展中心3号馆，3月20日下午2点开始", "春季发布会", "会展中心3号馆", (20, 14), ()),
        ("zh", "发布会明天下午2点", "发布会", None, (5, 14), ()),
    ],
)  # fmt: skip
def test_name_place_and_time_are_read_as_people_write_them(locale, words, name, place, at, helpers):
    said = understood(words, now=NOW, tz=HERE, locale=locale)
    assert (said.name, said.place, said.helpers) == (name, place, helpers)
    assert said.starts_at == datetime(2026, 3, at[0], at[1], tzinfo=HERE)


def test_an_end_may_be_said_and_a_place_alone_changes_no_time():
    said = understood("Expo, until Friday 6pm", now=NOW, tz=HERE, locale="en")
    assert (said.starts_at, said.ends_at) == (None, datetime(2026, 3, 6, 18, tzinfo=HERE))
    said = understood("Expo, Hall 5", now=NOW, tz=HERE, locale="en")
    assert (said.place, said.starts_at) == ("Hall 5", None)


def test_one_line_gives_the_form_its_code_the_door_and_an_address_for_each_helper(scene):
    card = drawn(scene, scene.say("mia", f"{EXPO}, @Ann Li @North"))
    said = card.plain()
    assert "Spring Expo" in said
    assert "Hall 3" in said
    assert "Sat, Mar 7 14:00" in said
    form = address(said, "Form: ")
    assert f"Ann Li: {form}?h=" in said
    assert f"Bob Chen: {form}?h=" in said
    assert f"Mia Manager: {form}?h=" in said
    assert "/e/" in address(said, "Sign-in: ")
    [picture] = [block for block in card.blocks if isinstance(block, Image)]
    assert picture.png == codes.png(form)


def address(said: str, label: str) -> str:
    return said.partition(label)[2].split()[0]


def test_the_code_on_the_card_has_the_modules_of_its_address():
    """Read from the picture's own pixels: each module is dark or light as the standard's matrix of that address."""
    address = "https://crm.example.com/f/spring-expo-abc234"
    width, pixels = dark_pixels(codes.png(address))
    matrix = [[bool(module) for module in row] for row in codes.code(address).matrix_iter(border=codes.QUIET)]
    size = width // len(matrix)
    assert [[pixels[y * size + 1][x * size + 1] for x in range(len(matrix))] for y in range(len(matrix))] == matrix


def dark_pixels(png: bytes) -> tuple[int, list[list[bool]]]:
    """Which pixels of a black and white PNG are dark."""
    raw = io.BytesIO(png[8:])
    width, body = 0, b""
    for name, data in chunks(raw):
        width = int.from_bytes(data[:4], "big") if name == b"IHDR" else width
        body += data if name == b"IDAT" else b""
    row = (width + 7) // 8 + 1
    rows = zlib.decompress(body)
    line, lines = bytes(row - 1), []
    for start in range(0, len(rows), row):
        above = line if rows[start] == UP else bytes(row - 1)
        line = bytes((one + other) % 256 for one, other in zip(rows[start + 1 : start + row], above, strict=True))
        lines.append(line)
    return width, [[not line[x // 8] >> (7 - x % 8) & 1 for x in range(width)] for line in lines]


def chunks(raw: io.BytesIO) -> list[tuple[bytes, bytes]]:
    found = []
    while head := raw.read(8):
        found.append((head[4:], raw.read(int.from_bytes(head[:4], "big"))))
        raw.read(4)
    return found


REFUSED = (
    ("event new", "event new Spring Expo, Hall 3, Saturday 2pm"),
    ("event new , , tomorrow", "event new Spring Expo, Hall 3, Saturday 2pm"),
    ("event new Expo", "I cannot read when it begins"),
    ("event new Expo, Hall 3, soon", "I cannot read when it begins"),
    ("event new Expo, Hall 3, yesterday 2pm", "That time is past"),
    (f"{EXPO}, @Nobody", "I know no colleague"),
    ("event nothing", "I know no event “nothing”"),
    ("event close nothing", "Type events"),
    ("event change Spring Expo", "event change Spring Expo, Hall 5"),
    ("event link Spring Expo", "event link Spring Expo, @Ann @Bob"),
    ("form", "form website fields"),
    ("form nothing", "There is no source “nothing”"),
    ("form web fields", "A form has no field"),
    ("form web fields name, shoe size", "A form has no field “shoe size”"),
    ("form web fields name", "nobody could be reached"),
    ("form web embed javascript:alert(1)", "I cannot read"),
    ("form web embed https://a.example:x", "I cannot read"),
)


def test_what_cannot_be_done_says_what_to_type(scene):
    said = {words: told(scene, "mia", words) for words, _wanted in REFUSED}
    assert [(words, said[words]) for words, wanted in REFUSED if wanted not in said[words]] == []


def test_reps_neither_make_events_nor_change_forms(scene):
    scene.say("mia", "event new x, y, Saturday 2pm")
    for words in (EXPO, "event close x", "event change x, z", "event link x, @Ann", "form web"):
        assert "Only marketing, managers and admins" in told(scene, "ann", words)


def test_marketing_makes_events(scene):
    scene.write("update member set role = 'marketing' where org_id = :o and name = 'Bob Chen'")
    assert "The pages are open" in told(scene, "bob", EXPO)


def test_a_name_is_taken_once_until_its_event_is_closed(scene):
    scene.say("mia", EXPO)
    assert "is open already" in told(scene, "mia", EXPO.replace("Spring Expo", "ｓｐｒｉｎｇ expo"))
    scene.say("mia", "event close spring")
    assert "The pages are open" in told(scene, "mia", EXPO)
    scene.say("mia", "event close Spring Expo")
    scene.say("mia", EXPO)
    closed = next(row.buttons[0].value for row in rows(scene) if "closed" in row.detail)
    assert "is open already" in drawn(scene, scene.tap("mia", "event.open", closed)).plain()


def rows(scene: Scene):
    return [block for block in drawn(scene, scene.say("mia", "events")).blocks if hasattr(block, "detail")]


def test_place_and_time_change_and_the_addresses_stay(scene):
    before = told(scene, "mia", f"{EXPO}, @Ann")
    after = told(scene, "mia", "event change spring expo, Hall 5, Sunday 10am")
    assert "Hall 5" in after
    assert "Sun, Mar 8 10:00" in after
    assert address(before, "Form: ") == address(after, "Form: ")
    assert "Hall 5" in told(scene, "mia", "event change spring expo, until Monday 6pm")
    assert "past" in told(scene, "mia", "event change spring expo, until Sunday 9am")


def test_more_helpers_get_addresses_and_those_who_have_one_keep_it(scene):
    before = told(scene, "mia", f"{EXPO}, @Ann")
    after = told(scene, "mia", "event link spring expo, @Ann @Cyd")
    assert address(before, "Ann Li: ") == address(after, "Ann Li: ")
    assert "Cyd 王: http" in after


def test_materials_are_addresses_and_nothing_else_from_words(scene):
    scene.say("mia", EXPO)
    assert "Material: Brochure" in told(
        scene, "mia", "event material Spring Expo, Brochure https://www.example.com/brochure"
    )
    assert "Send a file" in told(scene, "mia", "event material Spring Expo, javascript:alert(1)")


def test_an_event_speaks_chinese(scene):
    scene.speak("zh")
    said = told(scene, "mia", "活动 新建 春季发布会，三号馆，周六下午2点，@Ann Li")
    assert "签到页: http" in said
    assert "报名0" in told(scene, "mia", "活动列表")
    assert "三号馆" in told(scene, "mia", "活动 春季发布会")
    assert "已关闭" in told(scene, "mia", "活动 关闭 春季")


def test_hostile_names_are_only_names(scene):
    said = told(scene, "mia", "event new <script>alert(1)</script> {organization} %s, <b>, Saturday 2pm")
    assert "<script>alert(1)</script> {organization} %s" in said
