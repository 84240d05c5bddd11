// Command gen writes the assembly of package simd and the Go declarations that go with it:
//
//	go run -C gen . -dir ..
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	dir := flag.String("dir", "..", "folder to write to")
	flag.Parse()
	files, err := generate()
	for name, text := range files {
		if err == nil {
			err = os.WriteFile(filepath.Join(*dir, name), text, 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// kernels lists what is written, by the name of the file.
var kernels = []struct {
	file  string
	write func(*build.Context)
}{
	{"cpu", cpu},
	{"product", products},
	{"slim", slims},
	{"transpose", transposition},
	{"vectors", vectors},
	{"adam", adam},
	{"exp", exponential},
}

// generate returns the text of every file by its name.
func generate() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, k := range kernels {
		c := build.NewContext()
		c.ConstraintExpr("!purego")
		k.write(c)
		f, err := c.Result()
		if err == nil {
			err = pass.Compile.Execute(f)
		}
		if err == nil {
			err = checkRegisters(f)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.file, err)
		}
		for name, p := range map[string]printer.Builder{
			k.file + "_amd64.s":        printer.NewGoAsm,
			k.file + "_stubs_amd64.go": printer.NewStubs,
		} {
			text, err := printed(f, p)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			files[name] = text
		}
	}
	return files, nil
}

// checkRegisters refuses kernels that AVX2 cannot run: avo, short of registers, takes those that came with
// AVX-512, and the assembler then takes instructions that did.
func checkRegisters(f *ir.File) error {
	for _, fn := range f.Functions() {
		if strings.HasSuffix(fn.Name, "AVX512") {
			continue
		}
		for _, i := range fn.Instructions() {
			for _, r := range i.Registers() {
				p := reg.ToPhysical(r)
				if r.Kind() == reg.KindOpmask || r.Kind() == reg.KindVector && (p == nil || p.PhysicalIndex() >= 16) {
					return fmt.Errorf("%s needs more registers than there are: %v", fn.Name, r)
				}
			}
		}
	}
	return nil
}

func printed(f *ir.File, p printer.Builder) ([]byte, error) {
	text, err := p(printer.Config{Name: "internal/simd/gen", Pkg: "simd"}).Print(f)
	return append(bytes.TrimRight(text, "\n"), '\n'), err
}

// levels are the widths that kernels are written in.
func levels(c *build.Context) (avx2, avx512 isa) {
	numbers := map[float32]operand.Mem{}
	avx2 = isa{Context: c, name: "AVX2", lanes: 8, numbers: numbers}
	avx512 = isa{Context: c, name: "AVX512", lanes: 16, wide: true, numbers: numbers}
	return avx2, avx512
}

func products(c *build.Context) {
	avx2, avx512 := levels(c)
	tableOfMasks(c)
	avx2.product("product", shape{rows: []int{4, 1}, vectors: []int{2, 1}})
	avx512.product("product", shape{rows: []int{12, 8, 4, 1}, vectors: []int{2, 1}})
	avx2.product("row", shape{rows: []int{1}, vectors: []int{8, 4, 2, 1}})
	avx512.product("row", shape{rows: []int{1}, vectors: []int{16, 8, 4, 2, 1}})
}
