"""Sorting names and numbers on a database that compares bytes."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.text import folded, natural_key, pinyin_key
from domain.units import FLOOR_LIMIT, unit_sort_key


def in_c_collation(texts: list[str]) -> list[str]:
    return sorted(texts, key=lambda text: natural_key(text).encode())


@pytest.mark.parametrize(
    "ordered",
    [
        ["9幢", "10幢", "101幢"],
        ["9幢", "9幢2单元", "9幢10单元", "10幢"],
        ["地下3层", "负2层", "B1层", "1层", "2层", "10层"],
        ["-12", "-2", "-1", "0", "1", "12"],
        ["3幢-2层", "3幢-1层", "3幢1层", "12幢-1层"],
        ["3-2-502", "3-12-101", "12-1-101"],
        ["二单元", "3单元", "十二单元", "二十单元", "一百零三单元"],
        ["9幢", "10幢"],
        ["-2层", "-1.5层", "-1层", "-0.5层", "0层", "0.5层", "1层", "1.05层", "1.5层", "2层"],
        ["1", "1.5", "2", "10"],
        ["3.5.2", "3.5.10", "3.10.1"],
        ["A-1", "A-2", "A-10", "B-1"],
        ["二〇一九", "2020"],
    ],
)
def test_natural_order(ordered: list[str]) -> None:
    assert in_c_collation(ordered[::-1]) == ordered
    assert in_c_collation(ordered[1:] + ordered[:1]) == ordered


@pytest.mark.parametrize(
    ("left", "right"),
    [("９幢", "9幢"), ("a座", "A座"), ("十二单元", "12单元"), ("09幢", "9幢"), ("A  座", "Ａ 座"), ("负1层", "-1层")],
)
def test_other_ways_of_writing_the_same_sort_alike_up_to_their_words(left: str, right: str) -> None:
    assert natural_key(left) == natural_key(right)


@given(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12))
def test_numbers_sort_by_value(left: int, right: int) -> None:
    assert (natural_key(f"{left}层") < natural_key(f"{right}层")) is (left < right)


FLOORS = st.decimals(-200, 200, places=2)


@given(FLOORS, FLOORS, st.sampled_from(["-", "负", "地下"]))
def test_storeys_sort_by_value_between_floors_and_below_ground(left: Decimal, right: Decimal, below: str) -> None:
    """Mezzanines too (1.5层): written with or without zeros at the end, and below ground in any of its words."""

    def floor(value: Decimal) -> str:
        return f"{value}层".replace("-", below)

    keys = [natural_key(floor(value)).encode() for value in (left, right)]
    assert (keys[0] < keys[1]) is (left < right)
    assert (keys[0] == keys[1]) is (left == right)
    shortened = natural_key(floor(left.normalize() + 0) if left != left.to_integral() else floor(left))
    assert shortened.encode() == keys[0]


@given(st.integers(-FLOOR_LIMIT, FLOOR_LIMIT), st.integers(-FLOOR_LIMIT, FLOOR_LIMIT))
def test_units_stand_in_the_order_of_their_floors(left: int, right: int) -> None:
    keys = [unit_sort_key("9", "1", floor, "101").encode() for floor in (left, right)]
    assert (keys[0] < keys[1]) is (left < right)


@given(st.text())
def test_every_text_has_a_key_that_a_database_can_store(text: str) -> None:
    natural_key(text.replace("\ud800", "")).encode("utf-8", "surrogatepass")


def test_endless_digits_are_no_trouble() -> None:
    assert natural_key("1" * 10_000) < natural_key("2" * 10_000)


def test_chinese_names_sort_by_pinyin_tone_and_number() -> None:
    names = ["钟山", "高台", "双辽", "台前", "张店", "安居10期", "安居9期", "妈", "骂", "马", "麻"]
    assert sorted(names, key=lambda name: pinyin_key(name).encode()) == [
        "安居9期",
        "安居10期",
        "高台",
        "妈",
        "麻",
        "马",
        "骂",
        "双辽",
        "台前",
        "张店",
        "钟山",
    ]


def test_folding_makes_width_case_and_blanks_alike() -> None:
    assert folded(" Ａ座　 10 号 ") == "a座 10 号"
