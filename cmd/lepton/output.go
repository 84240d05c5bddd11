package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// toStdout is the name of standard output in a flag.
const toStdout = "-"

// output is a file that appears whole or not at all: what is written goes to a temporary file in the same folder,
// which takes the name in the end. Standard output and devices are written as they are.
type output struct {
	name   string // as the user gave it
	target string // where it lies, behind symbolic links
	direct bool   // a device or a pipe: nothing to rename
}

// newOutput finds out whether the file can be written, before work is spent on what goes into it.
func newOutput(name string) (output, error) {
	o := output{name: name, target: name}
	if name == toStdout {
		return o, nil
	}
	if name == "" {
		return o, errors.New("cannot write a file without a name")
	}
	if real, err := filepath.EvalSymlinks(name); err == nil {
		o.target = real
	}
	if info, err := os.Stat(o.target); err == nil {
		if info.IsDir() {
			return o, fmt.Errorf("cannot write %s: it is a folder", name)
		}
		if !info.Mode().IsRegular() {
			o.direct = true
			return o, nil
		}
	}
	f, err := o.temporary()
	if err != nil {
		return o, err
	}
	return o, o.fault(errors.Join(f.Close(), os.Remove(f.Name())))
}

// write puts what fill writes into the file. A failure leaves the file as it was.
func (o output) write(std streams, fill func(io.Writer) error) error {
	if o.name == toStdout {
		return o.fault(buffered(std.out, fill))
	}
	if o.direct {
		f, err := os.OpenFile(o.target, os.O_WRONLY, 0)
		if err != nil {
			return o.fault(err)
		}
		return o.fault(errors.Join(buffered(f, fill), f.Close()))
	}
	f, err := o.temporary()
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // in vain once it is renamed
	err = buffered(f, fill)
	if info, old := os.Stat(o.target); old == nil {
		err = errors.Join(err, f.Chmod(info.Mode().Perm()))
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return o.fault(err)
	}
	return o.fault(os.Rename(f.Name(), o.target))
}

// temporary creates a file beside the target, with the permissions that the user's umask leaves.
func (o output) temporary() (*os.File, error) {
	folder, base := filepath.Split(o.target)
	path := filepath.Join(folder, fmt.Sprintf(".%s.%d.tmp", base, os.Getpid()))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	return f, o.fault(err)
}

// fault names the file that the user asked for, not the temporary one.
func (o output) fault(err error) error {
	if err == nil {
		return nil
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	name := o.name
	if name == toStdout {
		name = "to standard output"
	}
	return fmt.Errorf("cannot write %s: %w", name, err)
}

func buffered(w io.Writer, fill func(io.Writer) error) error {
	b := bufio.NewWriter(w)
	if err := fill(b); err != nil {
		return err
	}
	return b.Flush()
}
