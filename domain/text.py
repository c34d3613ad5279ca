"""Texts that sort and compare as people expect, on a database that orders by bytes (``COLLATE "C"``, DESIGN §2)."""

import re
import unicodedata
from functools import lru_cache

_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_NUMERAL = re.compile(f"[{''.join(_DIGITS)}{''.join(_UNITS)}]+")
# A hyphen after a digit or a letter separates (3-5-502); elsewhere it is a minus (3幢-1层).
# One point makes a fraction (1.5层, a mezzanine), several do not (3.5.2).
_NUMBER = re.compile(
    r"(?P<below>负|地下|b(?=[0-9]+(?:层|f))|(?<![0-9a-z])-)?"
    r"(?:(?<!\.)(?P<whole>[0-9]+)\.(?P<fraction>[0-9]+)(?![0-9.])|(?P<digits>[0-9]+))"
)


def folded(text: str) -> str:
    """Full-width forms, case and runs of blanks made alike (NFKC).

    >>> folded("A座  10號")
    'a座 10號'
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def natural_key(text: str) -> str:
    """A text to sort by in C collation: numbers by value, storeys below ground before those above.

    Understands full-width digits, Chinese numerals (十二单元), 负一层, 地下1层, B1层, -1层 as negative numbers, and one
    decimal point.

    >>> sorted(["10幢", "9幢", "负1层", "2层", "-2层", "1.5层", "1层", "-1.5层"], key=natural_key)
    ['-2层', '-1.5层', '负1层', '1层', '1.5层', '2层', '9幢', '10幢']
    """
    plain = _NUMERAL.sub(lambda match: _arabic(match.group()), folded(text))
    parts: list[str] = []
    position = 0
    for match in _NUMBER.finditer(plain):
        number = _sortable(match["whole"] or match["digits"], match["fraction"] or "", below=bool(match["below"]))
        parts += [plain[position : match.start()], number]
        position = match.end()
    return "\x1f".join(part for part in [*parts, plain[position:]] if part)


def pinyin_key(text: str) -> str:
    """A text to sort Chinese names by: pinyin syllable by syllable, then tone, numbers by value.

    >>> sorted(["钟山", "高台", "安居10期", "安居9期"], key=pinyin_key)
    ['安居9期', '安居10期', '高台', '钟山']
    """
    # Imported here: its dictionaries take a third of the start of a server that may never sort a name.
    from pypinyin import Style, lazy_pinyin

    toneless = "".join(f"{part.strip()} " for part in lazy_pinyin(folded(text), style=Style.NORMAL))
    toned = " ".join(lazy_pinyin(folded(text), style=Style.TONE3, neutral_tone_with_five=True))
    return f"{natural_key(toneless)}\x1e{toned}"


def name_key(name: str) -> str:
    """A person's name to sort by, like ``pinyin_key`` but character by character: a register has a hundred thousand.

    >>> sorted(["钱二", "赵一", "钱八"], key=name_key)
    ['钱八', '钱二', '赵一']
    """
    plain = folded(name)
    if not plain.isalpha() or any(character.isascii() for character in plain):
        return pinyin_key(name)
    syllables = [_syllable(character) for character in plain]
    toneless, toned = (" ".join(parts) for parts in zip(*syllables, strict=True))
    return f"{toneless}\x1e{toned}"


@lru_cache(maxsize=10_000)
def _syllable(character: str) -> tuple[str, str]:
    toneless, _separator, toned = pinyin_key(character).partition("\x1e")
    return toneless, toned


def _sortable(digits: str, fraction: str, below: bool) -> str:
    """Digits behind their count; a negative number stands before every other, and its digits are complemented.

    The end of a number sorts before a digit that could follow (1 before 1.5), of a negative one behind it (-1.5 before -1).
    """
    digits, fraction = digits.lstrip("0") or "0", fraction.rstrip("0")
    count = min(len(digits), 99)
    if below and (digits != "0" or fraction):
        return f"0{99 - count:02d}" + "".join(str(9 - int(digit)) for digit in digits + fraction) + "~"
    return f"1{count:02d}{digits}" + (f".{fraction}" if fraction else "")


def _arabic(numeral: str) -> str:
    """A Chinese numeral in Arabic digits: 二十三 is 23, 二〇二 is 202; a unit alone but 十 stays as it is."""
    if not set(numeral) & set(_UNITS):
        return "".join(str(_DIGITS[character]) for character in numeral)
    if numeral in ("百", "千"):
        return numeral
    value, digit = 0, None
    for character in numeral:
        if character in _UNITS:
            value += (1 if digit is None else digit) * _UNITS[character]
            digit = None
        else:
            digit = _DIGITS[character]
    return str(value + (digit or 0))
