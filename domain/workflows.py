"""Every workflow by its id and version, as cases store them. A changed list gets a new version; the old one stays."""

from domain.claims import UNIT_CLAIM
from domain.contract_filings import CONTRACT_FILING
from domain.covenant_filings import COVENANT_FILING
from domain.custodians import CUSTODIAN
from domain.data_requests import DATA_CORRECTION, DATA_DELETION, DATA_DISCLOSURE
from domain.dunning import DUNNING
from domain.emergency_funds import EMERGENCY_FUND_REQUEST
from domain.filings import COMPANY_FILING
from domain.inspections import INSPECTION
from domain.leader_filings import LEADER_FILING
from domain.ordinary_funds import FUND_REQUEST
from domain.premises_filings import PREMISES_FILING
from domain.reconciliation import DIFFERENCE
from domain.votes import VOTE
from domain.workflow import Workflow

ALL: tuple[Workflow, ...] = (
    COMPANY_FILING,
    CONTRACT_FILING,
    LEADER_FILING,
    COVENANT_FILING,
    PREMISES_FILING,
    FUND_REQUEST,
    EMERGENCY_FUND_REQUEST,
    INSPECTION,
    DATA_CORRECTION,
    DATA_DELETION,
    DATA_DISCLOSURE,
    UNIT_CLAIM,
    DUNNING,
    DIFFERENCE,
    VOTE,
    CUSTODIAN,
)

_BY_VERSION = {(workflow.id, workflow.version): workflow for workflow in ALL}


def workflow_version(id: str, version: int) -> Workflow:
    """The list on which a case started and on which it finishes. Raises ``LookupError``."""
    try:
        return _BY_VERSION[id, version]
    except KeyError:
        raise LookupError(f"there is no workflow {id} version {version}") from None
