package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"streamgov/tools/pulumi/languagehost"
)

// installed is what the package.json of an installed package says of its plugin.
type installed struct {
	Name    string                  `json:"name"`
	Version string                  `json:"version"`
	Plugin  plugin.PulumiPluginJSON `json:"pulumi"`
}

// manifest reads the package.json of a directory.
func manifest(directory string) (installed, error) {
	var found installed
	content, err := os.ReadFile(filepath.Join(directory, "package.json"))
	if err != nil {
		return found, err
	}
	if err := json.Unmarshal(content, &found); err != nil {
		return found, fmt.Errorf("reading %s: %w", filepath.Join(directory, "package.json"), err)
	}
	return found, nil
}

// GetRequiredPackages lists the packages with a plugin in every node_modules that the program's imports are looked for
// in, up to the root of the file system, and below those.
func (h *host) GetRequiredPackages(
	_ context.Context, req *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	scan := scan{seen: map[string]bool{}}
	for directory := req.GetInfo().GetProgramDirectory(); ; directory = filepath.Dir(directory) {
		if err := scan.modules(filepath.Join(directory, "node_modules")); err != nil {
			return nil, err
		}
		if directory == filepath.Dir(directory) {
			return &pulumirpc.GetRequiredPackagesResponse{Packages: scan.found}, nil
		}
	}
}

// scan is a walk through installed packages.
type scan struct {
	// Directories without links, which a package that is linked in can form a circle by.
	seen  map[string]bool
	found []*pulumirpc.PackageDependency
}

func (s *scan) modules(directory string) error {
	entries, err := os.ReadDir(directory)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(directory, entry.Name())
		switch {
		case strings.HasPrefix(entry.Name(), "."):
		case strings.HasPrefix(entry.Name(), "@"):
			err = s.modules(path)
		default:
			err = s.module(path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *scan) module(directory string) error {
	real, err := filepath.EvalSymlinks(directory)
	if err != nil || s.seen[real] {
		return nil // A link to what is gone is no package.
	}
	s.seen[real] = true
	described, err := manifest(real)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	// A package of a scope is called as without it.
	dependency := languagehost.Dependency(filepath.Base(described.Name), described.Version, described.Plugin)
	if dependency != nil {
		s.found = append(s.found, dependency)
	}
	return s.modules(filepath.Join(real, "node_modules"))
}
