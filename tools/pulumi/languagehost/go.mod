module streamgov/tools/pulumi/languagehost

go 1.25.11

require (
	github.com/blang/semver v3.5.1+incompatible
	github.com/pulumi/pulumi/sdk/v3 v3.250.0
	google.golang.org/grpc v1.82.0
	google.golang.org/protobuf v1.36.11
)
