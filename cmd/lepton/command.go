package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
)

// command is one thing that the tool can do.
type command struct {
	name     string // "batch replay"
	synopsis string // what follows the name
	summary  string // a line of the overview
	example  string // the same, to be typed
	manual   string // the body of its help, paragraphs
	operands int    // arguments that are not flags
	variadic bool   // more of them are fine
	// declare declares the flags and returns what to do once they are parsed.
	declare func(flags *flag.FlagSet) action
}

// action does the work of a command.
type action func(ctx context.Context, std streams, operands []string) error

// commands lists everything, in the order of the manual.
func commands() []command {
	return []command{
		batchReplay(), batchTable(), batchLearn(), batchHeuristics(), batchGenerate(), fitCommand(),
		traceInfo(), modelInfo(), versionCommand(), helpCommand(),
	}
}

// find returns the command that args begin with, and the rest of args.
func find(args []string) (command, []string, error) {
	all := commands()
	for words := min(2, len(args)); words > 0; words-- {
		name := strings.Join(args[:words], " ")
		if i := slices.IndexFunc(all, func(c command) bool { return c.name == name }); i >= 0 {
			return all[i], args[words:], nil
		}
	}
	members := group(args[0])
	if len(members) > 0 && (len(args) == 1 || strings.HasPrefix(args[1], "-")) {
		return command{}, nil, fmt.Errorf("%s alone is no command: %s", args[0], strings.Join(names(members), ", "))
	}
	known := names(all)
	for words := min(2, len(args)); words > 0; words-- {
		asked := strings.Join(args[:words], " ")
		if guess := suggest(asked, known); guess != "" {
			return command{}, nil, fmt.Errorf("unknown command %q, did you mean %q?", asked, guess)
		}
	}
	asked := args[0]
	if len(members) > 0 {
		asked, known = asked+" "+args[1], names(members)
	}
	return command{}, nil, fmt.Errorf("unknown command %q: there are %s", asked, strings.Join(known, ", "))
}

// group returns the commands whose first word of two is word.
func group(word string) []command {
	return slices.DeleteFunc(commands(), func(c command) bool { return !strings.HasPrefix(c.name, word+" ") })
}

func names(list []command) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.name
	}
	return out
}
