"""Divisions are public: everybody reads those of the county that the statement is about."""

from auth.visibility import policy, whole_county
from domain.roles import Role
from models.divisions import Division

policy(Division, dict.fromkeys(Role, whole_county))
