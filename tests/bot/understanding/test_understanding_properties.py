"""What holds for any text at any moment in any zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bot.understanding.contact import find_contact
from bot.understanding.paste import split_rows
from bot.understanding.sentence import understand
from bot.understanding.when import find_moments
from tests.bot.understanding.corpus import NOW, TZ, read_corpus

# Zones with odd offsets, half-hour clock changes, changes at midnight and a skipped day.
ZONES = [
    ZoneInfo(name)
    for name in [
        "UTC",
        "Asia/Shanghai",
        "America/New_York",
        "Europe/London",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "America/Santiago",
        "Pacific/Apia",
        "Africa/Cairo",
    ]
]
WORDS = """
call back tomorrow today tonight next last fri friday week month year end of in at on the by 3 5th 29 31 12 0 00 24 9:30
2:30am 1:30 3pm half an hour hours days +1h ago later soon march 2 feb 30 12/31 2026-02-30 noon EOD , . - $ 50k not L-12
明天 后天 上个月 下 周 五 月底 号 点 半 3 31 日 小时 后 前 过 三 十 晚上 12 凌晨 年底 中秋节 正月十五 万 没 接 要 报价
13800138000
""".split()  # noqa: SIM905 - as a list they would fill a hundred lines
moments = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from(ZONES)
phrases = st.lists(st.sampled_from(WORDS), max_size=12).flatmap(
    lambda words: st.sampled_from(["", " "]).map(lambda glue: glue.join(words))
)
texts = st.one_of(st.text(max_size=60), phrases)
sentences = st.sampled_from([row["text"] for language in ("en", "zh") for row in read_corpus(language)])


@given(text=texts, now=moments, tz=zones, locale=st.sampled_from(["en", "en_GB", "zh_CN", ""]))
def test_a_moment_lies_ahead_unless_it_is_called_past_and_its_span_within_the_text(text, now, tz, locale):
    found = find_moments(text, now=now, tz=tz, locale=locale)
    assert all((when.at <= now) == when.past for when in found)
    assert all(when.at.tzinfo is UTC for when in found)
    assert all(0 <= when.span[0] < when.span[1] <= len(text) for when in found)


@given(wall=st.times(), now=moments, tz=zones)
def test_a_bare_time_is_the_next_one_on_the_wall(wall, now, tz):
    (when,) = find_moments(f"at {wall:%H:%M} sharp", now=now, tz=tz, locale="en")
    assert now < when.at <= now + timedelta(hours=50)  # Samoa once skipped a whole day
    shown = when.at.astimezone(tz)
    on_the_clock = shown.replace(hour=wall.hour, minute=wall.minute).astimezone(UTC).astimezone(tz)  # 2:30 may be 3:30
    assert (shown.hour, shown.minute) == (on_the_clock.hour, on_the_clock.minute)


@given(text=st.one_of(texts, sentences), now=moments, tz=zones)
def test_a_sentence_never_promises_the_past_and_keeps_every_word(text, now, tz):
    said = understand(text, now=now, tz=tz, locale="en")
    assert said.note == text.strip()
    assert said.next_at is None or said.next_at.at > now
    assert said.amount is None or said.amount > 0


@given(text=sentences, now=moments, tz=zones)
def test_full_width_typing_changes_nothing(text, now, tz):
    wide = text.translate({code: code + 0xFEE0 for code in range(0x30, 0x3A)})
    plain, typed = (understand(line, now=now, tz=tz, locale="en") for line in (text, wide))
    assert (plain.outcome, plain.amount, plain.next_at) == (typed.outcome, typed.amount, typed.next_at)


@given(text=st.one_of(texts, st.text(alphabet="张三王 ,;\t:@.13800公司AnnLtdwx-()+", max_size=60)))
def test_a_contact_comes_out_of_any_text(text):
    found = find_contact(text)
    assert all(phone.startswith("+") and phone[1:].isdigit() for phone in found.phones)
    assert all(email == email.lower() and "@" in email for email in found.emails)
    assert found.error is not None or found.has_key or found.name or found.company


@given(lines=st.lists(texts.filter(lambda text: len(text.splitlines()) == 1 and text.strip()), min_size=1, max_size=60))
def test_no_pasted_line_is_swallowed_save_one_header(lines):
    rows = split_rows("\n".join(lines))
    assert len(lines) - 1 <= len(rows) <= len(lines)


def test_the_corpus_is_written_for_its_own_moment():
    assert NOW.astimezone(TZ).strftime("%A %H:%M") == "Wednesday 10:20"
