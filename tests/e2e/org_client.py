"""A client of the org as anybody could write one: its own login, plain requests."""

from __future__ import annotations

from typing import Any

import requests

API = "/services/data/v67.0"
TIMEOUT_SECONDS = 10


class OrgClient:
    """Reads records by SOQL, seeds them, switches faults, counts requests."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = requests.Session()
        self._http.trust_env = False
        answer = self._http.post(
            f"{url}/services/oauth2/token",
            data={"grant_type": "client_credentials"},
            auth=("local", "local"),
            timeout=TIMEOUT_SECONDS,
        )
        token = answer.json()["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        self._http.close()

    def query(self, soql: str) -> list[dict[str, Any]]:
        """The records of a query, those of further pages too."""
        page = self._call("GET", f"{API}/query", params={"q": soql})
        records = page["records"]
        while not page["done"]:
            page = self._call("GET", page["nextRecordsUrl"])
            records += page["records"]
        return [
            {name: value for name, value in record.items() if name != "attributes"}
            for record in records
        ]

    def one(self, fields: str, from_where: str) -> dict[str, Any]:
        """The only record of a query."""
        records = self.query(f"SELECT {fields} FROM {from_where}")
        assert len(records) == 1, f"{len(records)} records: {from_where}"
        return records[0]

    def seed(self, object_name: str, rows: Any) -> list[str]:
        """Create records without an API request; their ids."""
        results = self._call("POST", f"/_local/records/{object_name}", json=rows)
        return [result["id"] for result in results]

    def set_faults(self, *faults: dict[str, Any]) -> None:
        self._call("PUT", "/_local/faults", json=list(faults))

    def faults(self) -> Any:
        return self._call("GET", "/_local/faults")

    def _call(self, method: str, path: str, **options: Any) -> Any:
        url = f"{self._url}{path}"
        answer = self._http.request(method, url, timeout=TIMEOUT_SECONDS, **options)
        assert answer.status_code == 200, f"{method} {path}: {answer.text}"
        return answer.json()
