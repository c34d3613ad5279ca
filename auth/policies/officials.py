"""Who sees officials' postings: the bureau all, each office its own and those below, departments their colleagues."""

from auth.policies.places import of_own_community, of_own_township
from auth.visibility import policy, whole_county
from domain.roles import Role
from models.officials import Official

policy(
    Official,
    {
        Role.BUREAU: whole_county,
        Role.PRICE: lambda official, _scope: official.role == Role.PRICE.value,
        Role.MARKET: lambda official, _scope: official.role == Role.MARKET.value,
        Role.TOWNSHIP: of_own_township,
        Role.COMMUNITY: of_own_community,
    },
)
