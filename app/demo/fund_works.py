"""What follows an approval: the contractor, three payments, acceptance, settlement, the final shares (SM-6 to CLOSED)."""

import uuid
from typing import Any

from sqlalchemy import select

from app.demo.people import login_of
from app.demo.scene import Scene, Site
from domain.documents import DocumentKind
from domain.identifiers import make_account
from domain.payment_instructions import InstructionState
from domain.roles import Role
from models.payment_instructions import PaymentInstruction
from resolvers import emergency_funds, fund_payments, fund_works, payment_instructions
from resolvers.unit_of_work import UnitOfWork

_K = DocumentKind
CONTRACTOR = "演示防水工程有限公司（虚构）"
_CONTACT: dict[str, Any] = {"objection_contact": "居委会（演示）"}


async def done(scene: Scene, site: Site, id: uuid.UUID, ago: int, price: int) -> None:
    """The work of an approved ordinary request, from the contract ``ago`` days before today to its closing."""
    company, chair = scene.firms[site.plan.firm or ""].admin_id, site.chair_id or uuid.UUID(int=0)
    bureau, community = scene.office(Role.BUREAU), scene.office(Role.COMMUNITY, site.plan.place)
    await contract(scene, site, id, ago, price)
    await paid(scene, id, ago - 3)
    await scene.do(company, scene.at(ago - 5), fund_works.start, id=id)
    half: dict[str, Any] = {"percent": 80, "note": "防水卷材铺设完成（演示）"}
    await scene.do(chair, scene.at(ago - 20), fund_works.certify, _K.PROGRESS, id=id, **half)
    await paid(scene, id, ago - 21)
    for who, papers in ((chair, (_K.ACCEPTANCE,)), (site.resident_id, ()), (community, ()), (company, ())):
        await scene.do(who, scene.at(ago - 40), emergency_funds.accept, *papers, id=id, note="质量合格（演示）")
    await scene.do(
        company, scene.at(ago - 45), fund_works.settle, _K.SETTLEMENT, _K.INVOICE, _K.AUDIT, id=id, settled_cost=price
    )
    auditor = scene.colleagues[Role.TOWNSHIP, site.plan.township]
    await scene.do(auditor, scene.at(ago - 47), fund_works.verify_use, id=id, signed=True, sealed=True)
    days: dict[str, Any] = {"posted_from": scene.day(ago - 48), "posted_to": scene.day(ago - 54)}
    posted = (_K.APPORTIONMENT, _K.POSTING_PROOF)
    await scene.do(company, scene.at(ago - 48), emergency_funds.post, *posted, id=id, **days, **_CONTACT)
    await paid(scene, id, ago - 56)
    await scene.do(bureau, scene.at(ago - 58), fund_works.apportion, id=id)
    await scene.do(bureau, scene.at(ago - 58, 15), fund_works.close, id=id)


async def contract(scene: Scene, site: Site, id: uuid.UUID, ago: int, price: int) -> None:
    payee = {"name": CONTRACTOR, "account": make_account(90 + scene.serial()), "bank_code": "999999000001"}
    terms: dict[str, Any] = {"payee": payee, "price": price, "signed_on": scene.day(ago)}
    await scene.do(site.chair_id or uuid.UUID(int=0), scene.at(ago), fund_works.contract, _K.CONTRACT, id=id, **terms)


async def paid(scene: Scene, id: uuid.UUID, ago: int) -> None:
    """What is due is instructed by an official who decided nothing, and paid by the bank the day after."""
    cashier, bank = scene.colleagues[Role.BUREAU, scene.county.code], login_of(scene.county.code, Role.BANK)
    await scene.do(cashier, scene.at(ago), fund_payments.pay, id=id)
    issued = await scene.clock(scene.now, _issued)
    await scene.do(bank, scene.at(ago, 14), payment_instructions.acknowledge, id=issued)
    given: dict[str, Any] = {"serial": f"ZF{scene.serial():08}", "value_date": scene.day(ago - 1)}
    await scene.do(bank, scene.at(ago - 1), payment_instructions.executed, id=issued, **given)


async def _issued(uow: UnitOfWork) -> uuid.UUID:
    found = await uow.session.scalars(
        select(PaymentInstruction.id).where(
            PaymentInstruction.county == uow.county, PaymentInstruction.state == InstructionState.ISSUED.value
        )
    )
    return found.one()
