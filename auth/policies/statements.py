"""Who sees banks' statements and what they differ in from the books: the bureau, and a bank those of its own accounts."""

from auth.visibility import Via, policy, whole_county
from domain.roles import Role
from models.custody import BankAccount
from models.differences import BankDifference
from models.statements import BankStatement, StatementFile, StatementLine

policy(BankStatement, {Role.BUREAU: whole_county, Role.BANK: Via("bank_account_id", BankAccount)})
policy(StatementLine, {Role.BUREAU: whole_county, Role.BANK: Via("bank_account_id", BankAccount)})
policy(BankDifference, {Role.BUREAU: whole_county, Role.BANK: Via("bank_account_id", BankAccount)})
policy(StatementFile, {Role.BUREAU: whole_county})
