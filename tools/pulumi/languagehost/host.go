// Package languagehost is what the language hosts of this checkout have in common: how they are started by the engine,
// and how they run a program with the SDK of its language.
package languagehost

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/logging"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// The exit code with which an SDK ends a program whose error it has already shown to the user.
const exitAlreadyReported = 32

// Base answers what does not depend on the language.
type Base struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	Engine, Tracing string

	// Done when the engine has called Cancel or is gone.
	operations context.Context
	cancel     context.CancelFunc
}

// Main reads the command line that the engine gives to every language host and serves the host until it is told to end.
func Main(name string, host func(base Base) (pulumirpc.LanguageRuntimeServer, error)) {
	tracing := flag.String("tracing", "", "tracing endpoint, handed on to the program")
	flag.Parse()
	logging.InitLogging(false, 0, false)
	cmdutil.InitTracing(name, name, *tracing)
	if err := serve(flag.Arg(0), *tracing, host); err != nil {
		cmdutil.Exit(err)
	}
}

func serve(engine, tracing string, host func(base Base) (pulumirpc.LanguageRuntimeServer, error)) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := make(chan bool)
	context.AfterFunc(ctx, func() { close(stop) })
	operations, cancelOperations := context.WithCancel(ctx)
	defer cancelOperations()
	served, err := host(Base{Engine: engine, Tracing: tracing, operations: operations, cancel: cancelOperations})
	if err != nil {
		return err
	}
	if engine != "" {
		// Ends this process when the engine that started it goes away.
		if err := rpcutil.Healthcheck(ctx, engine, 10*time.Second, cancel); err != nil {
			return fmt.Errorf("watching the engine: %w", err)
		}
	}
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: stop,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, served)
			return nil
		},
		Options: rpcutil.TracingServerInterceptorOptions(nil),
	})
	if err != nil {
		return fmt.Errorf("serving: %w", err)
	}
	fmt.Println(handle.Port) // The engine reads the port from the first line.
	return <-handle.Done
}

// Cancellable is done when the call's own context is, or when all operations are cancelled.
func (b *Base) Cancellable(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	release := context.AfterFunc(b.operations, cancel)
	return ctx, func() {
		release()
		cancel()
	}
}

// Handshake is called only by an engine that attaches to a host it has not started.
func (b *Base) Handshake(
	_ context.Context, req *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	if b.Engine == "" {
		b.Engine = req.GetEngineAddress()
	}
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

// Cancel ends what runs.
func (b *Base) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	b.cancel()
	return &emptypb.Empty{}, nil
}

// GetPluginInfo answers the version that the build was given.
func (b *Base) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version.Version}, nil
}

// Options are the options of an SDK's runner, in their order; one without a value is left out.
type Options [][2]string

// Arguments is a runner's command line: itself, its options, the program, the program's own arguments.
func Arguments(runner []string, options Options, req *pulumirpc.RunRequest) []string {
	args := append([]string{}, runner...)
	for _, option := range options {
		if option[1] != "" {
			args = append(args, "--"+option[0], option[1])
		}
	}
	program := req.GetInfo().GetEntryPoint()
	if program == "" {
		program = "."
	}
	return append(append(args, program), req.GetArgs()...)
}

// Parallel is the option of that name as text.
func Parallel(req *pulumirpc.RunRequest) string {
	return strconv.Itoa(int(req.GetParallel()))
}

// Configuration is the stack's configuration as every SDK reads it from the environment.
func Configuration(req *pulumirpc.RunRequest) ([]string, error) {
	values, secrets := map[string]string{}, []string{} // Not nil: the SDKs do not read null.
	for name, value := range req.GetConfig() {
		values[name] = value
	}
	secrets = append(secrets, req.GetConfigSecretKeys()...)
	config, err := json.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("encoding the configuration: %w", err)
	}
	keys, err := json.Marshal(secrets)
	if err != nil {
		return nil, fmt.Errorf("encoding the names of the secrets: %w", err)
	}
	return []string{"PULUMI_CONFIG=" + string(config), "PULUMI_CONFIG_SECRET_KEYS=" + string(keys)}, nil
}

// Outcome is what the engine is told of a program that ended with this error, or without one.
func Outcome(err error) *pulumirpc.RunResponse {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}
	case errors.As(err, &exit) && exit.ExitCode() == exitAlreadyReported:
		return &pulumirpc.RunResponse{Bail: true}
	case errors.As(err, &exit):
		return &pulumirpc.RunResponse{Error: "the program ended with " + exit.Error()}
	default:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program could not be started: %v", err)}
	}
}

// Dependency is what a package says of its plugin; nil for one without a resource plugin, or whose plugin version cannot
// be told. The package's own name and version stand for what the plugin's part leaves out.
func Dependency(name, number string, part plugin.PulumiPluginJSON) *pulumirpc.PackageDependency {
	if !part.Resource {
		return nil
	}
	plain := strings.TrimPrefix(name, "pulumi-")
	if part.Name != "" {
		plain = part.Name
	}
	if part.Version != "" {
		number = part.Version
	}
	parsed, err := semver.ParseTolerant(number)
	if err != nil {
		logging.V(5).Infof("package %s: %q is not a plugin version: %v", name, number, err)
		return nil
	}
	return &pulumirpc.PackageDependency{
		Name:             plain,
		Kind:             "resource",
		Version:          "v" + parsed.String(),
		Server:           part.Server,
		Parameterization: parameters(part.Parameterization),
		Extension:        parameters(part.ExtensionParameterization),
	}
}

func parameters(from *plugin.PulumiParameterizationJSON) *pulumirpc.PackageParameterization {
	if from == nil {
		return nil
	}
	return &pulumirpc.PackageParameterization{Name: from.Name, Version: from.Version, Value: from.Value}
}
