package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
)

func helpCommand() command {
	return command{
		name:     "help",
		synopsis: "[COMMAND]",
		summary:  "this page, or the page of a command",
		example:  "lepton help batch replay",
		manual:   "Without a command: what the tool is, and every command with an example.",
		variadic: true,
		declare: func(*flag.FlagSet) action {
			return func(_ context.Context, std streams, words []string) error {
				if len(words) == 0 {
					return overview(std.out)
				}
				if members := group(words[0]); len(words) == 1 && len(members) > 0 {
					var page strings.Builder
					list(&page, members)
					_, err := io.WriteString(std.out, page.String())
					return err
				}
				c, rest, err := find(words)
				if err != nil {
					return err
				}
				if len(rest) > 0 {
					return fmt.Errorf("help: what is %q after %s?", rest[0], c.name)
				}
				return c.help(std.out)
			}
		},
	}
}

const introduction = `lepton - traces, heuristics and learned policies for schedulers

Lepton is a Go library for programs that schedule: from the history of a system
it learns which job, node or server to choose next, and shows whether that beats
the rule in use. This tool works beside it, on files: it looks into traces and
models, generates workloads, and replays a trace under any heuristic and any
learned model, so that a claim can be checked by someone who did not make it.

Usage:

  lepton COMMAND [flags] [arguments]

Commands:

`

const closing = `
From nothing to a comparison:

  lepton batch generate -seed 1 -o site.swf.gz
  lepton trace info site.swf.gz
  go run ./examples/batch -trace site.swf.gz -save site.lepton
  lepton model info site.lepton
  lepton batch replay -trace site.swf.gz -starts 6666:9744:256 -length 256 \
      -policy all,learned -model site.lepton -csv site.csv

With your own history, leave out the first line: traces are in the Standard
Workload Format, or the output of sacct -P, plain or gzip.

lepton help COMMAND says everything about a command.

Exit status: 0 when done; 2 for a fault, told in one line on standard error; 130
when interrupted. A file appears whole or not at all.
`

// overview writes the first page of the manual.
func overview(w io.Writer) error {
	var page strings.Builder
	page.WriteString(introduction)
	list(&page, commands())
	page.WriteString(closing)
	_, err := io.WriteString(w, page.String())
	return err
}

// list writes each command with its line and its example.
func list(page *strings.Builder, all []command) {
	for i, c := range all {
		if i > 0 {
			page.WriteByte('\n')
		}
		fmt.Fprintf(page, "  %-17s %s\n  %-17s $ %s\n", c.name, c.summary, "", c.example)
	}
}

// help writes the page of c.
func (c command) help(w io.Writer) error {
	flags := newFlagSet(c.name)
	c.declare(flags)
	var page strings.Builder
	fmt.Fprintf(&page, "lepton %s - %s\n\nUsage:\n\n", c.name, c.summary)
	page.WriteString(wrap("lepton "+c.name+" "+c.synopsis, "  ", "      "))
	fmt.Fprintf(&page, "\n%s\n", strings.TrimSpace(c.manual))
	heading := "\nFlags:\n"
	flags.VisitAll(func(f *flag.Flag) {
		value, usage := flag.UnquoteUsage(f)
		if f.DefValue != "" && value != "" {
			usage += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(&page, "%s\n  %s\n%s", heading, strings.TrimSpace("-"+f.Name+" "+value), wrap(usage, "      ", "      "))
		heading = ""
	})
	fmt.Fprintf(&page, "\nExample:\n\n  %s\n", c.example)
	_, err := io.WriteString(w, page.String())
	return err
}

// wrap breaks text into lines of at most 80 columns.
func wrap(text, first, others string) string {
	var out strings.Builder
	line := first
	empty := true
	for _, word := range strings.Fields(text) {
		if !empty && len(line)+1+len(word) > 80 {
			out.WriteString(line + "\n")
			line, empty = others, true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	out.WriteString(line + "\n")
	return out.String()
}
