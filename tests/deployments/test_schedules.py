"""What runs by itself, and when."""

from datetime import timedelta

from deployments.serve import HOUSEKEEPING, deployment_of


def schedules() -> dict[str, object]:
    found = {one.name: deployment_of(one, "Europe/Dublin").schedules[0].schedule for one in HOUSEKEEPING}
    return {name: getattr(one, "interval", None) or (one.cron, one.timezone) for name, one in found.items()}


def test_hours_are_read_every_hour_and_months_closed_on_the_first_at_six_by_the_studios_clock() -> None:
    found = schedules()
    assert found["sync-hours"] == timedelta(hours=1)
    assert found["close-month"] == ("0 6 1 * *", "Europe/Dublin")
    assert found["reconcile"] == timedelta(minutes=10)


def test_a_deployment_that_says_the_same_is_the_same_and_another_zone_is_another() -> None:
    [month] = [one for one in HOUSEKEEPING if one.name == "close-month"]
    assert deployment_of(month, "Europe/Dublin").version == deployment_of(month, "Europe/Dublin").version
    assert deployment_of(month, "Europe/Dublin").version != deployment_of(month, "Asia/Tokyo").version
