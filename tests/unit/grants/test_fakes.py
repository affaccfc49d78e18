"""The services in memory are called by several threads at a time, as the services are."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from streamgov_core.documents.resource_policy import PolicyGateway
from streamgov_core.member.role_gateway import AccessRoleGateway, ReaderRoleGateway, RolePolicyGateway
from streamgov_core.platforms.kinesis.fan_out import ConsumerGateway
from streamgov_core.platforms.kinesis.key_grants import KeyGrantGateway
from tests.unit.grants.fakes import MemoryIam, MemoryPolicies
from tests.unit.grants.fakes.account import MemoryConsumers, MemoryKeys
from tests.unit.grants.fakes.service import MemoryService, operation

GATEWAYS: list[tuple[type[MemoryService], type]] = [
    (MemoryPolicies, PolicyGateway),
    (MemoryIam, RolePolicyGateway),
    (MemoryIam, ReaderRoleGateway),
    (MemoryIam, AccessRoleGateway),
    (MemoryConsumers, ConsumerGateway),
    (MemoryKeys, KeyGrantGateway),
]


@pytest.mark.parametrize(("service", "gateway"), GATEWAYS)
def test_all_that_the_product_calls_is_an_operation(service: type[MemoryService], gateway: type) -> None:
    asked = {name for base in gateway.__mro__ for name in vars(base) if not name.startswith("_")}
    assert asked
    assert {name for name in asked if not hasattr(getattr(service, name), "__wrapped__")} == set()


class Counter(MemoryService):
    """A service one of whose operations can be stopped in its middle."""

    def __init__(self) -> None:
        super().__init__()
        self.inside, self.go_on, self.value = threading.Event(), threading.Event(), 0

    @operation
    def add(self, amount: int) -> None:
        seen = self.value
        self.inside.set()
        assert self.go_on.wait(10)
        self.value = seen + amount

    @operation
    def read(self, amount: int) -> int:
        return self.value * amount


def test_an_operation_does_not_see_anothers_half() -> None:
    service, asked = Counter(), threading.Event()
    service.hooks["read"] = lambda amount: asked.set()
    with ThreadPoolExecutor(2) as pool:
        adding = pool.submit(service.add, 2)
        assert service.inside.wait(10)
        reading = pool.submit(service.read, 1)
        assert asked.wait(10), "hooks run while somebody else's operation does"
        assert not reading.done()
        service.go_on.set()
        adding.result()
        assert reading.result() == 2
