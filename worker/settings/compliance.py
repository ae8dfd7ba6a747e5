"""When and where the alarm of the compliance lane is given. Floor 2."""

from __future__ import annotations

from urllib.parse import urlsplit

from worker.model import Compliance
from worker.settings.environment import Environment


def compliance(environment: Environment) -> Compliance:
    """Return the alarm's settings; without a URL it is only logged."""
    name = "COMPLIANCE_ALARM_SECONDS"
    return Compliance(
        alarm_seconds=environment.number(name, 300, least=10, most=86_400),
        alarm_url=_alarm_url(environment),
    )


def _alarm_url(environment: Environment) -> str:
    url = environment.text("COMPLIANCE_ALARM_URL")
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("https", "http") and bool(parts.hostname)
    except ValueError:
        is_good = False
    if url and not is_good:
        environment.faults.append(
            "COMPLIANCE_ALARM_URL has to be the URL of a webhook that takes"
            ' {"text": "..."}, as those of Slack do'
        )
    return url
