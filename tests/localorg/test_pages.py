from __future__ import annotations

import pytest

from .client import Client

BANNER = "Local org: for demo, development and tests. Not Salesforce."


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/objects/Contact", 200),
        ("/objects/Nope", 404),
        ("/objects/Contact?id=nope", 404),
        ("/objects/Contact?id=003Lo0000000009", 404),
        ("/favicon.ico", 404),
    ],
)
def test_every_page_says_what_it_is_and_is_locked_down(
    client: Client, path: str, status: int
) -> None:
    answer = client.send("GET", path, headers={"Authorization": None})

    assert answer.status_code == status
    assert BANNER in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_first_page_counts_the_records_of_each_object(client: Client) -> None:
    client.org.insert("Contact", [{"LastName": "Doe"}, {"LastName": "Roe"}])

    page = client.send("GET", "/").text

    assert '<a href="/objects/Contact">Contact</a>' in page
    assert '<td>Contacts</td><td class="number">2</td>' in page


def test_a_list_shows_only_columns_with_a_value_and_the_newest_first(
    client: Client,
) -> None:
    client.org.insert("Contact", [{"LastName": "Older"}, {"LastName": "Newer"}])

    page = client.send("GET", "/objects/contact").text

    assert ">LastName</th>" in page
    assert ">Phone</th>" not in page
    assert ">IsDeleted</th>" not in page
    assert page.index("Newer") < page.index("Older")
    assert "2 of 2 records, newest first." in page


def test_what_a_record_holds_is_escaped(client: Client) -> None:
    nasty = "<script>alert('x')</script> \"&"
    (record_id,) = client.org.insert("Contact", [{"LastName": nasty}])
    for path in ("/objects/Contact", f"/objects/Contact?id={record_id}"):
        page = client.send("GET", path).text

        assert "<script" not in page
        assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &quot;&amp;" in page


def test_long_text_is_short_in_a_list_and_whole_in_its_title_and_record(
    client: Client,
) -> None:
    text = "word " * 40
    (record_id,) = client.org.insert("Task", [{"Description": text}])

    listed = client.send("GET", "/objects/Task").text
    shown = client.send("GET", f"/objects/Task?id={record_id}").text

    assert f'<td title="{text}">{text[:60]}&hellip;</td>' in listed
    assert f"<td>{text}</td>" in shown


def test_lookups_are_links_booleans_are_ticks_and_zero_is_shown(
    client: Client,
) -> None:
    row = {"Account_Number__c": "A-1", "Do_Not_Call__c": True, "Balance__c": 0}
    (account_id,) = client.org.insert("Debt_Account__c", [row])
    client.org.insert("Task", [{"Debt_Account__c": account_id}])

    tasks = client.send("GET", "/objects/Task").text
    accounts = client.send("GET", "/objects/Debt_Account__c").text

    link = f'<a href="/objects/Debt_Account__c?id={account_id}">{account_id}</a>'
    assert link in tasks
    assert "<td>&#10003;</td>" in accounts
    assert "<td>0.0</td>" in accounts


def test_a_record_is_listed_with_every_field(client: Client) -> None:
    (record_id,) = client.org.insert("Contact", [{"LastName": "Doe"}])

    page = client.send("GET", f"/objects/Contact?id={record_id[:15]}").text

    assert f"<h1>Contact {record_id}</h1>" in page
    assert '<tr><th title="Phone">Phone</th><td></td></tr>' in page


def test_a_page_can_only_be_read(client: Client) -> None:
    assert client.send("POST", "/objects/Contact").status_code == 405
