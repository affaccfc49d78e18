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
