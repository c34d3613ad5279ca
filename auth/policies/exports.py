"""An export shows what its asker sees: nobody else sees it."""

from typing import Any

from sqlalchemy import ColumnElement

from auth.visibility import Scope, policy, whole_county
from domain.roles import IN_THE_COUNTY, Role
from models.exports import ListExport


def _own(export: Any, scope: Scope) -> ColumnElement[bool]:
    return export.requested_by == scope.any("accounts")  # type: ignore[no-any-return]


policy(
    ListExport,
    {**dict.fromkeys(IN_THE_COUNTY, _own), Role.SYSTEM: whole_county},
)
