"""Grams for Chinese keyword search by equality (DESIGN §2).

A text is found by a keyword when it holds all of the keyword's grams. For two characters that is exact; for longer
keywords a text may hold the pairs apart from each other, which readers of Chinese names hardly ever meet.
"""

import unicodedata
from collections.abc import Iterator

LONGEST_KEYWORD = 40


def grams(*texts: str | None) -> frozenset[str]:
    """Every character and every pair of neighbours of the texts, folded; blanks and punctuation separate words.

    >>> sorted(grams("柳泉花园"))
    ['园', '柳', '柳泉', '泉', '泉花', '花', '花园']
    """
    found: set[str] = set()
    for text in texts:
        for word in _words(text or ""):
            found.update(word)
            found.update(_pairs(word))
    return frozenset(found)


def name_grams(*texts: str | None) -> frozenset[str]:
    """As ``grams``, without single characters: there are too many people to look for one by a single character.

    >>> sorted(name_grams("王小明"))
    ['小明', '王小']
    """
    return frozenset(pair for text in texts for word in _words(text or "") for pair in _pairs(word))


def keyword_grams(keyword: str) -> tuple[str, ...]:
    """The grams that a match must all have: the pairs of each word, or the character of a one-character word.

    >>> keyword_grams("柳泉 A")
    ('柳泉', 'a')
    """
    wanted: dict[str, None] = {}
    for word in _words(keyword[:LONGEST_KEYWORD]):
        wanted.update(dict.fromkeys(_pairs(word) if len(word) > 1 else (word,)))
    return tuple(wanted)


def _pairs(word: str) -> Iterator[str]:
    return (word[place : place + 2] for place in range(len(word) - 1))


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character if character.isalnum() else " " for character in folded).split()
