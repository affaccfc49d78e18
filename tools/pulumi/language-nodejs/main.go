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
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/nodejs/npm"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"streamgov/tools/pulumi/languagehost"
)

const (
	name = "pulumi-language-nodejs"
	// The module of the SDK that runs a program.
	runner = "@pulumi/pulumi/cmd/run"
)

func main() {
	languagehost.Main(name, func(base languagehost.Base) (pulumirpc.LanguageRuntimeServer, error) {
		return &host{Base: base}, nil
	})
}

type host struct {
	languagehost.Base
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
	ctx, done := h.Cancellable(server.Context())
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
	ctx, done := h.Cancellable(ctx)
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
	return languagehost.Outcome(cmd.Run()), nil
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
	result, err := languagehost.Configuration(req)
	if err != nil {
		return nil, err
	}
	result = append(result, "PULUMI_NODEJS_TYPESCRIPT="+strconv.FormatBool(options.typescript))
	if options.tsconfig != "" {
		result = append(result, "PULUMI_NODEJS_TSCONFIG_PATH="+options.tsconfig)
	}
	return result, nil
}

// arguments is the command line of the runner.
func (h *host) arguments(script string, req *pulumirpc.RunRequest) []string {
	runner := []string{script}
	if req.GetDryRun() {
		runner = append(runner, "--dry-run")
	}
	return languagehost.Arguments(runner, languagehost.Options{
		{"monitor", req.GetMonitorAddress()},
		{"engine", h.Engine},
		{"project", req.GetProject()},
		{"root-directory", req.GetInfo().GetRootDirectory()},
		{"stack", req.GetStack()},
		{"pwd", req.GetPwd()},
		{"parallel", languagehost.Parallel(req)},
		{"tracing", h.Tracing},
		{"organization", req.GetOrganization()},
	}, req)
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
