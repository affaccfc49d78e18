"""The policy pack that the engine starts: ``pulumi preview --policy-pack <this folder>``."""

from pulumi_policy import EnforcementLevel, PolicyPack
from streamgov_policies import POLICIES

PolicyPack(name="streamgov", enforcement_level=EnforcementLevel.MANDATORY, policies=list(POLICIES))
