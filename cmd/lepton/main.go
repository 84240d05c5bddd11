// Lepton is the tool beside the library: it looks into traces and models, and replays traces under heuristics and
// learned policies, so that anyone can check what a table or a report says. "lepton help" is its manual.
package main

import (
	"context"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
