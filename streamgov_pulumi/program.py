"""What ``__main__.py`` deploys for each mode, and what it exports."""

from __future__ import annotations

from typing import Any

from streamgov_pulumi.components.governance import StreamGovernance
from streamgov_pulumi.config import StackConfig
from streamgov_pulumi.hand_over import hand_over

Outputs = dict[str, Any]


def deploy(config: StackConfig) -> Outputs:
    """Register every resource of a stack on real accounts; the answer is what the stack exports.

    The mode ``sandbox`` is not deployed here but by ``streamgov_samples.program``.
    """
    assert config.governance is not None  # parse() fills it in every mode but the sandbox
    governance = StreamGovernance("streamgov", config.governance)
    return {**governance_outputs(governance), **hand_over(config.mode, config.governance, governance)}


def governance_outputs(governance: StreamGovernance) -> Outputs:
    """What operators and portals need of a deployment, by stable names."""
    outputs: Outputs = {}
    if governance.central_machine_arn is not None:
        outputs["centralStateMachineArn"] = governance.central_machine_arn
    if governance.share_arn is not None:
        outputs["domainShareArn"] = governance.share_arn
    if governance.request_form_name is not None:
        outputs["requestFormType"] = governance.request_form_name
    for platform, name in governance.asset_types.items():
        outputs[f"{platform}AssetType"] = name
    outputs["memberStateMachineArns"] = governance.member_machine_arns
    outputs["consumerBoundaryArns"] = governance.boundary_arns
    outputs["subscriptionTargetIds"] = governance.target_ids
    outputs["dataSourceFunctionArns"] = governance.data_source_function_arns
    outputs["dataSourceRoleArns"] = governance.data_source_role_arns
    outputs["schemaEvents"] = governance.schema_events
    return outputs
