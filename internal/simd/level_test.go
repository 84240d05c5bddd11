package simd

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		word string
		best Level
		want Level
	}{
		{"", Portable, Portable}, {"", AVX2, AVX2}, {"", AVX512, AVX512},
		{"portable", AVX512, Portable}, {"avx2", AVX512, AVX2}, {"avx512", AVX512, AVX512},
		{"avx512", AVX2, AVX2}, {"avx2", Portable, Portable}, {"AVX2", AVX512, AVX512}, {"sse", AVX512, AVX512},
	} {
		if got := choose(c.word, c.best); got != c.want {
			t.Errorf("LEPTON_SIMD=%q where %v is the best gives %v, not %v", c.word, c.best, got, c.want)
		}
	}
}

// The environment pins the level of a process.
func TestPinned(t *testing.T) {
	if os.Getenv("LEPTON_SIMD_TEST") != "" {
		os.Stdout.WriteString("level " + Current().String() + "\n")
		return
	}
	for l := Portable; l <= supported(); l++ {
		cmd := exec.Command(os.Args[0], "-test.run=^TestPinned$")
		cmd.Env = append(os.Environ(), "LEPTON_SIMD="+l.String(), "LEPTON_SIMD_TEST=1")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "level "+l.String()+"\n") {
			t.Errorf("LEPTON_SIMD=%v: %v\n%s", l, err, out)
		}
	}
}
