package main

import (
	"bytes"
	"go/format"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/reg"
)

// What is checked in is what the generator writes, twice the same, and gofmt has nothing to say.
func TestUpToDate(t *testing.T) {
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		old, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(old, text) {
			t.Errorf("%s is not what the generator writes: run go generate ./internal/simd", name)
		}
		if formatted, err := format.Source(text); strings.HasSuffix(name, ".go") && (err != nil || !bytes.Equal(formatted, text)) {
			t.Errorf("%s is not formatted (%v)", name, err)
		}
	}
}

// A kernel for AVX2 that takes a seventeenth register would need AVX-512, and neither avo nor the assembler minds.
func TestRegistersOfAVX2(t *testing.T) {
	for name, wrong := range map[string]bool{"manyAVX2": true, "manyAVX512": false, "many": true} {
		c := build.NewContext()
		c.Function(name)
		c.SignatureExpr("func()")
		var sums []reg.VecVirtual
		for range 17 {
			v := c.YMM()
			c.VXORPS(v, v, v)
			sums = append(sums, v)
		}
		for _, v := range sums {
			c.VADDPS(v, sums[0], sums[0])
		}
		c.RET()
		f, err := c.Result()
		if err == nil {
			err = pass.Compile.Execute(f)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := checkRegisters(f); (err != nil) != wrong {
			t.Errorf("%s: %v", name, err)
		}
	}
}
