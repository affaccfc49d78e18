// A cluster, a schema registry, a consumer's role, and their governance: one program, two accounts.
//
// What is made beside the components is passed to them as it is: outputs of resources are right for every argument on
// which no name hangs; where one does, the compiler takes plain values only.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import * as streamgov from "@streamgov/pulumi";

const config = new pulumi.Config();
const region = config.require("region");
const namespace = config.get("namespace") ?? "streamgov";
const domainAccount = config.require("domainAccount");
const streamsAccount = config.require("streamsAccount");
const deployer = config.require("streamsDeployer");
const producerProjectId = config.require("producerProjectId");
const consumerProjectId = config.require("consumerProjectId");
const subnetIds = config.requireObject<string[]>("subnetIds");

const provider = new aws.Provider("streams", {
    region: region as aws.Region,
    allowedAccountIds: [streamsAccount],
    assumeRoles: [{ roleArn: deployer }],
});
const own = { provider };

const cluster = new aws.msk.Cluster("orders", {
    clusterName: "orders",
    kafkaVersion: "3.8.x",
    numberOfBrokerNodes: subnetIds.length,
    brokerNodeGroupInfo: {
        instanceType: "kafka.m7g.large",
        clientSubnets: subnetIds,
        securityGroups: config.requireObject<string[]>("securityGroupIds"),
        storageInfo: { ebsStorageInfo: { volumeSize: 100 } },
    },
    clientAuthentication: { unauthenticated: false, sasl: { iam: true } },
    encryptionInfo: { encryptionInTransit: { clientBroker: "TLS", inCluster: true } },
}, own);
const registry = new aws.glue.Registry("orders", { registryName: "orders" }, own);

// A consumer's role: the boundary is the ceiling of what grants can give it.
const boundary = new streamgov.ConsumerBoundary("consumers", {
    account: { accountId: streamsAccount, region, namespace, assumeRoleArn: deployer },
});
const job = new aws.iam.Role("fraud-job", {
    name: "fraud-job",
    path: "/streaming/",
    assumeRolePolicy: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
    }),
    permissionsBoundary: boundary.policyArn,
    // Grants put policies on it; what is left of them must not keep the role alive.
    forceDetachPolicies: true,
}, own);

const governance = new streamgov.StreamGovernance("streams", {
    namespace,
    region,
    platforms: ["msk"],
    deletionProtection: config.getBoolean("deletionProtection") ?? true,
    onDestroy: config.get("onDestroy") ?? "refuse",
    domain: {
        access: { account: domainAccount },
        domainId: config.require("domainId"),
        typesProjectId: producerProjectId,
        // False if the domain is shared with the account already.
        share: config.getBoolean("share") ?? true,
        memberProjects: { orders: producerProjectId, analytics: consumerProjectId },
    },
    members: [{
        access: { account: streamsAccount, assumeRoleArn: deployer },
        trail: "none",
        boundaryArn: boundary.policyArn,
        dataSources: {
            orders: {
                platform: "msk",
                registryName: registry.registryName,
                resource: cluster.arn,
                topics: ["*"],
                projectId: producerProjectId,
                publish: true,
            },
        },
        targets: {
            fraud: {
                platform: "msk",
                environmentId: config.require("consumerEnvironmentId"),
                principals: [job.arn],
            },
        },
    }],
});

export const clusterArn = cluster.arn;
export const registryName = registry.registryName;
export const roleArn = job.arn;
export const dataSourceFunctionArns = governance.dataSourceFunctionArns;
export const targetIds = governance.targetIds;
export const centralMachineArn = governance.centralMachineArn;
