"""The VPC that an application reaches into: at most one (API reference, AddApplicationVpcConfiguration)."""

from __future__ import annotations

from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches.flink.store import Application, Store, invalid

SERVICE = "kinesisanalyticsv2"
MOST_VPCS = 1


def add(application: Application, vpc: dict[str, Any]) -> dict[str, Any]:
    """Add subnets and security groups; the configuration with its id and VPC.

    Raises:
        ApiError: it has one already, or a subnet or security group is not there or not of the same VPC.
    """
    known = application.configuration.setdefault("VpcConfigurations", [])
    if len(known) >= MOST_VPCS:
        raise invalid(f"The application {application.name} has a VPC configuration already.")
    made = {
        "VpcConfigurationId": f"{application.next_option}.1",
        "VpcId": _vpc(application, vpc),
        "SubnetIds": list(vpc["SubnetIds"]),
        "SecurityGroupIds": list(vpc["SecurityGroupIds"]),
    }
    application.next_option += 1
    known.append(made)
    return made


def _vpc(application: Application, vpc: dict[str, Any]) -> str:
    from moto.ec2.models import ec2_backends

    backend = ec2_backends[application.account][application.region]
    vpcs: set[str | None] = set()
    for subnet in vpc["SubnetIds"]:
        found = next((zone[subnet] for zone in backend.subnets.values() if subnet in zone), None)
        if found is None:
            raise invalid(f"The subnet {subnet} does not exist.")
        vpcs.add(found.vpc_id)
    for group in vpc["SecurityGroupIds"]:
        known = backend.get_security_group_from_id(group)
        if known is None:
            raise invalid(f"The security group {group} does not exist.")
        vpcs.add(known.vpc_id)
    if len(vpcs) != 1:
        raise invalid("The subnets and security groups must be of one VPC.")
    return str(vpcs.pop())


def install(emulator: Emulator, store: Store) -> None:
    """Register the operations. Both make a new version of the application (API reference)."""

    @emulator.operation(SERVICE, "AddApplicationVpcConfiguration")
    def add_vpc(call: ApiCall) -> dict[str, Any]:
        with store.lock:
            application = _changeable(store, call)
            made = add(application, call.params["VpcConfiguration"])
            return {**_changed(store, application, call), "VpcConfigurationDescription": dict(made)}

    @emulator.operation(SERVICE, "DeleteApplicationVpcConfiguration")
    def delete_vpc(call: ApiCall) -> dict[str, Any]:
        with store.lock:
            application = _changeable(store, call)
            known = application.configuration.get("VpcConfigurations", [])
            kept = [one for one in known if one["VpcConfigurationId"] != call.params["VpcConfigurationId"]]
            if len(kept) == len(known):
                raise ApiError(
                    "ResourceNotFoundException",
                    f"The application {application.name} has no VPC configuration {call.params['VpcConfigurationId']}.",
                )
            application.configuration["VpcConfigurations"] = kept
            return _changed(store, application, call)


def _changeable(store: Store, call: ApiCall) -> Application:
    application = store.find(call)
    store.check_version(application, call.params, required=True)
    store.check_state(application, "READY", "RUNNING")
    return application


def _changed(store: Store, application: Application, call: ApiCall) -> dict[str, Any]:
    operation = application.begin(call.operation, store.now())
    application.changed(store.now())
    operation.after = application.version
    answer = {
        "ApplicationARN": application.arn,
        "ApplicationVersionId": application.version,
        "OperationId": operation.id,
    }
    if application.status == "RUNNING":
        # The service restarts a running application for this; one process has no network of its own to change.
        application.status = "UPDATING"
        store.runner.restart(application, operation)
    else:
        operation.end(store.now())
    return answer
