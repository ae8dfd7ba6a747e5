"""A text to people, by a webhook such as Slack's. Floor 2."""

from __future__ import annotations

import requests

from worker.errors import NobodyTold

TIMEOUT_SECONDS = 5.0


def post_text(url: str, text: str) -> None:
    """Post `{"text": ...}`. Raises `NobodyTold`, which does not name the URL."""
    try:
        # A token in the URL is for its host alone.
        answer = requests.post(
            url,
            json={"text": text},
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
            # An answer's text says nothing, and may never end.
            stream=True,
        )
    except requests.RequestException as error:
        raise NobodyTold(type(error).__name__) from None
    answer.close()
    if not answer.ok or answer.is_redirect:
        raise NobodyTold(f"HTTP {answer.status_code}")
