"""What is wrong with a record, as rows of the error table. Floor 2."""

from __future__ import annotations

from worker.crm.error_kinds import Act, ErrorRow, Where, Who, parks, passes

_FLOWS = ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER")
_RIGHTS = (
    "INSUFFICIENT_ACCESS",
    "INSUFFICIENT_ACCESS_OR_READONLY",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
)
_VALUES = (
    "FIELD_INTEGRITY_EXCEPTION",
    "NUMBER_OUTSIDE_VALID_RANGE",
    "INVALID_EMAIL_ADDRESS",
    "JSON_PARSER_ERROR",
)

_PASSING = (
    passes(Where.BOTH, "UNABLE_TO_LOCK_ROW", splits=False),
    passes(Where.BOTH, "QUERY_TIMEOUT", "REQUEST_RUNNING_TOO_LONG"),
    passes(
        Where.BOTH,
        *_FLOWS,
        says=("UNABLE_TO_LOCK_ROW", "Too many SOQL queries", "CPU time limit"),
    ),
    passes(
        Where.ROW,
        "UNKNOWN_EXCEPTION",
        "SERVER_UNAVAILABLE",
        "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE",
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "PROCESSING_HALTED",
    ),
    # The others go on: what only updates a record needs no more room.
    ErrorRow(
        ("STORAGE_LIMIT_EXCEEDED",),
        Where.ROW,
        Act.RETRY,
        Who.ADMIN,
        "the org has no room for a new record of {object}: free some, or buy more",
    ),
    parks(
        Who.PERSON,
        "DUPLICATE_EXTERNAL_ID",
        says=("more than one record",),
        hint="several records of {object} have this external id{matches}: merge them"
        " and replay",
    ),
    passes(Where.ROW, "DUPLICATE_EXTERNAL_ID"),
    parks(
        Who.PERSON,
        "DUPLICATE_VALUE",
        act=Act.SEND_AGAIN,
        hint="another record of {object} has this unique value{matches}: merge the two"
        " and replay",
    ),
    parks(
        Who.ADMIN,
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        act=Act.SEND_WITHOUT_INSERT_ONLY,
        hint="{field} cannot be written: give the integration user access to it, or"
        " mark it insert_only in {place}",
    ),
)

_DATA = (
    parks(
        Who.PERSON,
        "DUPLICATES_DETECTED",
        hint="a duplicate rule of {object} takes the record for one that is there"
        "{matches}: merge them, or say `duplicates: allow` in {place} if the rule only"
        " alerts, then replay",
        splits=False,
    ),
    parks(
        Who.PERSON,
        "MORE_THAN_ONE_RECORD",
        hint="several records of {object} have this external id{matches}: merge them"
        " and replay",
    ),
    parks(
        Who.DEVELOPER,
        "REQUIRED_FIELD_MISSING",
        hint="{object} requires {field}: give it a value in {place}, or make it"
        " optional in Setup",
    ),
    parks(
        Who.DEVELOPER,
        "STRING_TOO_LONG",
        hint="the text is too long for {field}: add `as: {{truncate: N}}` in {place},"
        " or make the field longer in Setup",
    ),
    parks(
        Who.ADMIN,
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        hint="{field} does not have the value: add it in Setup, or map it in {place}",
    ),
    parks(
        Who.ADMIN,
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        hint="a validation rule or trigger of {object} refuses {field}: see the rules"
        " in Setup, or change {place}",
    ),
    parks(
        Who.DEVELOPER,
        *_VALUES,
        hint="{field} does not take the value: change {place}",
    ),
    parks(
        Who.DEVELOPER,
        "INVALID_JSON",
        where=Where.REQUEST,
        hint="a value of the record cannot be sent: change {place}",
    ),
)

_REFERENCES = (
    parks(
        Who.PERSON,
        "INVALID_FIELD",
        act=Act.AWAIT_PARENT,
        says=("Foreign key external ID",),
        hint="the record that {field} refers to does not exist yet: create it and"
        " replay",
    ),
    parks(
        Who.PERSON,
        "INVALID_CROSS_REFERENCE_KEY",
        "ENTITY_IS_DELETED",
        "MALFORMED_ID",
        hint="the record that {field} refers to is gone: correct the reference and"
        " replay",
        splits=False,
    ),
    parks(
        Who.PERSON,
        "ENTITY_IS_LOCKED",
        hint="the record of {object} is locked, as in an approval: unlock it and"
        " replay",
        splits=False,
    ),
)

_SETUP = (
    parks(
        Who.ADMIN,
        "INVALID_FIELD",
        hint="the org has no such field, or hides it: create {field}, or give the"
        " integration user access, or change {place}",
    ),
    parks(
        Who.ADMIN,
        *_RIGHTS,
        hint="give the integration user the right to write {object} and its fields",
        splits=False,
    ),
    parks(
        Who.ADMIN,
        "TXN_SECURITY_*",
        hint="a transaction security policy stops the integration user: exempt it",
        splits=False,
    ),
    parks(
        Who.ADMIN,
        *_FLOWS,
        hint="a trigger or flow of {object} failed: ask its developer",
    ),
    parks(
        Who.ADMIN,
        "INVALID_TYPE",
        hint="the org has no such object, or hides it: create {object} or give access",
    ),
    parks(
        Who.DEVELOPER,
        "MALFORMED_QUERY",
        "INVALID_QUERY_FILTER_OPERATOR",
        where=Where.REQUEST,
        hint="{object} cannot be looked up by this field: change the key or match in"
        " {place}",
    ),
    parks(
        Who.DEVELOPER,
        "NOT_FOUND",
        hint="the external id field of {object} does not exist, or is hidden: see"
        " {place}",
    ),
    parks(
        Who.DEVELOPER,
        "METHOD_NOT_ALLOWED",
        where=Where.REQUEST,
        hint="the address of {object} is not one to write to, as with an empty key:"
        " see {place}",
    ),
)

ROWS = (*_PASSING, *_DATA, *_REFERENCES, *_SETUP)
