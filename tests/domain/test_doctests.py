"""The examples in the docstrings of the domain are run, so that none of them lies."""

import doctest
import importlib
import pkgutil

import pytest

import domain

MODULES = [module.name for module in pkgutil.walk_packages(domain.__path__, "domain.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
