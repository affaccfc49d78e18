"""What is looked up in an account while the program runs, where pulumi-aws has no function for it."""

from __future__ import annotations

from dataclasses import dataclass

from streamgov_core.model.errors import RemoteError
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers.session import SessionSettings


@dataclass(frozen=True)
class TrailLookup:
    """A trail that records management events, or why there is none."""

    trail_arn: str | None
    reason: str = ""


def find_trail(settings: SessionSettings) -> TrailLookup:
    """A trail of the account that logs write management events of the region.

    Source: DescribeTrails (which includes an organisation's trail), GetTrailStatus and GetEventSelectors. An account
    that may not be asked has no trail as far as we know.
    """
    try:
        api = aws.client("cloudtrail", settings)
        trails = aws.call(api, "describe_trails", includeShadowTrails=True).get("trailList", [])
        for trail in sorted(trails, key=lambda item: str(item.get("TrailARN"))):
            covers = trail.get("IsMultiRegionTrail") or trail.get("HomeRegion") == settings.region
            arn = str(trail["TrailARN"])
            if covers and aws.call(api, "get_trail_status", Name=arn).get("IsLogging") and _records_writes(api, arn):
                return TrailLookup(arn)
    except RemoteError as error:
        return TrailLookup(None, f"No CloudTrail trail could be looked for: {error}")
    return TrailLookup(None, f"No CloudTrail trail records management events in {settings.region}")


def domain_problem(settings: SessionSettings, domain_id: str, account: str) -> str:
    """Why DataZone does not show the domain to this account in this region; empty if it does.

    A domain is in one region only, and Step Functions makes no calls across regions. Source: GetDomain, which answers
    associated accounts; for others a domain that exists looks like one that does not, so both readings are named.
    """
    try:
        api = aws.client("datazone", settings)
        if aws.find(api, "get_domain", identifier=domain_id) is not None:
            return ""
        reason = "there is none of this id"
    except RemoteError as error:
        reason = str(error)
    return (
        f"DataZone in {settings.region} does not show the domain {domain_id} to account {account} ({reason}). Either "
        "the domain is in another region: then set streamgov:region to that one. Or the account is not associated with "
        "it yet: then accept its resource share, in this stack (acceptShareArn) or by hand"
    )


def _records_writes(api: object, arn: str) -> bool:
    answer = aws.call(api, "get_event_selectors", TrailName=arn)
    for selector in answer.get("EventSelectors", []):
        if selector.get("IncludeManagementEvents", True) and selector.get("ReadWriteType", "All") != "ReadOnly":
            return True
    for advanced in answer.get("AdvancedEventSelectors", []):
        fields = {field["Field"]: field for field in advanced.get("FieldSelectors", [])}
        if "Management" in fields.get("eventCategory", {}).get("Equals", []):
            return "true" not in fields.get("readOnly", {}).get("Equals", [])
    return False
