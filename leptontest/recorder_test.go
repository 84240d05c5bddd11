package leptontest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recorder is a suite that keeps what it is told.
type recorder struct {
	root *recorder // keeps for all
	name string    // of the subtest, "" at the root
	// The rest belongs to the root.
	ran    []string
	failed map[string][]string // messages by subtest
}

func record(kit func(suite)) *recorder {
	r := &recorder{failed: map[string][]string{}}
	r.root = r
	kit(r)
	return r
}

func (r *recorder) Helper()     {}
func (r *recorder) Skip(...any) { runtime.Goexit() }
func (r *recorder) Errorf(format string, args ...any) {
	r.root.failed[r.name] = append(r.root.failed[r.name], fmt.Sprintf(format, args...))
}

func (r *recorder) Run(name string, f func(suite)) bool {
	name = strings.TrimPrefix(r.name+"/"+name, "/")
	r.root.ran = append(r.root.ran, name)
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(&recorder{root: r.root, name: name})
	}()
	<-done
	return len(r.root.failed[name]) == 0
}

// mustPass demands that nothing failed.
func (r *recorder) mustPass(t *testing.T) {
	t.Helper()
	for name, messages := range r.failed {
		t.Errorf("%s: %s", name, strings.Join(messages, "\n"))
	}
}

// mustCatch demands a failure of the named subtest whose message says what, and, unless others are
// named as well, of no other.
func (r *recorder) mustCatch(t *testing.T, subtest, what string, others ...string) {
	t.Helper()
	require.NotEmpty(t, r.failed[subtest], "%s passed; failed: %v", subtest, r.failed)
	message := strings.Join(r.failed[subtest], "\n")
	assert.Contains(t, message, what)
	if subtest != "" && !strings.HasPrefix(message, "panicked") {
		assert.Contains(t, message, "lepton.", "the interface is named")
		assert.Contains(t, message, "\n\tseen: ")
		assert.Contains(t, message, "\n\tmend: ")
	}
	for name, messages := range r.failed {
		if name != subtest && !slices.Contains(others, name) {
			t.Errorf("%s failed as well: %s", name, messages)
		}
	}
}
