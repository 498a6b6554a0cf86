"""Columns that every table uses: JSON, aware UTC times, amounts."""

from typing import Any

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field

from models.db import UtcDateTime

Payload = dict[str, Any]


def json_of(default: type = dict) -> Any:
    """Plain data: a dict, or a list."""
    return Field(default_factory=default, sa_type=JSON, nullable=False)


def when(*, null: bool = True, index: bool = False) -> Any:
    """An aware moment in UTC."""
    if null:
        return Field(default=None, sa_type=UtcDateTime, nullable=True, index=index)
    return Field(sa_type=UtcDateTime, nullable=False, index=index)


def minor(*, null: bool = False) -> Any:
    """An amount in minor units."""
    if null:
        return Field(default=None, sa_type=BigInteger, nullable=True)
    return Field(sa_type=BigInteger, nullable=False)
