package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Exit statuses, as the manual states them.
const (
	statusDone        = 0
	statusFault       = 2
	statusInterrupted = 130 // 128 + SIGINT, as shells have it
)

// streams is where a command writes: results to out, everything else to err.
type streams struct{ out, err io.Writer }

// run does what args ask for and returns the exit status. A fault is one line on stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := dispatch(ctx, args, streams{stdout, stderr})
	switch {
	case err == nil:
		return statusDone
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		fmt.Fprintln(stderr, "lepton: interrupted, nothing was written")
		return statusInterrupted
	}
	fmt.Fprintln(stderr, "lepton: "+oneLine(err))
	return statusFault
}

func dispatch(ctx context.Context, args []string, std streams) error {
	if len(args) == 0 {
		return errors.New("no command; lepton help lists them")
	}
	switch args[0] {
	case "-h", "-help", "--help":
		args = append([]string{"help"}, args[1:]...)
	case "-version", "--version":
		args = append([]string{"version"}, args[1:]...)
	}
	c, rest, err := find(args)
	if err != nil {
		return err
	}
	return c.invoke(ctx, rest, std)
}

// invoke parses the flags, which may stand before, between and after other arguments, and runs c.
func (c command) invoke(ctx context.Context, args []string, std streams) error {
	flags := newFlagSet(c.name)
	act := c.declare(flags)
	var operands []string
	for {
		err := flags.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			return c.help(std.out)
		}
		if err != nil {
			return fmt.Errorf("%s: %w; see lepton help %s", c.name, err, c.name)
		}
		if flags.NArg() == 0 {
			break
		}
		operands = append(operands, flags.Arg(0))
		args = flags.Args()[1:]
	}
	if len(operands) > c.operands && !c.variadic {
		return fmt.Errorf("%s: what is %q? See lepton help %s", c.name, operands[c.operands], c.name)
	}
	if len(operands) < c.operands {
		return fmt.Errorf("%s: something is missing: lepton %s %s", c.name, c.name, c.synopsis)
	}
	return act(ctx, std, operands)
}

// newFlagSet is silent: run prints faults, and help has its own form.
func newFlagSet(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	return flags
}

// packagePrefix is what the library's errors begin with, for the programmer's eye.
var packagePrefix = regexp.MustCompile(`(^|: |; )(?:lepton|sim|policy|supervised|codec): `)

// oneLine is err for people: joined faults on one line, without the names of packages.
func oneLine(err error) string {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	for {
		shorter := packagePrefix.ReplaceAllString(text, "$1")
		if shorter == text {
			return text
		}
		text = shorter
	}
}
