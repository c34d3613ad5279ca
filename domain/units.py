"""How units and buildings are called and sorted, and which area counts."""

from functools import lru_cache

from domain.estates import AreaBasis
from domain.text import natural_key

_key = lru_cache(maxsize=65_536)(natural_key)
"""Units repeat few building, entrance and room numbers; an import sorts a hundred thousand of them."""


def counted_area(
    registered: int | None, surveyed: int | None, contract: int | None
) -> tuple[int, AreaBasis] | tuple[None, None]:
    """The building area that counts and why: register, else survey, else contract (V-8). Areas in 0.01 m².

    >>> counted_area(None, 8_950, 9_000)
    (8950, <AreaBasis.SURVEYED: 'SURVEYED'>)
    """
    for area, basis in (
        (registered, AreaBasis.REGISTERED),
        (surveyed, AreaBasis.SURVEYED),
        (contract, AreaBasis.CONTRACT),
    ):
        if area is not None:
            return area, basis
    return None, None


def building_name(number: str) -> str:
    """How a building is called: its number with 幢, or the number itself where it is a name (地下车库).

    >>> building_name("3"), building_name("A2"), building_name("地下车库")
    ('3幢', 'A2幢', '地下车库')
    """
    return f"{number}幢" if number.isascii() else number


def unit_name(building: str, entrance: str, room: str) -> str:
    """How a unit is called inside its estate; ``building`` is the building's name.

    >>> unit_name("3幢", "2", "501"), unit_name("地下车库", "", "B1-077")
    ('3幢2单元501', '地下车库B1-077')
    """
    return f"{building}{entrance}单元{room}" if entrance else f"{building}{room}"


FLOOR_LIMIT = 200
"""No building has more floors, above or below ground."""


def unit_sort_key(building: str, entrance: str, floor: int, room: str) -> str:
    """Natural order of units inside an estate: building, entrance, floor from below, room.

    >>> unit_sort_key("9", "1", -1, "101") < unit_sort_key("9", "1", 2, "201") < unit_sort_key("10", "1", 1, "101")
    True
    """
    # The separator sorts before whatever a natural key holds, so 9 stands before 9A.
    return "\x1d".join((_key(building), _key(entrance), f"{floor + FLOOR_LIMIT:03}", _key(room)))
