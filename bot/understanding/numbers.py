"""Numbers as people write them: 3, three, a couple of, 三, 两, 十五, 二十."""

_ENGLISH = {
    "a": 1, "an": 1, "one": 1, "another": 1, "two": 2, "a couple of": 2, "a couple": 2, "couple of": 2, "three": 3,
    "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
    "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "forty-five": 45, "forty five": 45, "sixty": 60,
    "ninety": 90,
}  # fmt: skip
_DIGITS = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "俩": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_TENS = {"十": 10, "百": 100, "千": 1000}

ENGLISH = r"(?:\d{1,4}(?:\.\d{1,2})?|" + "|".join(sorted(_ENGLISH, key=len, reverse=True)).replace(" ", r"\s+") + ")"
CHINESE = "(?:[0-9]{1,4}(?:\\.[0-9]{1,2})?|[零〇一二两俩三四五六七八九十百千]{1,7})"


def english(words: str) -> float:
    """The value of what `ENGLISH` matched."""
    known = _ENGLISH.get(" ".join(words.lower().split()))
    return float(words) if known is None else float(known)


def chinese(words: str) -> float:
    """The value of what `CHINESE` matched: digits, or numerals up to 千."""
    if words[0].isascii():
        return float(words)
    total, digit = 0, 0
    for char in words:
        if char in _DIGITS:
            digit = _DIGITS[char]
        else:
            total += (digit or 1) * _TENS[char]
            digit = 0
    return float(total + digit)
