"""What yfinance sends by: once, within a deadline, and every answer is looked at before it is.

yfinance sends a refused request again under another cookie, keeps whatever came for a past range
in a cache (a 500 too), makes floats of texts, zeros of missing volumes, and an empty frame of most
things that went wrong. So what is no chart is told apart here, and never reaches it.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from curl_cffi import requests

from bifrost.adapters.vendors.calls import NoData, NotAnsweredError, Patience, refused
from bifrost.adapters.vendors.fields import ChangedShapeError
from bifrost.adapters.vendors.yahoo_chart import Chart, chart_of
from bifrost.data.providers.answers import Absent, Failed, RateLimited

_CHART = "/v8/finance/chart/"
_NONE = ("no data found", "data doesn't exist", "data not available", "delisted")
# Yahoo's own words where it sends a page in place of an answer.
_TOO_MANY = "too many requests"


class YahooSession(requests.Session[Any]):
    """A session of curl_cffi's that looks like a browser.

    url: where to send everything; empty is Yahoo's own hosts. pause_of: how long to leave it alone,
        by its headers.
    """

    def __init__(
        self, url: str, patience: Patience, pause_of: Callable[[Mapping[str, str]], float]
    ) -> None:
        super().__init__(impersonate="chrome", trust_env=False)
        self._url = url
        self._patience = patience
        self._pause_of = pause_of
        self.chart: Chart | None = None

    def request(self, method: Any, url: str, *args: Any, **options: Any) -> Any:
        """Send; for a chart, return only what is one, and raise NotAnsweredError for the rest."""
        options["timeout"] = self._patience.deadline_seconds
        parts = urlsplit(url)
        is_chart = parts.path.startswith(_CHART)
        if self._url:
            url = f"{self._url}{parts.path}{'?' + parts.query if parts.query else ''}"
        try:
            response = super().request(method, url, *args, **options)
        except requests.exceptions.RequestException as error:
            if not is_chart:
                raise
            broken = f"yahoo could not be asked: {type(error).__name__}: {error}"
            raise NotAnsweredError(Failed(broken, retryable=True)) from error
        if is_chart:
            self.chart = self._chart(response)
        return response

    def rate_limited(self, said: str) -> RateLimited:
        """Word the refusal of a crumb or a cookie, of which no header is known."""
        return RateLimited(self._pause_of({}), f"yahoo: {said}")

    def _chart(self, response: Any) -> Chart:
        text = response.text
        content = _json_of(response)
        if response.status_code != 200 or content is None:
            raise NotAnsweredError(self._refusal(response, content, text))
        try:
            return chart_of(content)
        except ChangedShapeError as error:
            changed = f"yahoo answers in another shape: {error}"
            raise NotAnsweredError(Failed(changed, retryable=False)) from error

    def _refusal(self, response: Any, content: Any, text: str) -> NoData:
        status = response.status_code
        if status == 429 or _TOO_MANY in text[:2000].lower():
            return RateLimited(
                self._pause_of(response.headers), f"yahoo answered {status}: {text:.200}"
            )
        if (said := _said(content)) is not None:
            is_none = any(words in said.lower() for words in _NONE)
            return Absent(f"yahoo: {said}") if is_none else Failed(f"yahoo: {said}", False)
        if status == 200:
            what = "what is no JSON" if text else "nothing"
            return Failed(f"yahoo answered 200 and sent {what}: {text:.100}", retryable=True)
        if status in {401, 403}:
            # Its cookie has aged; the next try brings a new one.
            return Failed(f"yahoo answered {status}: {text:.200}", retryable=True)
        return refused("yahoo", status, text, self._pause_of(response.headers))


def _json_of(response: Any) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _said(content: Any) -> str | None:
    """Return Yahoo's own description of why there is no chart."""
    try:
        return str(content["chart"]["error"]["description"])
    except (KeyError, TypeError):
        return None
