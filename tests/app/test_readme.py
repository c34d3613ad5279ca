"""README's two commands are one shell line each, and the check calls the very one for tests."""

import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def first_block(section: str) -> str:
    text = (REPOSITORY / "README.md").read_text("utf-8")
    found = re.search(rf"^## {section}\n.*?^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


@pytest.mark.parametrize(("section", "ending"), [("Run", "anju serve --demo"), ("Test", "pytest")])
def test_a_section_begins_with_one_line_that_does_everything(section: str, ending: str) -> None:
    block = first_block(section)
    assert block.count("\n") == 1
    assert block.startswith("python3 -m venv .venv && ")
    assert "--require-hashes" in block
    assert ending in block.rsplit(" && ", 1)[1]


def test_the_check_calls_readmes_test_command() -> None:
    shown = subprocess.run(
        [REPOSITORY / ".ci/run", "--show"], capture_output=True, text=True, check=True, cwd=REPOSITORY
    ).stdout
    assert f"command: {first_block('Test')}" in shown


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt"])
def test_pinned_requirements_name_no_address(name: str) -> None:
    text = (REPOSITORY / name).read_text()
    assert not re.search(r"https?:|file:|--index|--extra-index|--find-links", text)
    packages = re.findall(r"^[A-Za-z0-9].*", text, re.MULTILINE)
    assert packages
    assert all("==" in line and line.endswith("\\") for line in packages)
