"""Who sees whether the books are whole: the bureau, which answers for them."""

from auth.visibility import policy, whole_county
from domain.roles import Role
from models.books import LedgerCheck, LedgerFinding

policy(LedgerCheck, {Role.BUREAU: whole_county})
policy(LedgerFinding, {Role.BUREAU: whole_county})
