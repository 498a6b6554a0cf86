"""The files of a grown system say what the code knows: modules, settings, ports, addresses, flows. No daemon is needed to read them."""

import configparser
import importlib.util
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from fastapi import FastAPI
from packaging.specifiers import SpecifierSet
from prefect.cli.deploy._config import _load_deploy_configs_and_actions
from prefect.cli.deploy._models import PrefectYamlModel
from prefect.cli.deploy._schedules import _construct_schedules
from prefect.flows import load_flow_from_entrypoint
from prefect.settings import Settings as PrefectSettings
from prefect.settings.legacy import _get_valid_setting_names

from api.app import create_app
from deployments import set_up, start, stock
from deployments.prefect_halves import expect_shared
from deployments.prefect_logs import as_ours
from deployments.prefect_server import ASKED, KEPT_SECONDS, check_guarded, environment
from deployments.serve import FLOWS, deployment_of
from deployments.supervisor import BAD_SETUP
from models.agreement import NAMES
from models.errors import BadSetup
from models.settings import ROOT, Settings

HERE = ROOT / "deployments"
COMPOSE = yaml.safe_load((HERE / "compose.yaml").read_text())
PARTS = {name: part for name, part in COMPOSE["services"].items() if part["image"].startswith("studioflow")}
OTHERS = {"FORWARDED_ALLOW_IPS", *as_ours("text")}
"""What uvicorn reads by itself, and Prefect besides its settings."""
UNITS = sorted((HERE / "systemd").glob("studioflow*"))
SERVICES = [path for path in UNITS if path.suffix == ".service"]
DEFAULTS = {name: field.default for name, field in Settings.model_fields.items()}


def known(name: str) -> bool:
    """Whether a variable is a setting of ours, or one of Prefect's."""
    ours = {f"STUDIO_{field.upper()}" for field in Settings.model_fields}
    return name in ours | OTHERS | _get_valid_setting_names(PrefectSettings)


def module_of(command: list[str]) -> str:
    """The module that a command runs, there to be run."""
    assert Path(command[0]).name == "python" and command[1] == "-m", command
    assert importlib.util.find_spec(command[2]), command
    return command[2] if command[2] != "uvicorn" else next(word for word in command if ":" in word)


def asked_address(part: dict) -> str:
    return re.search(r"http://127\.0\.0\.1:\d+/[\w/]+", " ".join(part["healthcheck"]["test"])).group()


def routes(app: FastAPI) -> set[str]:
    return set(app.openapi()["paths"])


def sample(name: str) -> dict[str, str]:
    return assigned((HERE / name).read_text())


def assigned(said: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in said.splitlines() if line and not line.startswith("#"))


def filled_in(variables: dict[str, str], given: dict[str, str]) -> dict[str, str]:
    """What compose makes of a part's environment: `${A}`, `${A:-else}`, and `${A:?}`, which must not be empty."""

    def value(found: re.Match) -> str:
        name, how = found.groups()
        assert given.get(name) or how != ":?", f"{name} is asked for"
        return given.get(name) or (how or "").removeprefix(":-")

    return {name: re.sub(r"\$\{(\w+)(:-[^}]*|:\?)?\}", value, str(word)) for name, word in variables.items()}


def starts_with(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> Settings:
    """All that is looked at before anything starts; the settings that are read."""
    for name in [name for name in os.environ if name.startswith(("STUDIO_", "PREFECT_"))]:
        monkeypatch.delenv(name)
    for name, word in variables.items():
        monkeypatch.setenv(name, word)
    settings = start.settings_of()
    set_up.check(settings)
    check_guarded(settings)
    return settings


def test_every_part_of_the_composition_runs_a_module_of_ours_with_settings_that_are_read() -> None:
    assert {name: module_of(part["command"]) for name, part in PARTS.items()} == {
        "prepare": "deployments.start", "prefect": "deployments.prefect_server", "services": "deployments.prefect_server",
        "worker": "deployments.worker", "runner": "deployments.runner", "api": "api.app:create_app",
    }  # fmt: skip
    assert [PARTS[name]["command"][-1] for name in ("prefect", "services")] == ["--no-services", "--services"]
    assert PARTS["worker"]["deploy"] == PARTS["api"]["deploy"] == {"replicas": 2}
    assert [name for part in PARTS.values() for name in part["environment"] if not known(name)] == []
    assert [name for name, part in PARTS.items() if "profiles" in part] == ["runner"], "an extra one, for STUDIO_WORKER=process"
    made = {"secret", "seal_key", "stripe_url"}  # the first start makes them; an address for tests
    assert {f"STUDIO_{name.upper()}" for name in set(NAMES) - made} <= set(PARTS["worker"]["environment"]), "what runs must have in common"


def test_the_composition_hangs_together() -> None:
    services, volumes = COMPOSE["services"], COMPOSE["volumes"]
    for part in services.values():
        assert set(part.get("depends_on", {})) <= set(services)
        for name, how in part.get("depends_on", {}).items():
            assert how["condition"] != "service_healthy" or "healthcheck" in services[name]
        for volume in part.get("volumes", []):
            source = volume.split(":")[0]
            assert source in volumes or source.startswith("$") or (HERE / source).exists(), volume
    asked = set(re.findall(r"\$\{(\w+)", (HERE / "compose.yaml").read_text()))
    assert asked == set(sample("compose/example.env")), "example.env names exactly what is asked for"


def test_the_composition_starts_with_the_example_once_its_passwords_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    given = sample("compose/example.env") | {"POSTGRES_PASSWORD": "hush", "PREFECT_AUTH": "studio:a password of the tests"}
    ours = {"STUDIO_HOME": str(tmp_path), "STUDIO_COMPANY": str(ROOT / "company"), "STUDIO_DATABASE_URL": postgres_url}
    starts_with(monkeypatch, filled_in(PARTS["prepare"]["environment"], given) | ours)
    without = filled_in(PARTS["prepare"]["environment"], given | {"STUDIO_MAIL_URL": ""}) | ours
    with pytest.raises(BadSetup, match="STUDIO_MAIL_URL is empty"):
        starts_with(monkeypatch, without)
    with (tmp_path / "secrets.env").open("a") as file:
        file.write("STUDIO_MAIL_URL=smtp://mail.example\n")
    assert starts_with(monkeypatch, without).mail_url == "smtp://mail.example"


def test_whatever_the_composition_leaves_empty_is_taken_from_the_secrets_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    there = {
        "STUDIO_MAIL_URL": "smtp://mail.example", "STUDIO_MAILBOX_URL": "files", "STUDIO_PAYMENTS": "stripe", "STUDIO_STRIPE_KEY": "sk_live_1",
        "STUDIO_STRIPE_WEBHOOK_SECRET": "whsec_1", "STUDIO_TRACKER": "redmine", "STUDIO_DESK": "redmine",
        "STUDIO_REDMINE_URL": "https://redmine.example", "STUDIO_REDMINE_KEY": "k", "STUDIO_REDMINE_OPTIONS": "stage=Stage", "STUDIO_LOG": "json",
        "STUDIO_WORKER": "stock",
    }  # fmt: skip
    example, environment_ = sample("compose/example.env"), PARTS["prepare"]["environment"]
    empty = {name for name, word in environment_.items() if str(word).endswith(":-}")}
    assert empty == set(there), "no default of the composition's stands before the file's"
    given = example | {"POSTGRES_PASSWORD": "hush", "PREFECT_AUTH": "studio:a password of the tests"} | dict.fromkeys(there, "")
    ours = {"STUDIO_HOME": str(tmp_path), "STUDIO_COMPANY": str(ROOT / "company"), "STUDIO_DATABASE_URL": postgres_url}
    with pytest.raises(BadSetup, match="play money"):
        starts_with(monkeypatch, filled_in(environment_, given) | ours)
    with (tmp_path / "secrets.env").open("a") as file:
        file.write("".join(f"{name}={word}\n" for name, word in there.items()))
    settings = starts_with(monkeypatch, filled_in(environment_, given) | ours)
    words = {name: getattr(settings, name.removeprefix("STUDIO_").lower()) for name in there}
    assert {name: getattr(word, "get_secret_value", lambda word=word: word)() for name, word in words.items()} == there


def test_pages_keep_an_idle_line_open_for_longer_than_a_proxy_reuses_it() -> None:
    """Caddy reuses one for two minutes; a form that is posted just when the pages close theirs is answered 502."""
    units = [path.read_text() for path in SERVICES if "uvicorn" in path.read_text()]
    assert len(units) == 1 and KEPT_SECONDS > 120
    for words in [PARTS["api"]["command"], start._served("api.app", "127.0.0.1", 1), *(unit.split() for unit in units)]:
        assert words[words.index("--timeout-keep-alive") + 1] == str(KEPT_SECONDS)


def test_postgresql_is_well_once_the_network_reaches_it_and_not_while_its_image_makes_the_first_databases() -> None:
    asked = COMPOSE["services"]["postgres"]["healthcheck"]["test"]
    assert asked[1:4] == ["pg_isready", "--host", "127.0.0.1"]


def test_ports_and_addresses_are_those_of_the_code(tmp_path: Path) -> None:
    api, prefect = PARTS["api"], PARTS["prefect"]
    port, engine = str(DEFAULTS["api_port"]), str(DEFAULTS["prefect_port"])
    caddy = (HERE / "compose/Caddyfile").read_text()
    assert port in api["command"] and f"port {port}" in caddy and f"prefect:{engine}" in caddy
    assert api["environment"]["PREFECT_API_URL"] == f"http://prefect:{engine}/api"
    assert f"EXPOSE {port} {engine}" in (HERE / "Containerfile").read_text()
    pages = routes(create_app(Settings(home=tmp_path, secret="a secret of the tests")))
    assert asked_address(api).removeprefix(f"http://127.0.0.1:{port}") in pages
    assert asked_address(prefect) == f"http://127.0.0.1:{engine}/api/ready", "/api/health is true without a database"
    assert set(re.findall(r"\{\$(\w+)\}", caddy)) == set(COMPOSE["services"]["proxy"]["environment"])


def test_the_container_holds_what_the_launcher_installs_and_every_folder_that_is_shipped() -> None:
    said, project = (HERE / "Containerfile").read_text(), tomllib.loads((ROOT / "pyproject.toml").read_text())
    libraries = re.search(r'^libraries="(.*)"', (ROOT / "studio").read_text(), re.MULTILINE).group(1)
    assert libraries in said
    copied = {folder for folder, to in re.findall(r"^COPY (\w+) (\w+)$", said, re.MULTILINE) if folder == to}
    assert copied == {*project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"], "company"}
    version = re.search(r"python:([\d.]+)-", said).group(1)
    assert version in SpecifierSet(project["project"]["requires-python"])
    assert module_of(re.findall(r'"([^"]+)"', said.splitlines()[-1])) == "deployments.cli"


def test_no_passwords_are_copied_into_the_image_or_the_repository() -> None:
    copied = {word for words in re.findall(r"^COPY (.+) \S+$", (HERE / "Containerfile").read_text(), re.MULTILINE) for word in words.split()}
    words = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert words[0] == "*" and {word[1:] for word in words if word.startswith("!")} - {"**/example.env"} == copied
    assert words.index("**/.env*") > max(words.index(f"!{name}") for name in copied), "the last line that fits a file decides"
    assert ".env*" in (ROOT / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_unit_starts_a_module_of_ours_as_its_own_user(path: Path) -> None:
    unit = read_unit(path)
    assert module_of(unit["Service"]["ExecStart"].split()).startswith(("deployments.", "api.app"))
    assert (unit["Service"]["User"], unit["Service"]["StateDirectory"]) == ("studioflow", "studioflow")
    for others in (unit["Unit"].get("Requires", ""), unit["Unit"].get("PartOf", "")):
        assert all((path.parent / name).exists() for name in others.split())


def test_threads_share_their_memory_wherever_a_part_starts() -> None:
    few = re.search(r"export MALLOC_ARENA_MAX=\"\$\{MALLOC_ARENA_MAX:-(\d+)\}\"", (ROOT / "studio").read_text())[1]
    assert f" MALLOC_ARENA_MAX={few} " in (HERE / "Containerfile").read_text()
    lasting = [unit for unit in map(read_unit, SERVICES) if unit["Service"].get("Type") != "oneshot"]
    assert [unit["Service"].get("Environment") for unit in lasting] == [f"MALLOC_ARENA_MAX={few}"] * len(lasting)


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_what_a_unit_writes_only_its_own_user_reads(path: Path) -> None:
    service = read_unit(path)["Service"]
    assert (service["UMask"], service["StateDirectoryMode"]) == ("0077", "0700")


def test_the_target_wants_two_workers_two_apis_and_every_unit_but_the_one_box_s() -> None:
    wanted = re.findall(r"studioflow-[\w@.-]+\.service", (HERE / "systemd/studioflow.target").read_text())
    assert {re.sub(r"@\d+", "@", name) for name in wanted} == {path.name for path in SERVICES} - {"studioflow.service", "studioflow-prepare.service"}
    assert (sum("worker@" in name for name in wanted), sum("api@" in name for name in wanted)) == (2, 2)
    assert [name for name in sample("systemd/example.env") if not known(name)] == []


@pytest.mark.parametrize("whole", [False, True], ids=["one box", "in parts"])
def test_the_units_start_with_the_example_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str, *, whole: bool) -> None:
    said = (HERE / "systemd/example.env").read_text()
    variables = assigned(said if whole else said.partition("# In parts:")[0])
    ours = {"STUDIO_HOME": str(tmp_path), "STUDIO_COMPANY": str(ROOT / "company")} | ({"STUDIO_DATABASE_URL": postgres_url} if whole else {})
    settings = starts_with(monkeypatch, variables | ours)
    assert settings.public_url and settings.mail_url and settings.payments == "none"
    assert environment(settings)[ASKED] == settings.prefect_auth.get_secret_value()
    if whole:
        expect_shared(environment(settings))


@pytest.mark.parametrize("path", [path for path in SERVICES if "Restart=" in path.read_text()], ids=lambda path: path.name)
def test_a_unit_whose_set_up_is_wrong_is_not_started_again_and_again(path: Path) -> None:
    assert read_unit(path)["Service"]["RestartPreventExitStatus"] == str(BAD_SETUP)


def test_what_all_others_need_waits_for_the_database_instead_of_failing_with_them() -> None:
    """A job that was queued behind one that fails is dropped, and no restart of systemd 252 queues it again."""
    service = read_unit(HERE / "systemd/studioflow-prepare.service")["Service"]
    assert (service["Type"], service["TimeoutStartSec"]) == ("oneshot", "infinity")
    assert service["ExecStart"].split()[-2:] == ["deployments.start", "--patient"]
    assert PARTS["prepare"]["command"][-1] == "deployments.start", "in containers somebody looks at a start that ends"


def test_the_page_tells_how_a_unit_may_write_elsewhere_than_below_its_home() -> None:
    page = (ROOT / "docs/scale.md").read_text()
    for path in SERVICES:
        assert read_unit(path)["Service"]["ProtectSystem"] == "strict"
        assert "ReadWritePaths= in a drop-in, docs/scale.md" in path.read_text()
    drop_ins = re.findall(r"```ini\n(.*?)```", page, re.DOTALL)
    assert ["ReadWritePaths=" in one for one in drop_ins] == [True, True]
    named = set(re.findall(r"studioflow[\w@-]*\.service(?![\w.])", page))
    assert {"studioflow-worker@.service", "studioflow.service"} <= named and all((HERE / "systemd" / name).exists() for name in named)


def test_systemd_has_nothing_to_say_of_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    for path in UNITS:
        (tmp_path / path.name).write_text(path.read_text().replace("/opt/studioflow", str(ROOT)))
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(map(str, tmp_path.iterdir()))], capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stderr) == (0, "")


def test_the_page_about_growing_names_settings_modules_and_files_that_are_there() -> None:
    page = (ROOT / "docs/scale.md").read_text()
    assert [name for name in re.findall(r"\b(?:STUDIO|PREFECT)_[A-Z_]+\b", page) if not known(name)] == []
    assert [name for name in re.findall(r"python -m (\w[\w.]*)", page) if not importlib.util.find_spec(name)] == []
    assert [link for link in re.findall(r"\]\((?!http)([^)]+)\)", page) if not (ROOT / "docs" / link).exists()] == []
    agreed = {f"STUDIO_{name.upper()}" for name in NAMES if name != "stripe_url"}
    assert agreed - set(re.findall(r"STUDIO_[A-Z_]+", page)) == set(), "each run must have them"
    assert {Path(link).name for link in re.findall(r"\]\((?!http)([^)]+)\)", page)} >= {"compose.yaml", "systemd", "Containerfile", "prefect.yaml"}


def test_the_advice_on_sizes_is_what_was_measured() -> None:
    """Within a fifth: a new run of the bench changes the last digit, and no advice."""
    page = re.sub(r"\s+", " ", (ROOT / "docs/scale.md").read_text())
    rows = re.findall(r"^\| (?:\* )?(.+?) \| ([\d.]+) ", (ROOT / "benchmarks/README.md").read_text(), re.MULTILINE)
    measured = {name: float(value) for name, value in rows}
    a_deal = [measured[f"processor time a deal with its deposit paid, {part}"] for part in ("Prefect server", "PDF process", "worker")]
    said = re.search(r"takes ([\d.]+) processor seconds, ([\d.]+) of Prefect's server, ([\d.]+) of printing, ([\d.]+) of the worker", page)
    assert [float(one) for one in said.groups()] == pytest.approx([sum(a_deal), *a_deal], rel=0.2)
    slow, fast = (measured[f"runs of six steps a second, {how}"] for how in ("triggered in parallel", "warm worker"))
    runs = re.search(r"do ([\d.]+) to ([\d.]+) runs of six steps a second", page)
    assert [float(one) for one in runs.groups()] == pytest.approx([slow, fast], rel=0.2)
    assert 2 / slow < 0.5 and measured["deals a minute, form → deposit paid"] == pytest.approx(11, rel=0.2)
    assert 1000 / measured["applications worked off a minute"] == pytest.approx(12, rel=0.2)


def test_prefect_yaml_is_what_stock_writes() -> None:
    assert (HERE / "prefect.yaml").read_text() == stock.text(), "python -m deployments.stock > deployments/prefect.yaml"


@pytest.mark.parametrize("kind", ["process", "docker", "kubernetes"])
def test_prefect_reads_every_flow_for_each_kind_of_stock_pool(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "prefect.yaml"
    place.write_text(stock.text().replace("<<: *process", f"<<: *{kind}"))
    told, _ = _load_deploy_configs_and_actions(place, console=SimpleNamespace(print=pytest.fail))
    assert [one["name"] for one in told] == [flow.name for flow in FLOWS]
    read = PrefectYamlModel.model_validate(yaml.safe_load(place.read_text()))
    assert {one.work_pool.name for one in read.deployments} == {f"studio-{kind}"}
    given = read.deployments[0].work_pool.job_variables["env"]
    assert [name for name in given if not known(name)] == []
    assert given.items() >= as_ours("text").items()


def test_stock_pools_run_the_same_flows_at_the_same_times(monkeypatch: pytest.MonkeyPatch) -> None:
    told, _ = _load_deploy_configs_and_actions(HERE / "prefect.yaml", console=SimpleNamespace(print=pytest.fail))
    for one, flow in zip(told, FLOWS, strict=True):
        ours = deployment_of(flow, "Europe/Dublin")
        assert load_flow_from_entrypoint(one["entrypoint"], use_placeholder_flow=False) is flow
        assert (one["entrypoint"], one["tags"]) == (ours.entrypoint, ours.tags)
        schedules = _construct_schedules(
            yaml.safe_load(yaml.safe_dump(one).replace("{{ $ZONE }}", "Europe/Dublin")), {}, console=None, is_interactive=lambda: False
        )  # fmt: skip
        assert [without_anchor(made["schedule"]) for made in schedules] == [without_anchor(made.schedule) for made in ours.schedules]


def without_anchor(schedule: object) -> dict:
    return {name: value for name, value in schedule.model_dump().items() if name not in {"anchor_date", "timezone"} or "cron" in dir(schedule)}


def read_unit(path: Path) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read_string(path.read_text())
    return unit
