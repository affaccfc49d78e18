// Command pulumi-language-nodejs is the language host that the Pulumi CLI starts for `runtime: nodejs`.
//
// It speaks the protocol of the SDK version in go.mod. Package managers are left to that SDK's own npm package, and
// generated code to the CLI's own generator. Programs are run by the `cmd/run` of the @pulumi/pulumi that the program
// has installed. Dynamic resources written in TypeScript, policy packs and plugins are not implemented.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/logging"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	"github.com/pulumi/pulumi/sdk/v3/nodejs/npm"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

const (
	name = "pulumi-language-nodejs"
	// The module of the SDK that runs a program.
	runner = "@pulumi/pulumi/cmd/run"
	// The runner's exit code for an error that it has already shown to the user.
	exitAlreadyReported = 32
)

func main() {
	tracing := flag.String("tracing", "", "tracing endpoint, handed on to the program")
	flag.Parse()
	logging.InitLogging(false, 0, false)
	cmdutil.InitTracing(name, name, *tracing)
	if err := serve(flag.Arg(0), *tracing); err != nil {
		cmdutil.Exit(err)
	}
}

func serve(engine, tracing string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := make(chan bool)
	context.AfterFunc(ctx, func() { close(stop) })
	operations, cancelOperations := context.WithCancel(ctx)
	defer cancelOperations()
	if engine != "" {
		// Ends this process when the engine that started it goes away.
		if err := rpcutil.Healthcheck(ctx, engine, 10*time.Second, cancel); err != nil {
			return fmt.Errorf("watching the engine: %w", err)
		}
	}
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: stop,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, &host{
				engine: engine, tracing: tracing, operations: operations, cancel: cancelOperations,
			})
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

type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engine, tracing string

	// Done when the engine has called Cancel or is gone.
	operations context.Context
	cancel     context.CancelFunc
}

// cancellable is done when the call's own context is, or when all operations are cancelled.
func (h *host) cancellable(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	release := context.AfterFunc(h.operations, cancel)
	return ctx, func() {
		release()
		cancel()
	}
}

// settings are `runtime.options` of a Pulumi.yaml.
type settings struct {
	typescript bool
	nodeargs   []string
	tsconfig   string
	manager    npm.PackageManagerType
}

func parse(info *pulumirpc.ProgramInfo) (settings, error) {
	result := settings{typescript: true, manager: npm.AutoPackageManager}
	for option, value := range info.GetOptions().AsMap() {
		text, isText := value.(string)
		truth, isTruth := value.(bool)
		switch {
		case value == nil:
		case option == "typescript" && isTruth:
			result.typescript = truth
		case option == "nodeargs" && isText:
			result.nodeargs = strings.Fields(text)
		case option == "tsconfig" && isText:
			result.tsconfig = text
		case option == "packagemanager" && isText:
			result.manager = npm.PackageManagerType(text)
		default:
			return settings{}, fmt.Errorf("the runtime option %s: %v is not known to this language host", option, value)
		}
	}
	return result, nil
}

// manager is the package manager of a directory.
func manager(info *pulumirpc.ProgramInfo) (npm.PackageManager, error) {
	options, err := parse(info)
	if err != nil {
		return nil, err
	}
	return npm.ResolvePackageManager(options.manager, info.GetProgramDirectory())
}

// Handshake is called only by an engine that attaches to a host it has not started.
func (h *host) Handshake(
	_ context.Context, req *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	if h.engine == "" {
		h.engine = req.GetEngineAddress()
	}
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

func (h *host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.cancel()
	return &emptypb.Empty{}, nil
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version.Version}, nil
}

func (h *host) About(ctx context.Context, _ *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, fmt.Errorf("finding node: %w", err)
	}
	said, err := exec.CommandContext(ctx, node, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("asking node for its version: %w", err)
	}
	return &pulumirpc.AboutResponse{Executable: node, Version: strings.TrimSpace(string(said))}, nil
}

func (h *host) GetProgramDependencies(
	ctx context.Context, req *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	chosen, err := manager(req.GetInfo())
	if err != nil {
		return nil, err
	}
	found, err := chosen.ListPackages(ctx, req.GetInfo().GetProgramDirectory(), req.GetTransitiveDependencies())
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.GetProgramDependenciesResponse{}
	for _, p := range found {
		response.Dependencies = append(response.Dependencies,
			&pulumirpc.DependencyInfo{Name: p.Name, Version: p.Version})
	}
	return response, nil
}

func (h *host) InstallDependencies(
	req *pulumirpc.InstallDependenciesRequest, server pulumirpc.LanguageRuntime_InstallDependenciesServer,
) error {
	options, err := parse(req.GetInfo())
	if err != nil {
		return err
	}
	ctx, done := h.cancellable(server.Context())
	defer done()
	closer, stdout, stderr, err := rpcutil.MakeInstallDependenciesStreams(server, req.GetIsTerminal())
	if err != nil {
		return err
	}
	_, err = npm.Install(ctx, options.manager, req.GetInfo().GetProgramDirectory(), false, stdout, stderr)
	return errors.Join(err, closer.Close())
}

func (h *host) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	options, err := parse(req.GetInfo())
	if err != nil {
		return nil, err
	}
	if req.GetAttachDebugger() {
		return nil, errors.New("this language host cannot attach a debugger")
	}
	ctx, done := h.cancellable(ctx)
	defer done()
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, fmt.Errorf("finding node: %w", err)
	}
	script, err := resolve(ctx, node, req.GetInfo().GetProgramDirectory())
	if err != nil {
		return nil, err
	}
	environment, err := variables(req, options)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, node, append(options.nodeargs, h.arguments(script, req)...)...)
	cmd.Dir = req.GetPwd()
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), environment...)
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case errors.As(err, &exit) && exit.ExitCode() == exitAlreadyReported:
		return &pulumirpc.RunResponse{Bail: true}, nil
	case errors.As(err, &exit):
		return &pulumirpc.RunResponse{Error: "the program ended with " + exit.Error()}, nil
	default:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program could not be started: %v", err)}, nil
	}
}

// resolve finds the runner as the program itself would import it.
func resolve(ctx context.Context, node, directory string) (string, error) {
	cmd := exec.CommandContext(ctx, node, "--print", "require.resolve("+strconv.Quote(runner)+")")
	cmd.Dir = directory
	found, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf(
			"the program's packages are not installed: %s is missing in %s; run `pulumi install` or `npm ci` there",
			runner, directory)
	}
	return strings.TrimSpace(string(found)), nil
}

// variables are the stack's configuration and the runtime's options as the runner reads them.
func variables(req *pulumirpc.RunRequest, options settings) ([]string, error) {
	values, secrets := map[string]string{}, []string{} // Not nil: the SDK does not read null.
	for key, value := range req.GetConfig() {
		values[key] = value
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
	result := []string{
		"PULUMI_CONFIG=" + string(config),
		"PULUMI_CONFIG_SECRET_KEYS=" + string(keys),
		"PULUMI_NODEJS_TYPESCRIPT=" + strconv.FormatBool(options.typescript),
	}
	if options.tsconfig != "" {
		result = append(result, "PULUMI_NODEJS_TSCONFIG_PATH="+options.tsconfig)
	}
	return result, nil
}

// arguments is node's command line: the runner, its options, the program, its own arguments.
func (h *host) arguments(script string, req *pulumirpc.RunRequest) []string {
	args := []string{script}
	for _, option := range [][2]string{
		{"monitor", req.GetMonitorAddress()},
		{"engine", h.engine},
		{"project", req.GetProject()},
		{"root-directory", req.GetInfo().GetRootDirectory()},
		{"stack", req.GetStack()},
		{"pwd", req.GetPwd()},
		{"parallel", strconv.Itoa(int(req.GetParallel()))},
		{"tracing", h.tracing},
		{"organization", req.GetOrganization()},
	} {
		if option[1] != "" {
			args = append(args, "--"+option[0], option[1])
		}
	}
	if req.GetDryRun() {
		args = append(args, "--dry-run")
	}
	program := req.GetInfo().GetEntryPoint()
	if program == "" {
		program = "."
	}
	return append(append(args, program), req.GetArgs()...)
}

// GeneratePackage writes the TypeScript SDK of a package, for `pulumi package gen-sdk` and `pulumi package add`.
func (h *host) GeneratePackage(
	_ context.Context, req *pulumirpc.GeneratePackageRequest,
) (*pulumirpc.GeneratePackageResponse, error) {
	loader, err := schema.NewLoaderClient(req.GetLoaderTarget())
	if err != nil {
		return nil, err
	}
	defer loader.Close()
	var spec schema.PackageSpec
	if err := json.Unmarshal([]byte(req.GetSchema()), &spec); err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	bound, problems, err := schema.BindSpec(spec, loader, schema.ValidationOptions{AllowDanglingReferences: true})
	if err != nil {
		return nil, err
	}
	if problems.HasErrors() {
		return nil, fmt.Errorf("the schema is wrong: %w", problems)
	}
	files, err := nodejs.GeneratePackage(
		name, bound, req.GetExtraFiles(), req.GetLocalDependencies(), req.GetLocal(), loader)
	if err != nil {
		return nil, err
	}
	for path, content := range files {
		target := filepath.Join(req.GetDirectory(), filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(target, content, 0o644); err != nil {
			return nil, err
		}
	}
	return &pulumirpc.GeneratePackageResponse{}, nil
}

// Link puts generated SDKs among a program's dependencies.
func (h *host) Link(ctx context.Context, req *pulumirpc.LinkRequest) (*pulumirpc.LinkResponse, error) {
	chosen, err := manager(req.GetInfo())
	if err != nil {
		return nil, err
	}
	var told []string
	for _, p := range req.GetPackages() {
		root := req.GetInfo().GetProgramDirectory()
		path := p.GetPath()
		if !filepath.IsAbs(path) {
			path = filepath.Join(req.GetInfo().GetRootDirectory(), path)
		}
		described, err := manifest(path)
		if err != nil {
			return nil, err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return nil, err
		}
		if err := chosen.Link(ctx, root, described.Name, filepath.ToSlash(relative)); err != nil {
			return nil, err
		}
		told = append(told, fmt.Sprintf("import * as %s from %q;", p.GetPackage().GetName(), described.Name))
	}
	return &pulumirpc.LinkResponse{ImportInstructions: strings.Join(told, "\n") + "\n"}, nil
}
