"""Every error of ours, drawn as one tree. Floor 0.

The tree answers two questions: do we try again, and who must act?

    SyncError
      Refused            the sender must act     4xx    never stored
        BadSignature                             401
        BadPayload                               400
        CutShort                                 400
        AddressNotAllowed                        403
        UnknownConnection                        404
        TooSlow                                  408
        LengthRequired                           411
        TooLarge                                 413
        TooMany                                  429
      MappingFault       an admin must act       park   the mapping asks the impossible
      CrmRefused         an admin must act       park   Salesforce says no, for good
      CrmUnavailable     nobody, wait            retry  Salesforce cannot answer now
        SessionExpired   nobody                  retry  after one new login
      StoreUnavailable   the operator            503    the database does not answer
        StoreSealed      the operator            503    DATA_KEY lacks a key
      BrokerUnavailable  the operator, at leisure       the doorbell is broken; the
                                                        sweep rings instead
      SettingsFault      the operator            stop   at start, all faults at once

`reason` is a slug for logs, columns and metric labels. Messages hold paths, field
names and codes, never a payload's values. Arguments are positional and plain, so that
an error survives the way between Celery's processes.
"""

from __future__ import annotations


class SyncError(Exception):
    """Something went wrong in crm-sync."""

    reason = "error"


class Refused(SyncError):
    """The delivery is refused: its sender must change something."""

    reason = "refused"
    status = 400


class BadSignature(Refused):
    """The signature is missing, malformed, too old, or made with another secret."""

    reason = "bad_signature"
    status = 401


class BadToken(Refused):
    """Who asks for the figures does not hold METRICS_TOKEN."""

    reason = "unauthorized"
    status = 401


class BadPayload(Refused):
    """The body is not what this vendor sends; the message names the path."""

    reason = "bad_payload"
    status = 400

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


class TooLarge(Refused):
    """The body is longer than MAX_BODY_BYTES."""

    reason = "too_large"
    status = 413


class CutShort(Refused):
    """The body is shorter than it was said to be."""

    reason = "body_cut_short"
    status = 400


class LengthRequired(Refused):
    """The request does not say how long its body is."""

    reason = "length_required"
    status = 411


class TooSlow(Refused):
    """The body did not arrive in BODY_SECONDS."""

    reason = "too_slow"
    status = 408


class AddressNotAllowed(Refused):
    """The connection takes no calls from this address."""

    reason = "address_not_allowed"
    status = 403


class TooMany(Refused):
    """The connection's deliveries come faster than RATE_LIMIT_PER_MINUTE."""

    reason = "too_many"
    status = 429

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__(retry_after_seconds)
        self.retry_after_seconds = retry_after_seconds

    def __str__(self) -> str:
        return f"too many for now, again in {self.retry_after_seconds:.1f} s"


class UnknownConnection(Refused):
    """No connection of this name is in config/connections.yaml."""

    reason = "unknown_connection"
    status = 404


class MappingFault(SyncError):
    """A mapping cannot be loaded or applied; the message says where and why."""

    reason = "mapping_fault"


class CrmRefused(SyncError):
    """Salesforce refuses, and would refuse again: somebody must change something.

    `matches` are the ids of records that stand in the way. `said` is what tells two
    meanings of the code apart.
    """

    reason = "crm_refused"

    def __init__(
        self,
        code: str,
        hint: str = "",
        fields: tuple[str, ...] = (),
        matches: tuple[str, ...] = (),
        said: str = "",
    ) -> None:
        super().__init__(code, hint, fields, matches, said)
        self.code = code
        self.hint = hint
        self.fields = fields
        self.matches = matches
        self.said = said

    def __str__(self) -> str:
        return f"{self.code}: {self.hint}" if self.hint else self.code


class CrmUnavailable(SyncError):
    """Salesforce cannot answer now; the same request may pass later.

    `hint` says what somebody has to do first, where that is so.
    """

    reason = "crm_unavailable"

    def __init__(
        self, code: str, retry_after_seconds: float | None = None, hint: str = ""
    ) -> None:
        super().__init__(code, retry_after_seconds, hint)
        self.code = code
        self.retry_after_seconds = retry_after_seconds
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.code}: {self.hint}" if self.hint else self.code


class SessionExpired(CrmUnavailable):
    """The Salesforce session has ended; one new login cures it."""

    reason = "session_expired"


class StoreUnavailable(SyncError):
    """The database does not answer; nothing was accepted."""

    reason = "store_unavailable"


class StoreSealed(StoreUnavailable):
    """Rows are encrypted with a key that this process lacks; they stay as they are."""

    reason = "store_sealed"


class BrokerUnavailable(SyncError):
    """The broker does not answer; the event is stored and waits for the sweep."""

    reason = "broker_unavailable"


class SettingsFault(SyncError):
    """The settings cannot be used; the message lists every fault and its fix."""

    reason = "settings_fault"

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(("The settings cannot be used:", *self.faults))


class NobodyTold(SyncError):
    """A text to people did not arrive; it is tried again."""
