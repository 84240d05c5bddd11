package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// lastTag returns the nearest version tag of the main module (v1.2.3; nested modules have a folder in
// front), or "" when there is none.
func lastTag(repo string) (string, error) {
	tags, err := git(repo, "tag", "--merged", "HEAD", "--list", "v[0-9]*")
	if err != nil {
		return "", err
	}
	if len(bytes.TrimSpace(tags)) == 0 {
		return "", nil
	}
	tag, err := git(repo, "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*")
	return strings.TrimSpace(string(tag)), err
}

// export writes the tree of a tag into dir.
func export(repo, tag, dir string) error {
	archive, err := git(repo, "archive", "--format=tar", tag)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("archive of %s: %w", tag, err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := root.MkdirAll(filepath.Dir(h.Name), 0o755); err != nil {
			return err
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return fmt.Errorf("archive of %s: %w", tag, err)
		}
		if err := root.WriteFile(h.Name, data, 0o644); err != nil {
			return err
		}
	}
}

func git(repo string, args ...string) ([]byte, error) {
	cmd := exec.Command("git", append([]string{"-C", repo}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}
