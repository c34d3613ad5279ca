"""How reads of personal data, orders and requests stand to grants (the judgement behind their matrix)."""

from typing import Any

from auth.actor import Actor, Grant
from domain.roles import COMPANY, PARTNERS, RESIDENTS, Role
from models.data_requests import DataRequest
from models.people import Owner
from models.personal_data import LegalHold, PersonalDataRead

KNOWN = (DataRequest, LegalHold, PersonalDataRead)


def own(places: Any, actor: Actor, grant: Grant, row: Any) -> bool:
    """Whether a row is the grant's own."""
    if grant.role is Role.BUREAU:
        return True
    if isinstance(row, LegalHold):
        return False
    if isinstance(row, PersonalDataRead):
        owner = places.one(Owner, row.county, row.owner_id)
        accounts = {row.subject_account_id, owner.account_id if owner else None} - {None}
        return actor.account_id in accounts or (row.subject_id is None and grant.role in RESIDENTS)
    if grant.role in PARTNERS:
        return row.client_id is not None and row.client_id == actor.client_id
    mine = bool(row.applicant_id == actor.account_id)
    correction = row.kind == "CORRECTION"
    if grant.role is Role.COMMUNITY:
        return correction and row.community == grant.community
    if grant.role is Role.TOWNSHIP:
        return mine or (correction and row.township == grant.township)
    if grant.role in COMPANY:
        return correction and row.company_id is not None and row.company_id == grant.company_id
    return mine
