package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errFill = errors.New("out of words")

func TestOutput(t *testing.T) {
	say := func(text string, err error) func(io.Writer) error {
		return func(w io.Writer) error {
			_, _ = io.WriteString(w, text)
			return err
		}
	}
	var stdout bytes.Buffer
	std := streams{&stdout, io.Discard}
	folder := t.TempDir()
	file := filepath.Join(folder, "out.csv")

	o, err := newOutput(file)
	require.NoError(t, err)
	assert.Empty(t, listing(t, folder), "finding out leaves nothing")
	require.ErrorIs(t, o.write(std, say("half", errFill)), errFill)
	assert.Empty(t, listing(t, folder), "a failure leaves nothing")
	require.NoError(t, o.write(std, say("old", nil)))
	require.ErrorIs(t, o.write(std, say("half", errFill)), errFill)
	untouched(t, file)
	require.NoError(t, o.write(std, say("new", nil)))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "new", string(text))
	assert.Equal(t, []string{"out.csv"}, listing(t, folder))
	assert.Empty(t, stdout.String())

	o, err = newOutput("-")
	require.NoError(t, err)
	require.NoError(t, o.write(std, say("printed", nil)))
	assert.Equal(t, "printed", stdout.String())
	assert.ErrorContains(t, o.write(streams{out: closedPipe{}}, say("x", nil)), "cannot write to standard output: ")

	if runtime.GOOS == "windows" {
		return // links and devices are another matter there
	}
	require.NoError(t, os.Chmod(file, 0o640))
	link := filepath.Join(t.TempDir(), "link.csv")
	require.NoError(t, os.Symlink(file, link))
	o, err = newOutput(link)
	require.NoError(t, err)
	require.NoError(t, o.write(std, say("by link", nil)))
	text, err = os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "by link", string(text), "the link stays a link")
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o640), info.Mode().Perm(), "permissions stay")

	o, err = newOutput(os.DevNull)
	require.NoError(t, err)
	require.NoError(t, o.write(std, say("nothing", nil)))
	info, err = os.Stat(os.DevNull)
	require.NoError(t, err)
	assert.NotZero(t, info.Mode()&os.ModeDevice, "a device stays a device")
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
