"""Migrations: from nothing to what the models say, once, on both databases."""

import warnings

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlmodel import SQLModel

import models.tables
from models import migrate
from models.db import Database
from tests.factories import a_deal
from tests.models.threads import at_once


@pytest.fixture
def bare(bare_database_url: str):
    db = Database(bare_database_url)
    yield db
    db.close()


def test_an_empty_database_becomes_what_the_code_needs_and_says_so(bare: Database) -> None:
    assert migrate.trouble(bare) == migrate.BEHIND
    assert migrate.upgrade(bare) == ("", migrate.head())
    assert migrate.trouble(bare) == ""
    assert set(SQLModel.metadata.tables) <= set(inspect(bare.engine).get_table_names())


def test_an_older_and_a_newer_releases_database_are_told_apart(bare: Database) -> None:
    migrate.upgrade(bare)
    for at, told in (("0001", migrate.BEHIND), ("9999", migrate.NEWER.format("9999"))):
        with bare.writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :at"), {"at": at})
        assert migrate.trouble(bare) == told


def test_migrating_again_changes_nothing(bare: Database) -> None:
    migrate.upgrade(bare)
    with bare.writing() as session:
        a_deal(session)
    assert migrate.upgrade(bare) == (migrate.head(), migrate.head())
    with bare.reading() as session:
        assert session.get_one(models.tables.Deal, 1)


def test_migrations_and_models_do_not_differ(bare: Database) -> None:
    migrate.upgrade(bare)
    with bare.engine.connect() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(?i).*expression-based|.*partial index")
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_the_one_live_row_is_kept_by_the_database_that_was_migrated(bare: Database) -> None:
    migrate.upgrade(bare)
    index = next(one for one in inspect(bare.engine).get_indexes("stage_run") if one["name"] == "stage_run_one_live")
    assert index["unique"]
    assert index["column_names"] == ["deal_id", "stage", "round", "part"]


def test_two_who_migrate_at_once_end_with_one_database(bare_database_url: str) -> None:
    def upgrade(_: int) -> tuple[str, str]:
        db = Database(bare_database_url)
        try:
            return migrate.upgrade(db)
        finally:
            db.close()

    assert sorted(at_once(2, upgrade)) == [("", migrate.head()), (migrate.head(), migrate.head())]


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory.from_config(migrate.configuration()).get_heads()) == 1


def test_a_deal_that_was_won_before_there_was_delivery_begins_with_its_kickoff(bare_database_url: str) -> None:
    db = Database(bare_database_url)
    with db.engine.execution_options(studio_begin="IMMEDIATE").begin() as connection:
        config = migrate.configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.exec_driver_sql("INSERT INTO client (name, email, phone, company, locale, details, opened_at) VALUES ('A', 'a@a.example', '', '', '', '{}', '2026-03-02')")
        for number, work in ((1, "kickoff"), (2, "none")):
            connection.exec_driver_sql(
                "INSERT INTO deal (client_id, service, sales, work, money, round, salesperson, currency, locale, message, source, opened_at) "
                f"VALUES (1, 'landing-page', '{'won' if number == 1 else 'signed'}', '{work}', 'deposit_paid', 1, '', 'EUR', 'en_IE', '', '{{}}', '2026-03-02')"
            )
        connection.exec_driver_sql(
            "INSERT INTO stage_run (key, stage, deal_id, round, part, generation, state, owner, wanted_at, touched_at, why) "
            "VALUES ('deal-1/delivery/r1/g1', 'delivery', 1, 1, 0, 1, 'waiting', '', '2026-03-02', '2026-03-02', '')"
        )
    migrate.upgrade(db)
    with db.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT key, state FROM stage_run ORDER BY id").all()
    db.close()
    assert [tuple(row) for row in rows] == [("deal-1/delivery/r1/g1", "withdrawn"), ("deal-1/kickoff/r1/g1", "wanted")]
