package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// progress is one line on a terminal, written over and over once the work takes long, and nothing anywhere else.
type progress struct {
	w     io.Writer // nil: not a terminal
	next  time.Time // when to show something again
	dirty bool
}

func newProgress(w io.Writer) *progress {
	p := &progress{next: time.Now().Add(time.Second)}
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.w = w
		}
	}
	return p
}

func (p *progress) show(done, total int) {
	if now := time.Now(); p.w != nil && now.After(p.next) {
		fmt.Fprintf(p.w, "\r\x1b[K%d of %d runs", done, total)
		p.next, p.dirty = now.Add(200*time.Millisecond), true
	}
}

func (p *progress) clear() {
	if p.dirty {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
