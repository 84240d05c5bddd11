package main

import (
	"errors"
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strings"

	"golang.org/x/exp/apidiff"
	"golang.org/x/tools/go/packages"
)

// change is one incompatible change of one public package.
type change struct {
	pkg  string // import path below the module; "lepton" for the root package
	text string
}

// compare returns the incompatible changes between the modules in two folders, in order of package.
func compare(was, is string) ([]change, error) {
	before, err := surface(was)
	if err != nil {
		return nil, err
	}
	after, err := surface(is)
	if err != nil {
		return nil, err
	}
	var out []change
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if after[name] == nil {
			out = append(out, change{name, "package removed"})
			continue
		}
		for _, c := range apidiff.Changes(before[name], after[name]).Changes {
			if !c.Compatible {
				out = append(out, change{name, c.Message})
			}
		}
	}
	return out, nil
}

// surface loads the packages of the module in dir that others may import.
func surface(dir string) (map[string]*types.Package, error) {
	loaded, err := packages.Load(&packages.Config{
		Dir:  dir,
		Mode: packages.NeedName | packages.NeedTypes | packages.NeedModule,
	}, "./...")
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", dir, err)
	}
	out := map[string]*types.Package{}
	var faults []error
	for _, p := range loaded {
		for _, e := range p.Errors {
			faults = append(faults, e)
		}
		if p.Module == nil || p.Types == nil || p.Name == "main" {
			continue
		}
		name, ok := strings.CutPrefix(p.PkgPath, p.Module.Path+"/")
		if !ok {
			name = "lepton"
		}
		if public(name) {
			out[name] = p.Types
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("load %s: %w", dir, err)
	}
	return out, nil
}

// public tells which packages COMPATIBILITY.md makes a promise for.
func public(name string) bool {
	elements := strings.Split(name, "/")
	return !slices.Contains(elements, "internal") &&
		!slices.Contains([]string{"examples", "benchmarks", "cmd"}, elements[0])
}
