"""The studio's own set-up: `company/`, read and checked as a whole. Every problem names file, key and reason."""

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from models import contract_texts, delivery_setup
from models.company_checks import problems_of
from models.contract_texts import ContractTexts
from models.delivery_setup import Delivery
from models.errors import BadSetup
from models.ladder import Ladder
from models.questionnaire import Questionnaire
from models.rates import RateCard
from models.setup import SetUp
from models.studio import Studio

Parsed = TypeVar("Parsed", bound=BaseModel)

_TITLES = {
    "salesperson": "Your contact",
    "project_manager": "Project manager",
    "director": "Director",
    "support": "Support",
}


class Company(BaseModel):
    """The whole set-up of a studio. `folder` is where it was read from, for logos and templates."""

    model_config = ConfigDict(frozen=True)

    studio: Studio
    rates: RateCard
    briefs: dict[str, Questionnaire]
    ladders: dict[str, Ladder]
    contract: ContractTexts
    delivery: Delivery
    folder: Path

    def role_title(self, role: str) -> str:
        """A role as a client reads it."""
        named = self.rates.roles.get(role)
        return named.title if named else _TITLES.get(role, role.replace("_", " ").capitalize())


class _Ladders(SetUp):
    ladders: dict[str, Ladder]


def load(folder: Path, letters: Collection[str] = ()) -> Company:
    """The set-up in `folder`, checked. `letters` are the mails that exist; when given, ladders may name no others.

    Raises BadSetup with one line per problem, all of them at once.
    """
    problems: list[str] = []
    raw = {path: _toml(folder, path, problems) for path in ("studio.toml", "rates.toml", "ladders.toml", contract_texts.FILE, delivery_setup.FILE)}
    studio = _parse(Studio, raw["studio.toml"], _name(folder, "studio.toml"), problems)
    rates = _parse(RateCard, raw["rates.toml"], _name(folder, "rates.toml"), problems)
    ladders = _parse(_Ladders, {"ladders": raw["ladders.toml"]} if raw["ladders.toml"] else None, _name(folder, "ladders.toml"), problems)
    contract = _parse(ContractTexts, raw[contract_texts.FILE], _name(folder, contract_texts.FILE), problems)
    delivery = _parse(Delivery, raw[delivery_setup.FILE], _name(folder, delivery_setup.FILE), problems)
    briefs = _briefs(folder, problems)
    if studio and rates and ladders and contract and delivery and not problems:
        company = Company(
            studio=studio, rates=rates, briefs=briefs, ladders=ladders.ladders, contract=contract, delivery=delivery, folder=folder
        )
        found = (*problems_of(company, letters), *contract_texts.problems_of(company), *delivery_setup.problems_of(company))
        problems += [f"{folder.name}/{problem}" for problem in found]
        if not problems:
            return company
    raise BadSetup(*problems)


def _briefs(folder: Path, problems: list[str]) -> dict[str, Questionnaire]:
    common = _toml(folder, "briefs/common.toml", problems) if (folder / "briefs/common.toml").exists() else {}
    shared = {q["slug"]: q for q in (common or {}).get("questions", []) if isinstance(q, dict) and "slug" in q}
    briefs: dict[str, Questionnaire] = {}
    for path in sorted((folder / "briefs").glob("*.toml")):
        if path.name == "common.toml":
            continue
        file = _name(folder, f"briefs/{path.name}")
        raw = _toml(folder, f"briefs/{path.name}", problems)
        if raw is None:
            continue
        wanted = raw.pop("common", [])
        problems += [f'{file}: common: common.toml has no question "{slug}"' for slug in wanted if slug not in shared]
        raw["service"] = path.stem
        raw["questions"] = _in_sections([*raw.get("questions", []), *(shared[s] for s in wanted if s in shared)], raw.get("sections", []))
        brief = _parse(Questionnaire, raw, file, problems)
        briefs |= {path.stem: brief} if brief else {}
    return briefs


def _in_sections(questions: list[dict], sections: list[str]) -> list[dict]:
    """The questions in the order of their sections; within one, as they stand."""
    order = {name: place for place, name in enumerate(sections)}
    return sorted(questions, key=lambda question: order.get(question.get("section", ""), len(order)))


def _toml(folder: Path, name: str, problems: list[str]) -> dict | None:
    try:
        return tomllib.loads((folder / name).read_text("utf-8"))
    except FileNotFoundError:
        problems.append(f"{_name(folder, name)}: this file is missing")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        problems.append(f"{_name(folder, name)}: this is no valid TOML: {error}")
    return None


def _parse(kind: type[Parsed], raw: dict | None, file: str, problems: list[str]) -> Parsed | None:
    if raw is None:
        return None
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        problems += [_sentence(file, problem) for problem in error.errors()]
    return None


def _sentence(file: str, problem: ErrorDetails) -> str:
    parts = [str(part) for part in problem["loc"] if part != "ladders" or not file.endswith("ladders.toml")]
    reason = problem["msg"].removeprefix("Value error, ")
    match problem["type"]:
        case "missing":
            reason = "this is missing"
        case "extra_forbidden":
            reason = "there is no such setting; is it a typing slip?"
        case _:
            reason = reason[0].lower() + reason[1:] if not reason[:2].isupper() else reason
    return f"{file}: {'.'.join(parts)}: {reason}" if parts else f"{file}: {reason}"


def _name(folder: Path, name: str) -> str:
    return f"{folder.name}/{name}"
