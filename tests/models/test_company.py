import re
import shutil

import pytest

from models import contract_texts
from models.company import load
from models.errors import BadSetup
from tests.models.briefing import FOLDER, SERVICES, the_company


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "company")
    return tmp_path / "company"


def change(folder, name, old, new, count=1):
    path = folder / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), "utf-8")


def problems(folder, **more):
    with pytest.raises(BadSetup) as caught:
        load(folder, **more)
    return caught.value.problems


def test_the_example_studio_is_whole():
    company = the_company()
    assert tuple(sorted(company.rates.services)) == tuple(sorted(SERVICES)) == tuple(sorted(company.briefs))
    assert set(company.ladders) >= {"qualify", "brief", "estimate-approval", "proposal", "proposal-revision", *contract_texts.LADDERS}
    assert company.contract.clauses_for("fixed") != company.contract.clauses_for("tm")
    assert company.studio.card().tax_id == company.studio.legal.tax_id
    assert company.role_title("designer") == "Designer"
    assert company.role_title("salesperson") == "Your contact"
    assert (company.folder / company.studio.brand.logo).is_file()


BROKEN = [
    ("studio.toml", 'tax_id = "IE6417582GH"', 'tax_id = "IE6417582AH"', r'legal\.tax_id: "IE6417582AH" is no valid EU VAT number'),
    ("studio.toml", "IE64IRCE", "IE65IRCE", r"company/studio\.toml: bank\.iban: .*no IBAN"),
    ("studio.toml", "IRCEIE2D", "IR", r"bank\.bic: .*no BIC"),
    ("studio.toml", 'country = "IE"', 'country = "XX"', r'country: there is no country "XX"'),
    ("studio.toml", 'region = ""', 'region = "BY"', r"region: public holidays of \"IE-BY\" are not known"),
    ("studio.toml", 'zone = "Europe/Dublin"', 'zone = "Dublin"', r"zone: there is no time zone"),
    ("studio.toml", 'zone = "Europe/Dublin"', 'zone = "../etc"', r"zone: there is no time zone"),
    ("studio.toml", 'locale = "en_IE"', 'locale = "xx_YY"', r"locale: there is no locale"),
    ("studio.toml", 'currency = "EUR"', 'currency = "EUX"', r"currency: there is no currency"),
    ("studio.toml", 'currency = "EUR"', 'currency = "PLN"', r"company/rates\.toml: currency: it is EUR, but studio\.toml says PLN"),
    ("studio.toml", 'primary = "#14324a"', 'primary = "blue"', r"brand\.primary: "),
    ("studio.toml", "assets/logo.svg", "../logo.svg", r"brand\.logo: there is no file"),
    ("studio.toml", 'email = "aoife@northlight.example"', 'email = "aoife"', r"people\.0\.email: .*no e-mail address"),
    ("studio.toml", "percent = 40", "percent = 50", r"payments: the percents sum to 110, not to 100"),
    ("studio.toml", "minimum_budget", "minimal_budget", r"minimal_budget: there is no such setting"),
    ("studio.toml", "minimum_budget = 3000", "", r"minimum_budget: this is missing"),
    ("studio.toml", 'role = "editor"', 'role = "edtior"', r'people\.9\.role: there is no role "edtior"; roles are .*editor'),
    ("studio.toml", 'services = ["mobile-app"]', 'services = ["app"]', r'services: there is no service "app"'),
    ("studio.toml", "conor@northlight.example", "aoife@northlight.example", r"aoife@northlight\.example is there twice"),
    ("studio.toml", "{salesperson} is your", "{seller} is your", r"proposal\.next_step\.3: nothing fills the blank \{seller\}"),
    ("studio.toml", "opens = 09:00:00", "opens = 19:00:00", r"office: the office must open before it closes"),
    ("studio.toml", "[office]", "[office", r"company/studio\.toml: this is no valid TOML"),
    ("rates.toml", 'role = "analyst"\nphase = "concept"', 'role = "desinger"\nphase = "concept"',
     r'company/rates\.toml: services\.corporate-site\.components\.0\.role: there is no role "desinger"; roles are project_manager'),
    ("rates.toml", 'phase = "concept"', 'phase = "konzept"', r'components\.0\.phase: there is no phase "konzept"; phases are concept'),
    ("rates.toml", 'driver = "templates"', 'driver = "goal-words"', r"driver: the brief has no question \"goal-words\" that gives a number"),
    ("rates.toml", 'needs = ["enquiries"]', 'needs = ["enquires"]', r'needs: there is no component "enquires"'),
    ("rates.toml", 'slug = "enquiries"', 'slug = "enquiries"\nneeds = ["crm"]', r"go round in a circle: (crm → enquiries|enquiries → crm)"),
    ("rates.toml", 'equals = "none"', 'equals = "nothing"', r'brand has no option "nothing"; options are guide, logo, none'),
    ("rates.toml", 'question = "integration", equals', 'question = "integrate", equals', r'the brief has no question "integrate"'),
    ("rates.toml", "low = 10, likely = 12", "low = 13, likely = 12", r"hours: hours must be low ≤ likely ≤ high"),
    ("rates.toml", "{pages} pages", "{page} pages", r"result\.0: nothing fills the blank \{page\}"),
    ("rates.toml", 'slug = "cms"', 'slug = "testing"', r'slug: "testing" is taken'),
    ("rates.toml", 'drawn_from = "services"', 'drawn_from = "offers"', r'drawn_from: the brief has no question "offers"'),
    ("rates.toml", "percent = 50, when", "percent = 40, when", r"services\.landing-page\.payments: the percents sum to 90"),
    ("rates.toml", 'version = "2026-11"', 'version = "new"', r"company/rates\.toml: version: "),
    ("briefs/shop.toml", 'section = "Range"', 'section = "Rnage"', r'questions\.\d+ \(products\)\.section: there is no section "Rnage"'),
    ("briefs/shop.toml", 'question = "stock", any', 'question = "stick", any', r'shown_if: "stick" must be asked before it'),
    ("briefs/shop.toml", 'common = ["company"', 'common = ["compny"', r'common: common\.toml has no question "compny"'),
    ("briefs/shop.toml", 'feeds = [{ to = "quotes" }]', "", r"\(why-you\): the answer feeds nothing"),
    ("briefs/shop.toml", 'slug = "orders"', 'slug = "products"', r"this question is there twice"),
    ("contract.toml", "and {client_name}, {client_address} (the client)", "and {customer} (the client)",
     r"company/contract\.toml: intro\.0: nothing fills the blank \{customer\}"),
    ("contract.toml", "The price is {net} net;", "The price is {nett} net;", r"contract\.toml: clauses\.2\.paragraphs\.0: nothing fills the blank \{nett\}"),
    ("contract.toml", 'title = "{service} for {client_name}"', 'title = "Contract, {client_vat_id}"', r"title: the blank \{client_vat_id\} has no words in some"),
    ("contract.toml", "I have read contract {number}", "I have read contract {Number}", r"consent: a brace stands alone"),
    ("contract.toml", 'countersign = "at once"', 'countersign = "later"', r"contract\.toml: countersign: input should be 'at once' or 'director'"),
    ("contract.toml", 'title = "Warranty"', 'title = "Rights"', r'clauses: "rights" is there twice in contracts with price_model fixed'),
    ("contract.toml", 'price_model = "tm"', 'price_model = "hourly"', r"clauses\.3\.price_model: "),
    ("contract.toml", 'consent = "I', 'consents = "I', r"consents: there is no such setting"),
    ("contract.toml", 'title = "What we do"', 'title = ""', r"clauses\.0\.title: "),
    ("contract.toml", '"{price_note}"', '" "', r"clauses\.2\.paragraphs: a paragraph is empty"),
    ("ladders.toml", 'after = "2 working days"', 'after = "soon"', r'brief\.rungs\.0\.after: "soon" is no span of time'),
    ("ladders.toml", 'after = "6 working days"', 'after = "1 days"', r"company/ladders\.toml: brief: each rung must come after"),
    ("ladders.toml", 'tell = ["salesperson"]', 'tell = ["seller"]', r'there is no role "seller" to tell'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "expected"), BROKEN)
def test_a_mistake_is_named_with_file_key_and_reason(folder, name, old, new, expected):
    change(folder, name, old, new)
    found = problems(folder)
    assert any(re.search(expected, problem) for problem in found), found
    assert all(re.match(r"^company/\S+\.toml: ", problem) for problem in found), found


@pytest.mark.parametrize("name", contract_texts.LADDERS)
def test_a_ladder_that_the_contract_climbs_must_be_there(folder, name):
    path = folder / "ladders.toml"
    path.write_text(path.read_text("utf-8").replace(f"[{name}]", f"[{name}-x]").replace(f"[[{name}.", f"[[{name}-x."), "utf-8")
    assert f"company/ladders.toml: {name}: this ladder is missing" in problems(folder)


def test_all_mistakes_are_told_at_once(folder):
    change(folder, "studio.toml", "IE64IRCE", "IE65IRCE")
    change(folder, "rates.toml", "low = 10, likely = 12", "low = 13, likely = 12")
    change(folder, "ladders.toml", 'after = "2 working days"', 'after = "soon"')
    (folder / "briefs/shop.toml").write_text("title = ")
    assert {problem.split(":")[0] for problem in problems(folder)} == {
        "company/studio.toml",
        "company/rates.toml",
        "company/ladders.toml",
        "company/briefs/shop.toml",
    }


def test_a_missing_file_is_named(folder):
    (folder / "rates.toml").unlink()
    assert problems(folder) == ("company/rates.toml: this file is missing",)


def test_an_empty_folder_is_no_studio(tmp_path):
    assert len(problems(tmp_path)) == 5


def test_a_service_without_a_brief_is_named(folder):
    (folder / "briefs/shop.toml").unlink()
    assert problems(folder) == ("company/briefs/shop.toml: the service shop has no brief",)


def test_a_letter_must_exist_or_be_the_studios_own(folder):
    names = {letter for ladder in the_company().ladders.values() for letter in ladder.letters}
    assert load(folder, letters=names)
    missing = names - {"proposal-expiring"}
    assert problems(folder, letters=missing) == ('company/ladders.toml: proposal: there is no letter "proposal-expiring"',)
    (folder / "templates/mail/proposal-expiring").mkdir(parents=True)
    assert load(folder, letters=missing)


def test_no_secret_stands_in_the_set_up():
    words = re.compile(r"password\s*=|secret\s*=|api_?key\s*=|token\s*=", re.IGNORECASE)
    assert not any(words.search(path.read_text("utf-8")) for path in FOLDER.rglob("*.toml"))
