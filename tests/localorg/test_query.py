from __future__ import annotations

import pytest

from .client import API, Client

CONTACTS = [
    {"LastName": "Adams", "FirstName": "Zoe", "Phone": "+15550100001"},
    {"LastName": "baker", "Phone": "+15550100002", "Birthdate": "1980-05-06"},
    {"LastName": "O'Neil", "Email": "jo@example.org"},
    {"LastName": "100%_\\sure", "Birthdate": "1990-01-01"},
]


@pytest.fixture
def people(client: Client) -> Client:
    client.org.insert("Contact", CONTACTS)
    return client


def test_a_query_answers_in_the_shape_of_salesforce(people: Client) -> None:
    answer = people.query("SELECT id, lastname, Phone FROM contact LIMIT 1")

    (record,) = answer["records"]
    url = f"{API}sobjects/Contact/{record['Id']}"
    assert answer == {
        "totalSize": 1,
        "done": True,
        "records": [
            {
                "attributes": {"type": "Contact", "url": url},
                "Id": record["Id"],
                "LastName": "Adams",
                "Phone": "+15550100001",
            }
        ],
    }


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("LastName = 'ADAMS'", ["Adams"]),
        ("LastName = 'O\\'Neil'", ["O'Neil"]),
        ("LastName = '100%_\\\\sure'", ["100%_\\sure"]),
        ("FirstName != 'Zoe'", ["baker", "O'Neil", "100%_\\sure"]),
        ("FirstName <> null", ["Adams"]),
        ("FirstName = null AND Phone != null", ["baker"]),
        ("Phone IN ('+15550100001', '+15550100002')", ["Adams", "baker"]),
        ("Phone IN ('+15550100001', null)", ["Adams", "O'Neil", "100%_\\sure"]),
        ("Phone NOT IN ('+15550100001')", ["baker", "O'Neil", "100%_\\sure"]),
        ("NOT Phone = '+15550100001'", ["baker", "O'Neil", "100%_\\sure"]),
        ("(NOT (Phone IN ('+15550100001') OR LastName = 'x'))", ["baker"] + ["_"] * 2),
        ("LastName LIKE 'a%'", ["Adams"]),
        ("LastName LIKE '_aker'", ["baker"]),
        ("LastName LIKE '100\\%\\_%'", ["100%_\\sure"]),
        ("LastName LIKE '%\\\\sure'", ["100%_\\sure"]),
        ("LastName LIKE '\\%%'", []),
        ("Birthdate > 1985-01-01", ["100%_\\sure"]),
        ("Birthdate <= 1980-05-06", ["baker"]),
        ("CreatedDate > 2020-01-01T00:00:00Z AND IsDeleted = false", ["_"] * 4),
        ("CreatedDate < 2020-01-01T00:00:00+01:00", []),
        ("(LastName = 'adams' OR LastName = 'baker') AND Birthdate = null", ["Adams"]),
        ("LastName = 'x\\' OR LastName != \\''", []),
    ],
)
def test_a_condition_finds_its_records(
    people: Client, where: str, expected: list[str]
) -> None:
    found = people.names(f"SELECT LastName FROM Contact WHERE {where}", "LastName")

    assert len(found) == len(expected)
    assert all(want in (got, "_") for got, want in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("LastName", ["100%_\\sure", "Adams", "baker", "O'Neil"]),
        ("LastName DESC LIMIT 2", ["O'Neil", "baker"]),
        ("LastName ASC LIMIT 2 OFFSET 1", ["Adams", "baker"]),
        ("Birthdate, LastName DESC", ["O'Neil", "Adams", "baker", "100%_\\sure"]),
        (
            "Birthdate DESC NULLS LAST, LastName",
            ["100%_\\sure", "baker", "Adams", "O'Neil"],
        ),
        (
            "Birthdate DESC NULLS FIRST, LastName",
            ["Adams", "O'Neil", "100%_\\sure", "baker"],
        ),
    ],
)
def test_records_come_in_the_order_asked_for(
    people: Client, order: str, expected: list[str]
) -> None:
    names = people.names(f"SELECT LastName FROM Contact ORDER BY {order}", "LastName")

    assert names == expected


def test_count_gives_a_total_and_no_records(people: Client) -> None:
    answer = people.query("SELECT COUNT() FROM Contact WHERE Phone != null")

    assert answer == {"totalSize": 2, "done": True, "records": []}


def test_a_field_of_a_parent_comes_nested(client: Client) -> None:
    (account_id,) = client.org.insert("Debt_Account__c", [{"Account_Number__c": "A-1"}])
    rows = [{"Subject": "with", "Debt_Account__c": account_id}, {"Subject": "without"}]
    client.org.insert("Task", rows)

    answer = client.query(
        "SELECT Subject, Debt_Account__r.Account_Number__c, Debt_Account__r.Balance__c "
        "FROM Task ORDER BY Subject"
    )

    with_parent, without_parent = answer["records"]
    url = f"{API}sobjects/Debt_Account__c/{account_id}"
    assert with_parent["Debt_Account__r"] == {
        "attributes": {"type": "Debt_Account__c", "url": url},
        "Account_Number__c": "A-1",
        "Balance__c": None,
    }
    assert without_parent["Debt_Account__r"] is None


def test_records_are_found_by_a_field_of_their_parent(client: Client) -> None:
    (account_id,) = client.org.insert("Debt_Account__c", [{"Account_Number__c": "A-1"}])
    rows = [{"Subject": "mine", "Debt_Account__c": account_id}, {"Subject": "other"}]
    client.org.insert("Task", rows)

    soql = "SELECT Subject FROM Task WHERE Debt_Account__r.Account_Number__c = 'a-1'"

    assert client.names(soql, "Subject") == ["mine"]


def test_a_polymorphic_parent_gives_what_it_has(client: Client) -> None:
    (contact_id,) = client.org.insert("Contact", [{"LastName": "Doe"}])
    rows = [{"WhoId": contact_id}, {"WhoId": "00QLo0000000009"}]
    client.org.insert("Task", rows)

    records = client.query("SELECT Who.Name, Who.Company FROM Task")["records"]

    names = [(each["Who"]["Name"], each["Who"]["Company"]) for each in records]
    assert names == [("Doe", None), (None, None)]


def test_an_id_is_found_in_both_of_its_forms(client: Client) -> None:
    (contact_id,) = client.org.insert("Contact", [{"LastName": "Doe"}])
    client.org.insert("Task", [{"WhoId": contact_id}])
    for given in (contact_id, contact_id[:15]):
        by_id = client.query(f"SELECT Id FROM Contact WHERE Id = '{given}'")
        by_lookup = client.query(f"SELECT Id FROM Task WHERE WhoId IN ('{given}')")

        assert (by_id["totalSize"], by_lookup["totalSize"]) == (1, 1)


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("", "MALFORMED_QUERY", "unexpected end of query"),
        ("SELECT Id", "MALFORMED_QUERY", "unexpected end of query"),
        ("SELECT FROM Contact", "MALFORMED_QUERY", "unexpected token: 'Contact'"),
        ("DELETE FROM Contact", "MALFORMED_QUERY", "unexpected token: 'DELETE'"),
        ("SELECT Id FROM Contact;", "MALFORMED_QUERY", "unexpected token: ';'"),
        ("SELECT Id FROM Contact LIMIT x", "MALFORMED_QUERY", "unexpected token: 'x'"),
        (
            "SELECT Id FROM Contact WHERE Id = null AND Id = null OR Id = null",
            "MALFORMED_QUERY",
            "unexpected token: 'OR'",
        ),
        (
            "SELECT Id FROM Contact WHERE LastName = 'open",
            "MALFORMED_QUERY",
            "unexpected token: ''open'",
        ),
        (
            "SELECT Id FROM Contact WHERE LastName IN ()",
            "MALFORMED_QUERY",
            "unexpected token: ')'",
        ),
        (
            f"SELECT Id FROM Contact WHERE {'(' * 60}Id = null{')' * 60}",
            "MALFORMED_QUERY",
            "unexpected token: '('",
        ),
        ("SELECT Id FROM Lead", "INVALID_TYPE", "sObject type 'Lead' is not supported"),
        (
            "SELECT Nope FROM Contact",
            "INVALID_FIELD",
            "No such column 'Nope' on entity",
        ),
        (
            "SELECT Id FROM Contact ORDER BY Nope",
            "INVALID_FIELD",
            "No such column 'Nope' on entity",
        ),
        (
            "SELECT Nope__r.Name FROM Contact",
            "INVALID_FIELD",
            "Didn't understand relationship 'Nope__r'",
        ),
        (
            "SELECT Debt_Account__r.Nope FROM Task",
            "INVALID_FIELD",
            "No such column 'Nope' on entity 'Debt_Account__c'",
        ),
        (
            "SELECT Id FROM Contact WHERE LastName = 5",
            "INVALID_FIELD",
            "must be of type string and should be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Task WHERE CallDurationInSeconds = '5'",
            "INVALID_FIELD",
            "must be of type int and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Task WHERE Description = 'x'",
            "INVALID_FIELD",
            "field 'Description' can not be filtered",
        ),
        (
            "SELECT Id FROM Contact WHERE Id = 'x'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid ID field: x",
        ),
        (
            "SELECT Id FROM Contact WHERE Birthdate LIKE '1'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator on date field",
        ),
        (
            "SELECT Id FROM Contact OFFSET 2001",
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Maximum SOQL offset",
        ),
    ],
)
def test_a_query_that_is_wrong_says_how(
    client: Client, soql: str, code: str, message: str
) -> None:
    found_code, found_message = client.query_error(soql)

    assert found_code == code
    assert message in found_message


def test_a_query_with_more_terms_than_sqlite_takes_is_refused(client: Client) -> None:
    # Straight to the parser: over HTTP the URI would be refused first.
    from worker.localorg.backend import Backend
    from worker.localorg.messages import Refused
    from worker.localorg.query import run_soql

    backend: Backend = client.org._backend
    terms = " OR ".join(["FirstName = 'x'"] * 5000)
    soql = f"SELECT Id FROM Contact WHERE {terms}"

    with pytest.raises(Refused, match="QUERY_TOO_COMPLICATED"):
        run_soql(backend.schema, backend.store, soql, version="67.0")


def test_more_than_a_page_is_read_page_by_page(client: Client) -> None:
    client.org.insert("Contact", ({"LastName": f"N{n:04}"} for n in range(4001)))

    pages = [client.query("SELECT LastName FROM Contact ORDER BY LastName")]
    while not pages[-1]["done"]:
        pages.append(client.send("GET", pages[-1]["nextRecordsUrl"]).json())

    assert [len(page["records"]) for page in pages] == [2000, 2000, 1]
    assert {4001} == {page["totalSize"] for page in pages}
    assert pages[-1]["records"][0]["LastName"] == "N4000"


@pytest.mark.parametrize("locator", ["01gLo0000000009-2000", "nonsense", "-", "a-b"])
def test_a_page_that_nobody_has_is_400(client: Client, locator: str) -> None:
    answer = client.api("GET", f"query/{locator}")

    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


@pytest.mark.parametrize("field", ["Phone", "Vendor_Call_Id__c", "WhoId", "Email"])
def test_a_look_up_by_key_phone_or_parent_uses_an_index(
    client: Client, field: str
) -> None:
    store = client.org._backend.store
    table = "Contact" if field in ("Phone", "Email") else "Task"
    marks = ", ".join("?" * 200)
    where = f'b."IsDeleted" = 0 AND (b."{field}" IN ({marks}))'
    sql = f'EXPLAIN QUERY PLAN SELECT b."Id" FROM "{table}" b WHERE {where}'

    (step, *_) = store.fetch(f"{sql} ORDER BY b._number", ["x"] * 200)

    assert f"USING INDEX {table}.{field}" in step[3]
