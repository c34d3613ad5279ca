"""The types of transition lists: who, from where to where, with what, by when. ``workflow`` draws the consequences."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from itertools import chain

from domain.documents import DocumentKind
from domain.errors import Refusal
from domain.periods import Facts, Period
from domain.profiles.parameters import Profile
from domain.roles import Role
from domain.terms import Term

Guard = Callable[[Profile, Facts], Refusal | None]
Condition = Callable[[Profile, Facts], bool]

_PARAMETERS = frozenset(parameter.name for parameter in fields(Profile))


@dataclass(frozen=True, slots=True)
class ByProfile:
    """The roles that a profile parameter names, such as the filing body."""

    parameter: str

    def roles(self, profile: Profile) -> tuple[Role, ...]:
        """One role or several."""
        value = getattr(profile, self.parameter)
        return (value,) if isinstance(value, Role) else tuple(value)


Party = Role | frozenset[Role] | ByProfile


@dataclass(frozen=True, slots=True)
class Needs:
    """A document of any one of these kinds, asked for only where a condition of the workflow holds."""

    any_of: tuple[DocumentKind, ...]
    when: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One line of a list."""

    action: str
    sources: tuple[str, ...]
    target: str | None
    """``None``: the case stays where it is."""
    by: tuple[Party, ...]
    """Who may take it: a role, a group that counts as one party, or what the profile names."""
    basis: tuple[str, ...]
    """Requirement ids, rules of RULES, or articles."""
    joined: bool | str = False
    """Whether every party must take it before the case moves; a text names the profile parameter that says so."""
    documents: tuple[DocumentKind | Needs, ...] = ()
    within: Period | None = None
    bars: bool = False
    """Whether acting after ``within`` is refused; otherwise lateness is only seen in queues and figures."""
    after: Period | None = None
    """A posting that must have run its full time first."""
    waits: Period | None = None
    """Others' time to act, which must have passed first."""
    fires: Period | None = None
    """When the county's own clock takes it, if nobody moved the case before."""
    when: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    applicant_only: bool = False
    decides: bool = False
    """Whether it decides on somebody's application: ``reviewer_refusal`` must be asked."""
    releases: bool = False
    """Whether it pays out what others decided: ``separation_refusal`` must be asked."""
    reason: bool = False
    power: str | None = None
    """What the grant must open besides its role (``domain.officials.Power``)."""

    def parties(self, profile: Profile) -> tuple[frozenset[Role], ...]:
        """Who may take it in a county, each party a group of roles of which one acts."""
        parties: list[frozenset[Role]] = []
        for party in self.by:
            if isinstance(party, ByProfile):
                parties.extend(frozenset({role}) for role in party.roles(profile))
            else:
                parties.append(frozenset({party}) if isinstance(party, Role) else party)
        return tuple(parties)

    def roles(self, profile: Profile) -> frozenset[Role]:
        """All roles that may take it in a county."""
        return frozenset(chain.from_iterable(self.parties(profile)))

    def is_joined(self, profile: Profile) -> bool:
        """Whether every party must take it."""
        return self.joined if isinstance(self.joined, bool) else bool(getattr(profile, self.joined))


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A state machine of RULES §9 as data. Raises ``ValueError`` when a name in the list does not exist."""

    id: str
    version: int
    title: str
    states: type[Term] | tuple[Term, ...]
    """All of an enumeration, or those of its members that this list uses."""
    start: str
    terminal: frozenset[str]
    opened_by: tuple[Party, ...]
    opening_documents: tuple[DocumentKind | Needs, ...] = ()
    """What a case that starts beyond a draft must bring along."""
    opening_guards: tuple[str, ...] = ()
    separated: bool = False
    """Whether nobody decides in two steps of a case, nor releases what they asked for or decided."""
    transitions: tuple[Transition, ...]
    guards: Mapping[str, Guard] = field(default_factory=dict)
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    """What the guards, conditions and periods read, with the meaning of each."""

    def __post_init__(self) -> None:
        states = {state.value for state in self.states}
        unknown: list[str] = []
        unknown += {self.start, *self.terminal} - states
        unknown += set(self.opening_guards) - set(self.guards)
        for line in self.transitions:
            unknown += {*line.sources, line.target or self.start} - states
            unknown += set(line.guards) - set(self.guards)
            needs = {need.when for need in line.documents if isinstance(need, Needs) and need.when}
            unknown += ({*line.when} | needs) - set(self.conditions)
            periods = [period for period in (line.within, line.after, line.waits, line.fires) if period]
            unknown += {period.since for period in periods if period.since} - set(self.facts)
            named = [period.amount for period in periods] + [line.joined]
            named += [party.parameter for party in line.by if isinstance(party, ByProfile)]
            unknown += {name for name in named if isinstance(name, str)} - _PARAMETERS
        if unknown:
            raise ValueError(f"workflow {self.id} names what does not exist: {sorted(unknown)}")

    def opening(self) -> Transition:
        """The opening of a case as a line of the list."""
        return Transition(
            action="OPEN",
            sources=(),
            target=self.start,
            by=self.opened_by,
            basis=("RULES §9",),
            documents=self.opening_documents,
            guards=self.opening_guards,
        )

    def openers(self, profile: Profile) -> frozenset[Role]:
        """The roles that may open a case in a county."""
        return self.opening().roles(profile)
