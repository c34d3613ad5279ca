"""Who sees payment services' bills, their differences and settlements: the company and the bureau, as its merchant number."""

from auth.policies.fees import OF_A_COMPANY
from auth.policies.places import of_own_company
from auth.visibility import policy, whole_county
from domain.roles import Role
from models.pay_bills import PayBill, PayDifference
from models.pay_settlements import PaySettlement

for _model in (PayBill, PayDifference, PaySettlement):
    policy(_model, {**dict.fromkeys(OF_A_COMPANY, of_own_company), Role.BUREAU: whole_county})
