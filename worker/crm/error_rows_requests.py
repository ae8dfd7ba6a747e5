"""What stops a whole request or a login, as rows of the error table. Floor 2."""

from __future__ import annotations

from worker.crm.error_kinds import Act, ErrorRow, Wait, Where, Who, passes, stops

_RATE = "login rate exceeded"
_APP = "compare it with the org's External Client App"
_ACTIVE = "activate the integration user, or set another"


def _stops(who: Who, code: str, hint: str, *says: str) -> ErrorRow:
    """Return a row of a login that no repetition cures."""
    return stops(Where.LOGIN, who, code, hint=hint, says=says)


_LOGIN = (
    passes(Where.LOGIN, "LOGIN_RATE_EXCEEDED", "login_rate_exceeded", wait=Wait.HOUR),
    passes(Where.LOGIN, "invalid_grant", says=(_RATE,), wait=Wait.HOUR),
    _stops(
        Who.ADMIN,
        "invalid_grant",
        "upload the certificate of SALESFORCE_PRIVATE_KEY to the app, and look at this"
        " machine's clock",
        "invalid assertion",
    ),
    _stops(
        Who.ADMIN,
        "invalid_grant",
        "let the app admit its users by an admin's approval, and give it to a profile"
        " or permission set of SALESFORCE_USERNAME",
        "approved this consumer",
    ),
    _stops(
        Who.OPERATOR,
        "invalid_grant",
        "set SALESFORCE_AUDIENCE to the login host",
        "audience",
    ),
    _stops(Who.ADMIN, "invalid_grant", _ACTIVE, "inactive user"),
    _stops(Who.ADMIN, "inactive_user", _ACTIVE),
    _stops(Who.ADMIN, "inactive_org", "the org is locked or closed: ask Salesforce"),
    _stops(
        Who.ADMIN,
        "invalid_grant",
        "name a run-as user in the app's client credentials flow",
        "no client credentials user",
    ),
    _stops(
        Who.ADMIN, "invalid_app_access", "give the integration user access to the app"
    ),
    _stops(Who.OPERATOR, "invalid_client_id", f"SALESFORCE_CLIENT_ID: {_APP}"),
    _stops(Who.OPERATOR, "invalid_client", f"SALESFORCE_CLIENT_SECRET: {_APP}"),
    _stops(Who.ADMIN, "unsupported_grant_type", "enable the flow in the app"),
    _stops(Who.ADMIN, "unauthorized_client", "enable the flow in the app"),
    # Salesforce also says so while another process logs in.
    ErrorRow(
        ("invalid_grant", "invalid_request"),
        Where.LOGIN,
        Act.RETRY,
        Who.ADMIN,
        "let the integration user log in by this app",
    ),
)

_SESSION = (
    stops(
        Where.REQUEST,
        Who.ADMIN,
        "INVALID_SESSION_ID",
        says=("not valid for use with the REST API", "not attached to Agent"),
        hint="no login cures this session: give the integration user API access and"
        " attach the connected app",
    ),
    passes(
        Where.REQUEST,
        "INVALID_SESSION_ID",
        "INVALID_AUTH_HEADER",
        "invalid_token",
        "HTTP 401",
        act=Act.LOG_IN,
    ),
    passes(
        Where.LOGIN,
        "invalid_grant",
        says=("expired authorization code", "already being processed"),
    ),
    passes(Where.LOGIN, "HTTP 420", "HTTP 429", "HTTP 5*", "server_error"),
)

_LIMITS = (
    passes(Where.REQUEST, "LOGIN_RATE_EXCEEDED", wait=Wait.HOUR),
    ErrorRow(
        ("REQUEST_LIMIT_EXCEEDED",),
        Where.REQUEST,
        Act.RETRY,
        Who.ADMIN,
        "the org's API requests of 24 hours are used up: it goes on by itself; if that"
        " is often so, see who uses them, or buy more",
        ("TotalRequests",),
        Wait.MINUTES,
    ),
    passes(Where.REQUEST, "REQUEST_LIMIT_EXCEEDED", "TXN_SECURITY_METERING_ERROR"),
    passes(Where.REQUEST, "HTTP 408", "HTTP 420", "HTTP 429"),
    stops(
        Where.REQUEST,
        Who.ADMIN,
        "STORAGE_LIMIT_EXCEEDED",
        hint="the org's storage is full: free some, or buy more",
        wait=Wait.MINUTES,
    ),
)

_AWAY = (
    passes(
        Where.REQUEST,
        "SERVER_UNAVAILABLE",
        "UNKNOWN_EXCEPTION",
        "HTTP 500",
        "HTTP 502",
        "HTTP 503",
        "HTTP 504",
        act=Act.ASK_AGAIN,
    ),
    passes(
        Where.REQUEST,
        "API_CURRENTLY_DISABLED",
        "ORG_IN_MAINTENANCE",
        "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE",
        wait=Wait.MINUTES,
    ),
    stops(
        Where.REQUEST,
        Who.ADMIN,
        "API_DISABLED_FOR_ORG",
        hint="the org has no API: it needs an edition or a licence with API access",
        wait=Wait.MINUTES,
    ),
    stops(
        Where.REQUEST,
        Who.OPERATOR,
        "UNSUPPORTED_API_VERSION",
        "HTTP 410",
        hint="the org no longer has this API version: set a newer one",
        wait=Wait.MINUTES,
    ),
    passes(Where.REQUEST, "no answer: *", "answer cut short", act=Act.ASK_AGAIN),
    passes(
        Where.REQUEST,
        "timeout",
        "HTTP 413",
        "answer of another length",
        "answer of another shape",
    ),
)

ROWS = (*_SESSION, *_LOGIN, *_LIMITS, *_AWAY)
