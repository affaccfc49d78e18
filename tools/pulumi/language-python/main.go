// Command pulumi-language-python is the language host that the Pulumi CLI starts for `runtime: python`.
//
// It speaks the protocol of the SDK version in go.mod and leaves everything about interpreters, virtual
// environments, pip, uv and poetry to that SDK's own toolchain package. Programs run by the SDK's exec shim, which
// lies next to this executable. Generating code and packing SDKs are not implemented.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
	"streamgov/tools/pulumi/languagehost"
)

const (
	execShim = "pulumi-language-python-exec"
	// Where a plugin's or a policy pack's packages go unless its file names another place.
	pluginVirtualenv = "venv"
)

// packagesScript prints, as JSON, every pulumi-plugin.json that the interpreter's packages carry.
//
//go:embed packages.py
var packagesScript string

func main() {
	languagehost.Main("pulumi-language-python", func(base languagehost.Base) (pulumirpc.LanguageRuntimeServer, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("finding the language host's own directory: %w", err)
		}
		shim := filepath.Join(filepath.Dir(self), execShim)
		if _, err := os.Stat(shim); err != nil {
			return nil, fmt.Errorf("the exec shim is missing: %w", err)
		}
		return &host{Base: base, shim: shim}, nil
	})
}

type host struct {
	languagehost.Base
	shim string
}

// settings are `runtime.options` of a Pulumi.yaml, PulumiPlugin.yaml or PulumiPolicy.yaml.
type settings struct {
	toolchain.PythonOptions
	typechecker string
}

// usesAmbientPython is true where nothing names a virtual environment.
func (s settings) usesAmbientPython() bool {
	return s.Virtualenv == "" && (s.Toolchain == toolchain.Pip || s.Toolchain == toolchain.Auto)
}

func parse(info *pulumirpc.ProgramInfo) (settings, error) {
	if info == nil {
		return settings{}, errors.New("the engine sent no program info; this language host needs a newer Pulumi CLI")
	}
	result := settings{PythonOptions: toolchain.PythonOptions{
		Root:       info.GetRootDirectory(),
		ProgramDir: info.GetProgramDirectory(),
		Toolchain:  toolchain.Auto,
	}}
	text := map[string]string{}
	for name, value := range info.GetOptions().AsMap() {
		if value == nil {
			continue
		}
		s, ok := value.(string)
		if !ok {
			return settings{}, fmt.Errorf("the runtime option %q must be text", name)
		}
		text[name] = s
	}
	result.Virtualenv = text["virtualenv"]
	switch text["toolchain"] {
	case "":
	case "pip":
		result.Toolchain = toolchain.Pip
	case "poetry":
		result.Toolchain = toolchain.Poetry
	case "uv":
		result.Toolchain = toolchain.Uv
	default:
		return settings{}, fmt.Errorf("the runtime option toolchain must be pip, poetry or uv, not %q", text["toolchain"])
	}
	switch text["typechecker"] {
	case "", "mypy", "pyright":
		result.typechecker = text["typechecker"]
	default:
		return settings{}, fmt.Errorf(
			"the runtime option typechecker must be mypy or pyright, not %q", text["typechecker"])
	}
	return result, nil
}

func resolve(info *pulumirpc.ProgramInfo) (settings, toolchain.Toolchain, error) {
	options, err := parse(info)
	if err != nil {
		return settings{}, nil, err
	}
	chain, err := toolchain.ResolveToolchain(options.PythonOptions)
	return options, chain, err
}

func (h *host) About(ctx context.Context, req *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	info := req.GetInfo()
	if info == nil {
		info = &pulumirpc.ProgramInfo{} // Outside of a project: the interpreter on PATH.
	}
	_, chain, err := resolve(info)
	if err != nil {
		return nil, err
	}
	about, err := chain.About(ctx)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.AboutResponse{
		Executable: about.PythonExecutable,
		Version:    about.PythonVersion.String(),
		Metadata:   map[string]string{"toolchainVersion": about.ToolchainVersion.String()},
	}, nil
}

func (h *host) GetProgramDependencies(
	ctx context.Context, req *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	_, chain, err := resolve(req.GetInfo())
	if err != nil {
		return nil, err
	}
	packages, err := chain.ListPackages(ctx, req.GetTransitiveDependencies())
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.GetProgramDependenciesResponse{}
	for _, p := range packages {
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
	if req.GetIsPlugin() && options.usesAmbientPython() {
		options.Virtualenv = pluginVirtualenv
	}
	chain, err := toolchain.ResolveToolchain(options.PythonOptions)
	if err != nil {
		return err
	}
	ctx, done := h.Cancellable(server.Context())
	defer done()
	closer, stdout, stderr, err := rpcutil.MakeInstallDependenciesStreams(server, req.GetIsTerminal())
	if err != nil {
		return err
	}
	err = chain.InstallDependencies(ctx, options.ProgramDir, req.GetUseLanguageVersionTools(), true, stdout, stderr)
	return errors.Join(err, closer.Close())
}

// installedPackage is one line of packages.py.
type installedPackage struct {
	Name    string                  `json:"name"`
	Version string                  `json:"version"`
	Plugin  plugin.PulumiPluginJSON `json:"plugin"`
}

func (h *host) GetRequiredPackages(
	ctx context.Context, req *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	options, chain, err := resolve(req.GetInfo())
	if err != nil {
		return nil, err
	}
	ctx, done := h.Cancellable(ctx)
	defer done()
	var output strings.Builder
	if err := chain.EnsureVenv(ctx, options.ProgramDir, false, true, &output, &output); err != nil {
		return nil, fmt.Errorf("preparing the virtual environment: %w\n%s", err, output.String())
	}
	if err := chain.ValidateVenv(ctx); err != nil {
		return nil, err
	}
	cmd, err := chain.Command(ctx, "-c", packagesScript)
	if err != nil {
		return nil, err
	}
	cmd.Dir = options.ProgramDir
	listing, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return nil, fmt.Errorf("listing the installed packages: %w\n%s", err, exit.Stderr)
		}
		return nil, fmt.Errorf("listing the installed packages: %w", err)
	}
	var installed []installedPackage
	if err := json.Unmarshal(listing, &installed); err != nil {
		return nil, fmt.Errorf("reading the list of installed packages: %w", err)
	}
	response := &pulumirpc.GetRequiredPackagesResponse{}
	for _, p := range installed {
		if dependency := languagehost.Dependency(p.Name, p.Version, p.Plugin); dependency != nil {
			response.Packages = append(response.Packages, dependency)
		}
	}
	return response, nil
}

func (h *host) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	options, chain, err := resolve(req.GetInfo())
	if err != nil {
		return nil, err
	}
	if req.GetAttachDebugger() {
		return nil, errors.New("this language host cannot attach a debugger")
	}
	ctx, done := h.Cancellable(ctx)
	defer done()
	if err := chain.ValidateVenv(ctx); err != nil {
		return nil, err
	}
	if options.typechecker != "" {
		problem, err := check(ctx, chain, options)
		if err != nil || problem != "" {
			return &pulumirpc.RunResponse{Error: problem}, err
		}
	}
	config, err := languagehost.Configuration(req)
	if err != nil {
		return nil, err
	}
	cmd, err := chain.Command(ctx, h.arguments(req)...)
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(environment(cmd), config...)
	return languagehost.Outcome(cmd.Run()), nil
}

// arguments is the command line of the interpreter.
func (h *host) arguments(req *pulumirpc.RunRequest) []string {
	return languagehost.Arguments([]string{"-u", h.shim}, languagehost.Options{
		{"monitor", req.GetMonitorAddress()},
		{"engine", h.Engine},
		{"project", req.GetProject()},
		{"root_directory", req.GetInfo().GetRootDirectory()},
		{"stack", req.GetStack()},
		{"pwd", req.GetPwd()},
		{"dry_run", strconv.FormatBool(req.GetDryRun())},
		{"parallel", languagehost.Parallel(req)},
		{"tracing", h.Tracing},
		{"organization", req.GetOrganization()},
	}, req)
}

// check runs the type checker that the project asks for and returns what it has found.
func check(ctx context.Context, chain toolchain.Toolchain, options settings) (string, error) {
	args := []string{options.ProgramDir}
	if path, err := chain.VirtualEnvPath(ctx); options.typechecker == "mypy" && err == nil && path != "" {
		if path, err = filepath.Rel(options.ProgramDir, path); err == nil {
			args = append([]string{"--exclude", regexp.QuoteMeta(path)}, args...)
		}
	}
	cmd, err := chain.ModuleCommand(ctx, options.typechecker, args...)
	if err != nil {
		return "", err
	}
	cmd.Dir = options.ProgramDir
	output, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Sprintf("%s: %v\n%s", options.typechecker, err, output), nil
	}
	return "", err
}

// environment is what the command would get, made explicit so that it can be added to.
func environment(cmd *exec.Cmd) []string {
	if cmd.Env != nil {
		return cmd.Env
	}
	return os.Environ()
}

// RunPlugin runs a directory with a PulumiPlugin.yaml or PulumiPolicy.yaml. Without a virtualenv option it takes the
// directory `venv` beside that file where there is one, else the interpreter on PATH.
func (h *host) RunPlugin(
	req *pulumirpc.RunPluginRequest, server pulumirpc.LanguageRuntime_RunPluginServer,
) error {
	options, err := parse(req.GetInfo())
	if err != nil {
		return err
	}
	if req.GetAttachDebugger() {
		return errors.New("this language host cannot attach a debugger")
	}
	if options.usesAmbientPython() && toolchain.IsVirtualEnv(filepath.Join(options.Root, pluginVirtualenv)) {
		options.Virtualenv = pluginVirtualenv
	}
	chain, err := toolchain.ResolveToolchain(options.PythonOptions)
	if err != nil {
		return err
	}
	ctx, done := h.Cancellable(server.Context())
	defer done()
	if err := chain.ValidateVenv(ctx); err != nil {
		return err
	}
	args, err := pluginArguments(req, options)
	if err != nil {
		return err
	}
	cmd, err := chain.Command(ctx, args...)
	if err != nil {
		return err
	}
	closer, stdout, stderr, err := rpcutil.MakeRunPluginStreams(server, false)
	if err != nil {
		return err
	}
	cmd.Dir = req.GetPwd()
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.Env = pluginEnvironment(ctx, chain, req.GetEnv())
	// Let the plugin end in its own time first, as the engine does for plugins that it starts itself.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return errors.Join(closer.Close(), server.Send(&pulumirpc.RunPluginResponse{
			Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(exit.ExitCode())},
		}))
	}
	return errors.Join(err, closer.Close())
}

// pluginArguments runs the directory itself or, when it has no __main__.py but is a package, the installed package.
func pluginArguments(req *pulumirpc.RunPluginRequest, options settings) ([]string, error) {
	args := []string{"-u", options.ProgramDir}
	if _, err := os.Stat(filepath.Join(options.ProgramDir, "__main__.py")); errors.Is(err, os.ErrNotExist) {
		buildable, err := toolchain.IsBuildablePackage(options.Root)
		if err != nil {
			return nil, err
		}
		if !buildable {
			return nil, fmt.Errorf("%s has neither a __main__.py nor a pyproject.toml that can be built", options.Root)
		}
		project, err := toolchain.LoadPyproject(options.Root)
		if err != nil {
			return nil, err
		}
		args = []string{"-u", "-m", "pulumi.run.plugin", project.Project.Name}
	}
	return append(args, req.GetArgs()...), nil
}

// pluginEnvironment is the engine's environment for the plugin, with the plugin's virtual environment activated.
func pluginEnvironment(ctx context.Context, chain toolchain.Toolchain, environ []string) []string {
	if len(environ) == 0 {
		environ = os.Environ()
	}
	if path, err := chain.VirtualEnvPath(ctx); err == nil && path != "" {
		return toolchain.ActivateVirtualEnv(environ, path)
	}
	return environ
}
