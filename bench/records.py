"""Why a data source's records lie in DynamoDB and not in Parameter Store, by documented rates and prices.

Nothing is measured: each figure is the least that the quotas allow. The other calls of a run (Glue, search, listings)
are the same in both and not what limits it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.common import table
from bench.cost import HOURS_A_MONTH, PRICES, PRICES_OF

SIZES = (100, 1_000, 10_000, 50_000)
CREATED_A_SECOND = 20
"""CreateAsset of DataZone, for an account and region ("Quotas for Amazon DataZone")."""
RECORD_BYTES = 700
"""A record as it is stored."""
STANDARD_PARAMETERS = 10_000
"""Standard parameters of an account and region; those beyond are advanced."""
ADVANCED_A_MONTH = 0.05
"""USD for one advanced parameter."""
THROUGHPUT_CALL = 0.05 / 10_000
"""USD for one call under Parameter Store's higher throughput, or to an advanced parameter."""


@dataclass(frozen=True)
class Store:
    """A place for records.

    Args:
        written: records that it takes in a second.
        read: records that a full run reads in a second.
        costs: whether its calls are charged although it is Parameter Store.
    """

    written: float
    read: float
    costs: bool = False

    def first_run(self, schemas: int) -> float:
        """Seconds of a first run: each schema needs an asset and a record."""
        return schemas / min(CREATED_A_SECOND, self.written)

    def unchanged_run(self, schemas: int) -> float:
        """Seconds in which a full run reads the records."""
        return schemas / self.read


PARAMETERS = "Parameter Store"
HIGHER = "Parameter Store, higher throughput"
TABLE = "DynamoDB"
STORES: Mapping[str, Store] = {
    PARAMETERS: Store(written=3, read=40 * 10),
    HIGHER: Store(written=10, read=100 * 10, costs=True),
    # An item of up to 1 KB is one unit; a partition takes 1,000 a second and gives 3,000 units of 4 KB. The records of
    # a registry have one partition key.
    TABLE: Store(written=1_000, read=3_000 * 4_096 // RECORD_BYTES),
}
"""Quotas of Systems Manager ("Parameter Store throughput"; ten parameters a page) and of DynamoDB's partitions."""


def a_month(name: str, schemas: int) -> float:
    """USD a month for records that are read once an hour and seldom change, storage included."""
    if name == TABLE:
        units = math.ceil(schemas * RECORD_BYTES / 4_096)
        return units * HOURS_A_MONTH * PRICES["DynamoDB read"] + schemas * RECORD_BYTES / 1e9 * 0.25
    advanced = max(0, schemas - STANDARD_PARAMETERS)
    charged = schemas if STORES[name].costs else advanced
    return advanced * ADVANCED_A_MONTH + math.ceil(charged / 10) * HOURS_A_MONTH * THROUGHPUT_CALL


def rows() -> list[tuple[str, ...]]:
    """A row for each size and store."""
    return [
        (
            f"{schemas:,}",
            name,
            f"{store.first_run(schemas):,.0f}",
            f"{store.unchanged_run(schemas):,.1f}",
            f"{a_month(name, schemas):,.2f}",
        )
        for schemas in SIZES
        for name, store in STORES.items()
    ]


def main(arguments: Sequence[str] = ()) -> dict[str, Any]:
    """Print the table. There are no arguments."""
    head = ("schemas", "records in", "first run, s", "their part of a full run, s", "USD a month")
    print(f"Least that documented rates allow; prices of {PRICES_OF}.\n")
    print(table(head, rows()))
    return {"rows": [list(row) for row in rows()]}
