"""Imports and exports of the register are the bureau's."""

from auth.visibility import policy, whole_county
from domain.roles import Role
from models.register import RegisterJob

policy(RegisterJob, {Role.BUREAU: whole_county, Role.SYSTEM: whole_county})
