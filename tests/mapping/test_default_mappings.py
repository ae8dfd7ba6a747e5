from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sources.fixture_files import FOLDER, PATHS
from worker import sources
from worker.mapping.compiled import CompiledMapping
from worker.mapping.spec import FieldSpec, WriteSpec
from worker.model import Plan, Write

from .defaults import ROOT, context_in, event_in, fields, mappings

# Every key of Cora's outcomes, by the groups of its documents.
FLAGS = """
    refuseToPay dispute engaged_negotiations acknowledgeDebt payDate sentSms
    useLenderAgain
    spanishCall
    confirmedName deceased wantedToTalkHuman statusTransfer wasTheRightNumber
    wasTheRightParty wasWrongNumber wasWrongParty
    ceaseAndDesist complaintAboutCollector doNotCall fraud lawSuitRisk legalAction
    callbackConsent emailOnlyPreference wantsCallBack
    cardDetailsProvided paymentFailed paymentMade plan_accepted
    isEmployed isUnemployed multipleJobs
    attemptedVerification debtMentioned mirandaRead offeredPaymentOptions
    bankruptcy claimsPaidDirect coDebtorRefused debtConsolidation deployed
    hospitalized jail
""".split()
SAMPLES: dict[str, Any] = {
    "plan_type": "regular_plan",
    "promiseToPayDays": 7,
    "bankruptcyAttorneyName": "Birch Lane Legal",
    "bankruptcyAttorneyPhone": "+13125550191",
    "bankruptcyCaseNumber": "26-00555-QRS",
    "bankruptcyChapter": "7",
    "bankruptcyFilingDate": "2026-02-20",
    "debtConsolidationCompany": "Clearwater Debt Partners",
}
OUTCOMES = dict.fromkeys(FLAGS, True) | SAMPLES
COMPLIANCE = {
    "doNotCall": "Do_Not_Call__c",
    "ceaseAndDesist": "Cease_And_Desist__c",
    "bankruptcy": "Bankruptcy__c",
    "deceased": "Deceased__c",
    "fraud": "Fraud__c",
    "legalAction": "Legal_Action__c",
}
# What identifies is not cut: an id that is cut short is that of something else, so
# Salesforce has to refuse it.
IDENTIFIERS = {"account_number", "callId", "call_id", "id", "session_id"}

MAPPINGS = list(mappings().mappings.values())
WRITES = [(mapping, write) for mapping in MAPPINGS for write in mapping.spec.writes]
FIELDS = [(write, field) for _, write in WRITES for field in write.fields]
FIXTURES = [path for path in PATHS if path.stem != "record__utterance"]

each_mapping = pytest.mark.parametrize(
    "mapping", MAPPINGS, ids=lambda m: f"{m.spec.source}-{m.spec.event}"
)
each_write = pytest.mark.parametrize(
    "write", [write for _, write in WRITES], ids=lambda w: _place(w.place)
)
each_field = pytest.mark.parametrize(
    ("write", "field"),
    FIELDS,
    ids=[f"{_file}-{_field.name}" for _file, _field in FIELDS]
    if False
    else [
        f"{Path(write.place.path).stem}-{write.object}-{field.name}"
        for write, field in FIELDS
    ],
)


def _place(place: Any) -> str:
    return f"{Path(place.path).stem}:{place.line}"
