"""Settings: how this installation runs. What the studio sells is in `company/`, not here.

Read once at start, from `STUDIO_…` in the environment and from `secrets.env` below `home`; defaults run the embedded mode.
A variable that is there and empty counts as one that is not.
"""

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.errors import BadSetup

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """One frozen object; every field is `STUDIO_<NAME>` in the environment."""

    model_config = SettingsConfigDict(env_prefix="STUDIO_", env_ignore_empty=True, frozen=True, extra="ignore")

    log: Literal["text", "json"] = Field("text", description="What processes write: lines for people, or JSON for machines.")
    home: Path = Field(ROOT / "var", description="Databases, sent mail, results, PDFs, uploads, secrets.")
    company: Path = Field(ROOT / "company", description="The studio's own set-up.")
    database_url: str = Field("", repr=False, description="Our database; empty: SQLite below home. postgresql://… for more than one box.")
    redis_url: str = Field("", repr=False, description="redis://… for several processes: the apis count in it, Prefect's parts talk through it.")
    host: str = Field("127.0.0.1", description="Address that api and engine listen on.")
    api_port: int = Field(8700, ge=1, le=65535, description="Port of the pages and the API.")
    prefect_port: int = Field(4200, ge=1, le=65535, description="Port of the Prefect server and its UI.")
    nudge_port: int = Field(0, ge=0, le=65535, description="Loopback UDP port that wakes the worker; 0: api_port + 1.")
    public_url: str = Field("", description="Address in letters; empty: public_address of studio.toml, else http://host:api_port.")
    mail_url: str = Field("", repr=False, description="smtp://, smtps:// or smtp+starttls://user:password@host:port; empty: .eml files below home.")
    mailbox_url: str = Field(
        "", repr=False, description="Mail that comes in: imaps://user:password@host, or files (inbox/ below home); empty: none is read."
    )
    mailbox_seconds: float = Field(60.0, gt=0, description="Seconds between looks into the mailbox.")
    mailbox_strangers: str = Field("", description="The service that a letter from somebody unknown is an application for; empty: it is put aside.")
    tracker: Literal["embedded", "redmine"] = Field("embedded", description="Who keeps issues and hours: our own tables, or Redmine.")
    desk: Literal["mail", "redmine"] = Field("mail", description="Where clients are handed over: the support address, or Redmine.")
    redmine_url: str = Field("", description="Redmine's address.")
    redmine_key: SecretStr = Field(SecretStr(""), description="Key of Redmine's REST API.")
    redmine_options: str = Field("", description="Redmine's names where they are not the usual: stage=Task; ticket=Request; support_project=desk")
    worker: Literal["warm", "process", "stock"] = Field(
        "warm", description="Who runs the flows: our warm worker, Prefect's own process worker, or stock work pools of deployments/prefect.yaml."
    )
    worker_threads: int = Field(8, ge=1, le=64, description="Stage runs at once in a worker.")
    worker_memory_mb: int = Field(600, ge=150, description="A warm worker that has grown beyond this takes no more runs and starts anew.")
    worker_poll: float = Field(15.0, gt=0, description="Seconds between polls for runs that nobody nudged the worker about.")
    waker_seconds: float = Field(60.0, gt=0, description="Seconds between rounds of the waker when nothing nudges it.")
    pdf_workers: int = Field(1, ge=1, le=16, description="Warm PDF processes.")
    pdf_seconds: float = Field(60.0, gt=0, description="Longest time one PDF may take.")
    pdf_memory_mb: int = Field(1024, ge=128, description="Most memory one PDF process may take.")
    upload_mb: int = Field(25, ge=1, description="Largest file a client may upload.")
    upload_deal_mb: int = Field(250, ge=1, description="Most that one deal may upload in all.")
    apply_per_hour: int = Field(60, ge=1, description="Applications an hour from one address before it is taken for a robot.")
    posts_per_minute: int = Field(240, ge=1, description="Forms a minute from one address; five times as many pages, ten times as many API calls.")
    apply_min_seconds: float = Field(2.5, ge=0, description="Whoever fills in the form faster is taken for a robot.")
    clock_file: Path | None = Field(None, description="A file with seconds to add to the clock; empty: clock below home, while play money is taken.")
    payments: Literal["sandbox", "stripe", "none"] = Field("sandbox", description="Who takes card payments: sandbox (play money), stripe, none.")
    sandbox_port: int = Field(0, ge=0, le=65535, description="Port of the sandbox provider; 0: api_port + 2.")
    sandbox_secret: SecretStr = Field(SecretStr(""), description="Signs the sandbox provider's webhooks; generated at first start.")
    stripe_key: SecretStr = Field(SecretStr(""), description="Stripe's secret API key (sk_… or rk_…).")
    stripe_webhook_secret: SecretStr = Field(SecretStr(""), description="Secret of Stripe's webhook endpoint (whsec_…).")
    stripe_url: str = Field("", description="Another address of Stripe's API, for tests; empty: Stripe's own.")
    statements: Path | None = Field(None, description="Folder watched for bank statements; empty: statements/in below home.")
    seal_key: SecretStr = Field(SecretStr(""), description="Key and certificate that seal signed contracts; generated at first start.")
    prefect_auth: SecretStr = Field(SecretStr(""), description="user:password of the Prefect server off loopback; generated at first start.")
    secret: SecretStr = Field(SecretStr(""), description="Signs links; generated into secrets.env at first start.")

    @property
    def database(self) -> str:
        """The SQLAlchemy address of our database, driver named."""
        url = self.database_url or f"sqlite:///{self.home / 'studio.db'}"
        for plain in ("postgresql://", "postgres://"):
            if url.startswith(plain):
                return "postgresql+psycopg://" + url.removeprefix(plain)
        return url

    @property
    def clock(self) -> Path | None:
        """The file with seconds to add to the clock; None: the clock is the real one, as it is where real money is taken and no file is named."""
        return self.clock_file or (self.home / "clock" if self.payments == "sandbox" else None)

    @property
    def nudges(self) -> int:
        """The UDP port on which the worker hears that there is work."""
        return self.nudge_port or self.api_port + 1

    @property
    def sandbox(self) -> int:
        """The port of the sandbox provider."""
        return self.sandbox_port or self.api_port + 2

    @property
    def statements_folder(self) -> Path:
        """Where bank statements are put to be taken in."""
        return self.statements or self.home / "statements" / "in"

    @property
    def prefect_api(self) -> str:
        """Where our processes reach the engine; `PREFECT_API_URL` in the environment wins."""
        host = "127.0.0.1" if self.host == "0.0.0.0" else self.host  # noqa: S104 (every address: ours is one of them)
        return os.environ.get("PREFECT_API_URL") or f"http://{host}:{self.prefect_port}/api"

    @property
    def prefect_ui(self) -> str:
        """Where an operator opens the Prefect UI."""
        return self.prefect_api.removesuffix("/api")

    def path(self, *parts: str) -> Path:
        """A place below `home`, its folder made."""
        make_home(self.home)
        place = self.home.joinpath(*parts)
        place.parent.mkdir(parents=True, exist_ok=True)
        return place


def make_home(home: Path) -> None:
    """Make an installation's home where there is none, for its owner alone. One that is there stays as open as somebody made it."""
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=0o700, exist_ok=True)


def read(**over: object) -> Settings:
    """The settings of this process; `over` wins over the environment.

    Raises BadSetup with one sentence per broken setting.
    """
    home = Path(str(over.get("home") or os.environ.get("STUDIO_HOME") or ROOT / "var")).resolve()
    try:
        given: dict[str, Any] = {name: value for name, value in over.items() if name != "home"}
        return Settings(_env_file=home / "secrets.env", home=home, **given)
    except ValidationError as error:
        raise BadSetup(*(_sentence(e) for e in error.errors())) from None


def _sentence(problem: ErrorDetails) -> str:
    name = "STUDIO_" + "_".join(str(part) for part in problem["loc"]).upper()
    return f"{name} is set to {problem['input']!r}: {problem['msg'][0].lower()}{problem['msg'][1:]}."
