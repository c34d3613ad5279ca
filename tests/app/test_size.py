"""A module that outgrows its page is two subjects (DESIGN §1)."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("app", "auth", "domain", "models", "resolvers", "schema")
MOST_LINES = 450


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_outgrows_its_page(package: str) -> None:
    modules = list((ROOT / package).rglob("*.py"))
    assert modules
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules}
    assert not {name: length for name, length in lengths.items() if length > MOST_LINES}
