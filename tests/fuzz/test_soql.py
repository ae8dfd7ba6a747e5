"""No value becomes SOQL: what is looked up is what an org's own parser reads back."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from worker.crm.soql import lookups

from .running import fuzz

HOSTILE = (
    *("'", "\\", "\\'", "\\\\'", "') OR Name != ('", "' OR '1'='1", "\n", "\r", "\t"),
    *(
        '"',
        "%",
        "_",
        "--",
        "/*",
        "\\n",
        "\\u0027",
        "\u2019",
        "\x0b",
        "{}",
        "{:literal}",
    ),
)
values = st.lists(st.text(max_size=5) | st.sampled_from(HOSTILE), max_size=6).map(
    "".join
)
FIELDS = ("Account_Number__c", "Phone")
# A string of SOQL as its reference describes it: the backslash escapes what follows.
STRING = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
UNESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def texts_in(query: str) -> list[str]:
    """Return the strings of a query, unescaped from the left, each escape once."""
    return [
        re.sub(r"\\(.)", lambda m: UNESCAPED.get(m[1], m[1]), found, flags=re.DOTALL)
        for found in STRING.findall(query)
    ]


@fuzz(
    "SOQL escaping",
    0.05,
    st.dictionaries(
        st.sampled_from(FIELDS), st.lists(values, min_size=1, max_size=4), min_size=1
    ),
)
def test_a_query_holds_the_values_and_nothing_else_of_them(
    asked: dict[str, list[str]],
) -> None:
    for query in lookups("Debt_Account__c", ["Name"], asked):
        found = texts_in(query)
        wanted = [v for field in sorted(asked) for v in sorted(set(asked[field]))]
        assert found == wanted
        assert STRING.sub("?", query) == skeleton(asked)


def skeleton(asked: dict[str, list[str]]) -> str:
    """Return the query without its strings."""
    parts = [
        f"{field} IN ({','.join('?' * len(set(asked[field])))})"
        for field in sorted(asked)
    ]
    head = "SELECT Id, Name FROM Debt_Account__c WHERE "
    return head + " OR ".join(parts)
