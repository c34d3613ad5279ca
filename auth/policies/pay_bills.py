"""Who sees payment services' bills and their differences: the company and the bureau, as its merchant number."""

from auth.policies.fees import OF_A_COMPANY
from auth.policies.places import of_own_company
from auth.visibility import policy, whole_county
from domain.roles import Role
from models.pay_bills import PayBill, PayDifference

for _model in (PayBill, PayDifference):
    policy(_model, {**dict.fromkeys(OF_A_COMPANY, of_own_company), Role.BUREAU: whole_county})
