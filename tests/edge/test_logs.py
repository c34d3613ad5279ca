"""A fault's trace is logged without the values of its variables: they hold tokens and personal data."""

import json
import logging

import pytest
import structlog

from app import logs
from app.settings import Settings


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_trace_shows_no_variables(
    form: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = structlog.get_config()
    handlers = logging.getLogger().handlers[:]
    try:
        logs.configure(Settings(log_format=form, log_level="info"))
        token = "anju_very-secret"
        try:
            raise LookupError("no such row")
        except LookupError as error:
            assert token
            structlog.get_logger("test").error("request failed", request_id="request-0001", exc_info=error)
    finally:
        structlog.configure(**before)
        logging.getLogger().handlers[:] = handlers
    told = capsys.readouterr().err
    assert "LookupError" in told
    assert "request-0001" in told
    assert "very-secret" not in told
    if form == "json":
        assert json.loads(told.splitlines()[-1])["event"] == "request failed"
