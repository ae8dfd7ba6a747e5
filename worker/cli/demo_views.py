"""The demo's records as a collections person would see them. Floor 5."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from worker.crm.salesforce import SalesforceCrm
from worker.crm.session import Session
from worker.model import OrgLogin

TASK_COLUMNS = {
    "Subject": "Call log",
    "CallDisposition": "Result",
    "CallDurationInSeconds": "Seconds",
    "Call_Outcomes__c": "Outcomes",
    "WhatId": "Account",
}
PROMISE_COLUMNS = {
    "Debt_Account__c": "Account",
    "Amount__c": "Amount",
    "Promise_Date__c": "Date",
    "Status__c": "Promise",
    "Plan_Type__c": "Plan",
}
FLAGS = {
    "Do_Not_Call__c": "do not call",
    "Cease_And_Desist__c": "cease and desist",
    "Bankruptcy__c": "bankruptcy",
    "Deceased__c": "deceased",
    "Disputed__c": "disputed",
    "Fraud__c": "fraud",
    "Email_Only__c": "e-mail only",
    "Callback_Requested__c": "wants callback",
}
ACCOUNT_FIELDS = ("Name", "Account_Number__c", "Last_Call_Result__c", *FLAGS)


def demo_tables(org_url: str, listed: Sequence[Mapping[str, Any]]) -> Iterator[Table]:
    """Yield tables of the records that the events wrote, read back from the org."""
    session = Session(OrgLogin(org_url, "local", "local", "67.0"))
    crm = SalesforceCrm(session)
    ids: dict[str, set[str]] = {}
    for event in listed:
        for record in event["records"]:
            if record["salesforce_id"]:
                ids.setdefault(record["object"], set()).add(record["salesforce_id"])

    def read(object_name: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        wanted = {"Id": ids.get(object_name, set())}
        return crm.find(object_name, fields, wanted) if wanted["Id"] else []

    accounts = read("Debt_Account__c", ACCOUNT_FIELDS)
    names = {account["Id"]: account["Name"] for account in accounts}
    yield _accounts(accounts)
    yield _records("Tasks", TASK_COLUMNS, read("Task", [*TASK_COLUMNS]), names)
    promises = read("Promise_To_Pay__c", [*PROMISE_COLUMNS])
    yield _records("Promises to pay", PROMISE_COLUMNS, promises, names)
    session.close()


def _accounts(accounts: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("Account", "Number", "Flags", "Last call", title="Debt accounts")
    for account in sorted(accounts, key=lambda a: str(a["Name"])):
        flags = [label for field, label in FLAGS.items() if account[field]]
        table.add_row(
            account["Name"],
            account["Account_Number__c"],
            ", ".join(flags),
            _text(account["Last_Call_Result__c"]),
        )
    return table


def _records(
    title: str,
    columns: Mapping[str, str],
    records: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
) -> Table:
    table = Table(*columns.values(), title=title)
    for record in records:
        cells = (record[field] for field in columns)
        table.add_row(*(names.get(cell) or _text(cell) for cell in cells))
    return table


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.2f}"
    text = str(value).replace(";", ", ")
    return text if len(text) <= 60 else text[:57] + "..."
