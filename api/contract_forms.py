"""The forms of the contract's page, read: who the contracting party is, who signs."""

from pydantic import ValidationError

from api.posted import Posted
from api.proposal import number
from models import contract_parties
from models.cash_answers import ContractDetails
from models.errors import Invalid
from models.field_types import normal_email

FIELDS = ("legal_name", "registration", "street", "extra", "postcode", "city", "country", "vat_id", "invoice_email")


def version_of(posted: Posted, noun: str = "contract") -> int:
    """The version of the contract (or whatever `noun` is) that the reader saw. Raises Invalid for what no form of ours posts."""
    version = number(posted, "version")
    if not version:
        raise Invalid(f"The form was not complete. Please go back to the {noun} and try again.")
    return version


def read_details(posted: Posted) -> tuple[ContractDetails | None, dict[str, str]]:
    """The details typed, or the problems by field."""
    typed = {name: posted.one(name) for name in FIELDS}
    try:
        answer = ContractDetails.model_validate(typed | {"country": typed["country"].upper()})
    except ValidationError as error:
        wrong = {str(problem["loc"][0]): problem["type"] for problem in error.errors()}
        missing = {"legal_name": "the name", "street": "street and number", "city": "the town"}
        long = "Please keep this shorter."
        problems = {
            name: "Please choose a country." if name == "country" else long if kind == "string_too_long" else f"Please give {missing[name]}."
            for name, kind in wrong.items()
        }  # fmt: skip
        rest = ContractDetails.model_construct(None, **typed | {"country": "" if "country" in wrong else typed["country"].upper()})
        problems = contract_parties.problems_of(rest) | problems
        return None, {name: problems[name] for name in FIELDS if name in problems}
    problems = contract_parties.problems_of(answer)
    return (None, problems) if problems else (answer, {})


def signer_problems(posted: Posted) -> dict[str, str]:
    """What is wrong with who signs, by field."""
    named = {"name": "Please type your full name.", "role": "Please say what you are in the firm: owner, managing director …"}
    problems = {name: sentence for name, sentence in named.items() if not posted.one(name)}
    problems |= {name: "Please keep this under 200 characters." for name in named if len(posted.one(name)) > 200}  # noqa: PLR2004
    return problems if normal_email(posted.one("email")) else problems | {"email": "This does not look like an e-mail address."}
