package main

import (
	"fmt"
	"io"
	"os"
	"sync"
)

// progress is one line on a terminal that is written over and over, and nothing anywhere else.
type progress struct {
	mu    sync.Mutex
	w     io.Writer // nil: not a terminal
	steps int
	dirty bool
}

func newProgress(w io.Writer) *progress {
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return &progress{w: w}
		}
	}
	return &progress{}
}

// line shows text in place of what was there.
func (p *progress) line(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.show(text)
}

// step counts one of total steps and shows how many are done.
func (p *progress) step(what string, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps++
	p.show(fmt.Sprintf("%s: %d of %d", what, p.steps, total))
}

func (p *progress) show(text string) {
	if p.w != nil {
		fmt.Fprintf(p.w, "\r\x1b[K  %s", text)
		p.dirty = true
	}
}

// done clears the line.
func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dirty {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.dirty = false
	}
}
