"""Who manages an area's maintenance fund: proposed to the owners, decided by them, carried out by the bureau (FUND-6)."""

import uuid

from auth.actor import Grant
from domain.custody import AccountHolder, AccountPurpose, BankAccountState
from domain.custody_choices import CustodyChoiceState, transfer_due
from domain.errors import ErrorCode, Refusal
from domain.officials import Power
from domain.roles import Role
from domain.tallies import Matter, Outcome
from models.base import new_id
from models.custody import BankAccount
from models.custody_choices import CustodyChoice
from models.estates import PropertyArea
from models.votes import Vote
from resolvers import committees, custody, custody_transfers, votes
from resolvers.unit_of_work import UnitOfWork

_WORDS = {
    AccountHolder.ASSEMBLY: "住宅专项维修资金由业主大会自行管理，划转至业主大会开立的受监管专户。",
    AccountHolder.BUREAU: "住宅专项维修资金继续由住建部门代管。",
}
_TITLE = "维修资金管理方式"


async def propose(uow: UnitOfWork, *, area_id: uuid.UUID, holder: AccountHolder) -> CustodyChoice:
    """Put to the owners' vote who manages their fund, of which a draft is made (custodyChoicePropose, FUND-6).

    Until the assembly has a body in office the bureau keeps the fund: ``ACTION_NOT_AVAILABLE``. ``ALREADY_REGISTERED`` while
    another choice of the area waits for its vote or its transfer.
    """
    area, holder = await uow.load(PropertyArea, area_id, lock=True, field="areaId"), AccountHolder(holder)
    if await committees.body_in_office(uow, area.id) is None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "areaId", action="custodyChoicePropose", state=area.state)
    if await custody.open_choice(uow, area.id) is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "areaId")
    id = new_id()
    vote = await votes.convene(
        uow,
        area_id=area.id,
        title=_TITLE,
        agenda=[votes.Item(Matter.OTHER, _TITLE, _WORDS[holder])],
        subject=votes.Subject(CustodyChoice.__tablename__, id),
    )
    choice = CustodyChoice(
        county=uow.county,
        id=id,
        area_id=area.id,
        township=area.township,
        community=area.community,
        holder=holder.value,
        vote_id=vote.id,
        state=CustodyChoiceState.PROPOSED.value,
    )
    uow.session.add(choice)
    await uow.session.flush()  # the event names it
    if uow.grant is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    await uow.audit("custodyChoicePropose", choice, grant=uow.grant, detail={"holder": holder.value})
    return choice


async def transfer(uow: UnitOfWork, *, id: uuid.UUID, to_account_id: uuid.UUID) -> CustodyChoice:
    """Order the area's money to the account that the owners chose, as the bureau (custodyChoiceTransfer, FUND-6).

    The bank that has it is instructed; with the arrival the choice is carried out. ``INVALID_INPUT`` for an account that is not
    open, not for the fund, or not of the holder whom owners chose; ``CUSTODIAN_REQUIRED`` where the money lies at no bank.
    """
    choice = await uow.load(CustodyChoice, id, lock=True)
    grant = await uow.act((Role.BUREAU,), CustodyChoice, choice, power=Power.FUNDS_APPROVE)
    if choice.state != CustodyChoiceState.DECIDED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=choice.state, action="custodyChoiceTransfer")
    source = await custody.bank_account_of(uow, area_id=choice.area_id)
    if source is None:
        raise Refusal(ErrorCode.CUSTODIAN_REQUIRED)
    target = await uow.load(BankAccount, to_account_id, lock=True, field="toAccountId")
    fits = (target.purpose, target.state, target.holder) == (AccountPurpose.FUND, BankAccountState.OPEN, choice.holder)
    if not fits or target.id == source.id:
        raise Refusal(ErrorCode.INVALID_INPUT, "toAccountId", value=target.number_mask)
    await custody_transfers.order_for(uow, source, target, choice.area_id)
    await uow.audit("custodyChoiceTransfer", choice, grant=grant, detail={"to": str(target.id)})
    return choice


async def _take_result(uow: UnitOfWork, vote: Vote, outcome: Outcome | None) -> None:
    """The vote is final: carried out already where the money lies so, else due in thirty days; or it is annulled (V-21)."""
    choice = await uow.session.get_one(CustodyChoice, (uow.county, vote.subject_id), with_for_update=True)
    former, choice.updated_at = choice.state, uow.now
    if former == CustodyChoiceState.PROPOSED and outcome is Outcome.PASSED:
        choice.state, choice.decided_on = CustodyChoiceState.DECIDED.value, uow.today
        choice.transfer_due_on = transfer_due(uow.today)
        held = await custody.bank_account_of(uow, area_id=choice.area_id)
        if (held.holder if held else AccountHolder.BUREAU) == choice.holder:
            choice.state, choice.carried_out_on = CustodyChoiceState.CARRIED_OUT.value, uow.today
            choice.transfer_due_on = None
    elif former == CustodyChoiceState.PROPOSED:
        choice.state = CustodyChoiceState.REJECTED.value
    elif former == CustodyChoiceState.DECIDED and outcome is None:
        choice.state = CustodyChoiceState.ANNULLED.value
    clock = Grant(new_id(), Role.SYSTEM, uow.county)
    await uow.audit("custodyChoiceVote", choice, grant=clock, from_state=former, to_state=choice.state)


votes.concluded(CustodyChoice.__tablename__, _take_result)
