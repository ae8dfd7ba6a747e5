"""What a test file of a mapping may say: the one definition of its keys. Floor 1, pure.

Values in `payload`, `body`, `records`, `after` and `fields` are data: `true`, `false`,
`null` and JSON's numbers are what they look like where they stand without quotes, and
all else is text.
"""

from __future__ import annotations

from worker.mapping.grammar import FIELD_NAME, OBJECT, PATH, REASON, SWITCH, TEXT
from worker.mapping.shapes import Choice, Data, Fields, Items, Key, Names, Text

NOBODY = "none"

MOMENT = Text(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "a moment, such as 2026-05-04T10:15:30Z"
)
EXACT = Choice(tuple(reversed(SWITCH)))
RECORDS = Names(Items(Names(Data(), FIELD_NAME)), OBJECT)

EXPECTED_WRITE_KEYS = {
    "object": Key("the Salesforce object", OBJECT, required=True),
    "key": Key(
        "the field and the value that the record is found or made by",
        Names(TEXT, FIELD_NAME, exactly_one=True),
    ),
    "parked": Key("the reason why the record waits for a person", REASON),
    "skipped": Key("the reason why the record is not written", REASON),
    "fields": Key("fields and the values that are sent", Names(Data(), FIELD_NAME)),
    "not_sent": Key(
        "fields and links that are not sent, so that the record keeps what it has",
        Items(FIELD_NAME, at_least=1),
    ),
    "links": Key(
        "links, each with a field and its value of the record that is linked to",
        Names(Names(TEXT, FIELD_NAME, exactly_one=True), FIELD_NAME),
    ),
    "exact": Key("`true`: no other field and no other link is sent", EXACT),
}
EXPECT_KEYS = {
    "urgent": Key("whether the event overtakes everything", Choice(SWITCH)),
    "party": Key("what decides the lane; `none` where nothing does", TEXT),
    "skip": Key("the reason why the whole event is skipped", REASON),
    "writes": Key(
        "records that are written, parked or skipped, in any order; others may be too",
        Items(Fields(EXPECTED_WRITE_KEYS)),
    ),
    "exact": Key("`true`: no other record is written, parked or skipped", EXACT),
    "not_written": Key(
        "objects of which no record is written", Items(OBJECT, at_least=1)
    ),
    "after": Key(
        "what the org's records have in these fields afterwards; goes with `records`",
        RECORDS,
    ),
}
CASE_KEYS = {
    "name": Key("the behaviour, as a sentence", TEXT, required=True),
    "connection": Key(
        "the vendor account; the one named like the source if left out", TEXT
    ),
    "fixture": Key("a whole delivery: a `.http` file, from this file's folder", TEXT),
    "payload": Key(
        "what the vendor sends about the call, over the fixture's or the smallest one",
        Names(Data()),
    ),
    "body": Key("the same for the whole body, where it has more", Names(Data())),
    "without": Key("keys that are taken out afterwards", Items(PATH, at_least=1)),
    "received_at": Key("when the delivery came in, in UTC", MOMENT),
    "records": Key(
        "the records that the org has; with them all is done but the sending", RECORDS
    ),
    "expect": Key("what has to come of it", Fields(EXPECT_KEYS), required=True),
}
FILE_KEYS = {
    "cases": Key(
        "the cases, each a delivery and what has to come of it",
        Items(Fields(CASE_KEYS), at_least=1),
        required=True,
    ),
}
TEST_FILE = Fields(FILE_KEYS)
