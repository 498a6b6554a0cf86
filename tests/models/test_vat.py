from decimal import Decimal
from itertools import product

import pytest

from models import vat
from models.studio import Studio
from tests.studio import the_company

NUMBERS = {"IE": "IE6433435F", "DE": "DE136695976", "FR": "FR40303265045", "GR": "EL094259216", "AT": "ATU13585627", "ES": "ESJ99216582"}
STUDIO = the_company().studio


def studio(country: str = "IE", percent: str = "23") -> Studio:
    """The example studio, moved: `country` and rate are all that the rule asks."""
    return STUDIO.model_copy(update={"country": country, "vat": STUDIO.vat.model_copy(update={"percent": Decimal(percent)})})


EU, OUTSIDE = [*sorted(vat.EU), "MC"], ["GB", "XI", "IM", "US", "CH", "NO", "JP", "AX", "GP", "RE", "GI", "SM", "UA"]


@pytest.mark.parametrize(("home", "theirs"), list(product(["IE", "FR", "GR", "MC"], [*EU, *OUTSIDE])))
def test_within_the_union_a_vat_number_of_another_country_turns_the_charge_around(home: str, theirs: str) -> None:
    for country, number in [("", ""), ("", "nonsense"), *NUMBERS.items()]:
        rule = vat.rule(studio(home), country=theirs, vat_id=number)
        if vat.territory(theirs) == vat.territory(home):
            assert (rule.category, rule.percent, rule.exemption) == ("S", "23", "")
        elif theirs in OUTSIDE:
            assert (rule.category, rule.percent, rule.exemption, rule.note) == ("O", "0", "VATEX-EU-O", STUDIO.vat.outside_note)
        elif country and vat.territory(country) != vat.territory(home):
            assert (rule.category, rule.percent, rule.exemption, rule.note) == ("AE", "0", "VATEX-EU-AE", STUDIO.vat.reverse_charge_note)
        else:
            assert (rule.category, rule.percent, rule.exemption) == ("S", "23", "")
            assert rule.note.startswith(STUDIO.vat.note) and rule.note.endswith("our VAT applies.")


@pytest.mark.parametrize(("home", "theirs"), list(product(["GB", "CH", "US", "NO", "UA"], [*EU, *OUTSIDE])))
def test_a_studio_outside_the_union_charges_at_home_alone(home: str, theirs: str) -> None:
    rule = vat.rule(studio(home), country=theirs, vat_id=NUMBERS["DE"])
    assert rule.category == ("S" if vat.territory(theirs) == home else "O")
    assert rule.percent == ("23" if rule.category == "S" else "0")


@pytest.mark.parametrize(("home", "category", "code"), [("IE", "E", ""), ("MC", "E", ""), ("US", "O", "VATEX-EU-O"), ("GB", "O", "VATEX-EU-O")])
def test_a_studio_without_a_rate_charges_none(home: str, category: str, code: str) -> None:
    rule = vat.rule(studio(home, "0"), country=home, vat_id="")
    assert (rule.category, rule.percent, rule.exemption, rule.note) == (category, "0", code, STUDIO.vat.note)


@pytest.mark.parametrize(
    ("given", "said"),
    [("", "Without a VAT number"), ("DE136695977", "“DE136695977” is no valid"), ("IE6433435F", "is of our own country"), ("XI123456789", "no valid"), ("EU372022452", "no valid")],
)
def test_why_our_vat_applies_is_told(given: str, said: str) -> None:
    rule = vat.rule(studio(), country="DE", vat_id=given)
    assert rule.category == "S" and said in rule.note


@pytest.mark.parametrize(
    ("country", "given", "number"),
    [
        ("GR", "EL094259216", "EL094259216"), ("GR", "GR 094 259 216", "EL094259216"), ("EL", "094259216", "EL094259216"), ("GR", "el094259216", "EL094259216"),
        ("DE", "136695976", "DE136695976"), ("de", " de 136 695 976 ", "DE136695976"), ("MC", "FR40303265045", "FR40303265045"), ("FR", "40303265045", "FR40303265045"),
        ("IE", "IE6433435F", "IE6433435F"), ("DE", "FR40303265045", "FR40303265045"), ("GB", "GB980780684", ""), ("GB", "XI980780684", ""), ("US", "12-3456789", ""),
        ("DE", "", ""), ("DE", "DE", ""), ("DE", "🙂", ""), ("IM", "IM3720000224", ""), ("DE", "DE136695977", ""),
    ],
)  # fmt: skip
def test_a_number_is_known_by_its_digits_however_it_is_written(country: str, given: str, number: str) -> None:
    assert vat.number(country, given) == number


@pytest.mark.parametrize(("percent", "shown"), [("23", "23"), ("8.10", "8.1"), ("20.0", "20"), ("25.5", "25.5")])
def test_the_rate_is_written_plainly(percent: str, shown: str) -> None:
    assert vat.rule(studio(percent=percent), country="IE", vat_id="").percent == shown
