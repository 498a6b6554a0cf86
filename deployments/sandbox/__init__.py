"""The sandbox: a card payment provider that takes play money. A small app of its own, with a database of its own below home.

It does to us what a real one does: a page that pays once, signed webhooks that come late, twice or the wrong way round, refunds,
disputes, fees and payouts. `uvicorn --factory deployments.sandbox.app:create_app`; started by `./studio up` while STUDIO_PAYMENTS is sandbox.
"""
