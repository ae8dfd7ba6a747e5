"""A failed request as the error that the use cases know. Floor 2."""

from __future__ import annotations

import logging
from typing import Any

from worker.crm.error_bodies import request_error
from worker.crm.verdicts import Act, Verdict, Who, fill, login_verdict, request_verdict
from worker.errors import CrmRefused, CrmUnavailable, SessionExpired

log = logging.getLogger(__name__)


# After what only a person can mend, one login asks so much later whether it is.
STOP_SECONDS = 900.0


class Blip(CrmUnavailable):
    """The exchange broke off: asking again at once may do."""


class NoLoginCures(CrmUnavailable):
    """The session is refused, and the next would be: a person must change the org."""


class LoginStopped(CrmUnavailable):
    """No login before `retry_after_seconds`; `hint` says who must do what."""


def request_failure(status: int | None, content: Any) -> CrmRefused | CrmUnavailable:
    """Return what an answer with an error means for the request as a whole."""
    said = request_error(status, content)
    verdict = request_verdict(status, said.code, said.message)
    code = said.code or f"HTTP {status}"
    if status == 401 and verdict.act is Act.STOP:
        return NoLoginCures(code, STOP_SECONDS, fill(verdict.hint))
    waiting = _waiting(verdict, code)
    if waiting is not None:
        return waiting
    hint = fill(verdict.hint, fields=said.fields, matches=said.matches)
    return CrmRefused(code, hint, said.fields, said.matches, verdict.said)


def exchange_failure(code: str) -> CrmRefused | CrmUnavailable:
    """Return what it means that no answer came, or none that can be read."""
    verdict = request_verdict(None, code)
    return _waiting(verdict, code) or CrmRefused(code, fill(verdict.hint))


def login_failure(status: int, content: Any) -> CrmUnavailable:
    """Return what a failed login means. The events wait: a person may mend it."""
    said = request_error(status, content)
    verdict = login_verdict(status, said.code, said.message)
    code = f"login {said.code[:80] or f'HTTP {status}'}"
    if verdict.act is Act.STOP or verdict.wait_seconds is not None:
        code = f"{code} ({verdict.said})" if verdict.said else code
        seconds = verdict.wait_seconds or STOP_SECONDS
        return LoginStopped(code, seconds, fill(verdict.hint))
    return _waiting(verdict, code) or CrmUnavailable(code)


def _waiting(verdict: Verdict, code: str) -> CrmUnavailable | None:
    """Return the error of what is tried again, or None of what is not."""
    if verdict.act is Act.LOG_IN:
        return SessionExpired(code)
    if verdict.act is Act.ASK_AGAIN:
        return Blip(code, verdict.wait_seconds)
    if verdict.act not in (Act.STOP, Act.RETRY):
        return None
    hint = "" if verdict.who is Who.NOBODY else fill(verdict.hint)
    if verdict.act is Act.STOP:
        log.error("Salesforce: %s: %s (%s)", code, hint, verdict.who)
    return CrmUnavailable(code, verdict.wait_seconds, hint)
