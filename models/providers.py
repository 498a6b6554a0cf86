"""Which payment provider the settings choose, and whether they may."""

import hmac
import ipaddress
from urllib.parse import urlsplit

from models.errors import BadSetup
from models.settings import Settings


def check(settings: Settings, address: str) -> None:
    """Return if cards can be taken as set up, with pages under `address`. Raises BadSetup with a sentence per problem."""
    problems = []
    if settings.payments == "sandbox" and not _fits_a_header(sandbox_secret(settings)):
        problems.append("STUDIO_SANDBOX_SECRET may hold letters, digits and signs of ASCII only, and no spaces.")
    if settings.payments == "sandbox" and is_public(address):
        problems.append(
            f"STUDIO_PAYMENTS is sandbox, which is play money, and clients reach {address}: set it to stripe, or to none for bank transfers only."
        )
    if settings.payments == "stripe":
        key, secrets = settings.stripe_key.get_secret_value(), webhook_secrets(settings, "stripe", address)
        if not key.startswith(("sk_", "rk_")) or not _fits_a_header(key):
            said = "is none" if key else "is empty"
            problems.append(f"STUDIO_PAYMENTS is stripe, but STUDIO_STRIPE_KEY {said}: it is Stripe's secret key, sk_… or rk_….")
        if is_public(address) and "_test_" in key:
            problems.append(f"STUDIO_STRIPE_KEY is one for tests, and clients reach {address}: play money would pay real invoices. Take a live key.")
        if not secrets or not all(one.startswith("whsec_") for one in secrets):
            said = "is none" if secrets else "is empty"
            problems.append(f"STUDIO_PAYMENTS is stripe, but STUDIO_STRIPE_WEBHOOK_SECRET {said}: it is the webhook endpoint's secret, whsec_….")
    if problems:
        raise BadSetup(*problems)


def webhook_secrets(settings: Settings, provider: str, address: str) -> list[str]:
    """The secrets that this provider may sign with; none: it has no webhook here.

    Two are given with a space or comma between them while one replaces the other. Stripe's are heard for as long as a secret is set,
    since money goes back on old charges too; the sandbox only while it is the provider, and never under a public address.
    """
    if provider == "stripe":
        return settings.stripe_webhook_secret.get_secret_value().replace(",", " ").split()
    if provider == "sandbox" and settings.payments == "sandbox" and not is_public(address):
        secret = sandbox_secret(settings)
        return [secret] if secret else []
    return []


def sandbox_secret(settings: Settings) -> str:
    """What we and the sandbox share: the secret that is set, else one derived from our own; "" when there is none."""
    given, ours = settings.sandbox_secret.get_secret_value(), settings.secret.get_secret_value()
    return given or (hmac.new(ours.encode(), b"sandbox provider", "sha256").hexdigest() if ours else "")


def _fits_a_header(secret: str) -> bool:
    """Whether it can be sent as it is: what cannot would be shown in the error about it."""
    return all("!" <= sign <= "~" for sign in secret)


def is_public(address: str) -> bool:
    """Whether clients reach this address from elsewhere and over https: it is in earnest."""
    parts = urlsplit(address)
    if parts.scheme != "https":
        return False
    host = parts.hostname or ""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")
