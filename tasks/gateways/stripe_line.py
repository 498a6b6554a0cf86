"""The line to Stripe: its SDK's requests through httpx, as the rest of ours go. Imported when Stripe is first needed."""

import ssl
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import httpx
from stripe import APIConnectionError, HTTPClient


class Line(HTTPClient):
    """A client for StripeClient. Their own sends text in a way that httpx has announced the end of."""

    name = "httpx"

    def __init__(self, timeout: float) -> None:
        super().__init__()
        self._seconds = timeout

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def request(self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_more: Any) -> Any:
        """Body, status and headers of the answer.

        Raises APIConnectionError where there is none; it may be asked again, since whatever acts carries a key.
        """
        try:
            # A connection for each request: they are few and far between, and a line that has gone dead meanwhile is no trouble then.
            with httpx.Client(timeout=self._seconds, verify=self._tls) as http:
                answer = http.request(method, url, headers=headers, content=post_data)
        except httpx.TransportError as error:
            raise APIConnectionError(type(error).__name__, should_retry=True) from None
        return answer.content, answer.status_code, answer.headers
