"""Which payment provider the settings choose."""

from models import providers
from models.errors import BadSetup
from models.settings import Settings
from tasks.gateways.payments import Provider
from tasks.gateways.sandbox import Sandbox
from tasks.gateways.stripe_pay import StripePay


def from_settings(settings: Settings, address: str = "") -> Provider | None:
    """Whoever takes cards for pages under `address` (that of the settings when it is not given); None: clients pay by bank transfer only.

    Raises BadSetup when play money would be taken in earnest, or a key is missing.
    """
    providers.check(settings, address or settings.public_url)
    if settings.payments == "stripe":
        return StripePay(settings.stripe_key.get_secret_value(), settings.stripe_url)
    if settings.payments == "sandbox":
        secret = providers.sandbox_secret(settings)
        if not secret:
            raise BadSetup("STUDIO_SANDBOX_SECRET is missing: ./studio up makes one.")
        return Sandbox(f"http://{settings.host}:{settings.sandbox}", secret)
    return None
