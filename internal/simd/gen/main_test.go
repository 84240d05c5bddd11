package main

import (
	"bytes"
	"go/format"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
