package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
)

func batchHeuristics() command {
	return command{
		name:    "batch heuristics",
		summary: "the heuristics that batch replay knows, with their formulas",
		example: "lepton batch heuristics",
		manual: `
The job with the smallest score goes first. A score of two parts is compared
part by part. Equal scores leave jobs in the order that the queue had.`,
		declare: func(*flag.FlagSet) action {
			return func(_ context.Context, std streams, _ []string) error {
				_, err := io.WriteString(std.out, heuristicsPage())
				return err
			}
		},
	}
}

// formulas are the heuristics in the order of sim.BatchHeuristicNames.
var formulas = [...]struct{ name, score, source string }{
	{"FCFS", "s", "first come, first served"},
	{"SJF", "(r, s)", "shortest job first"},
	{"Smallest", "(n, s)", "fewest processors first"},
	{"SAF", "(r n, s)", "smallest area first; SAF_added is another name"},
	{"F1", "log10(r) n + 870 log10(s)", "Carastan-Santos & de Camargo, SC'17"},
	{"F2", "sqrt(r) n + 25600 log10(s)", "the same"},
	{"F3", "r n + 6860000 log10(s)", "the same"},
	{"F4", "r sqrt(n) + 530000 log10(s)", "the same"},
	{"WFP3", "-((-1-s)/r)^3 n", "as in RLScheduler's code, which takes -1-s for the wait"},
	{"UNICEP", "-(-1-s)/(log2(n) r)", "the same"},
	{"WFP3_fixed", "-((t-s)/r)^3 n", "as meant: Tang et al., CLUSTER'09"},
	{"UNICEP_fixed", "-(t-s)/(log2(n) r)", "the same"},
}

func heuristicsPage() string {
	var page strings.Builder
	page.WriteString("The smallest score goes first. s submission, n processors, r run time requested, t now.\n\n")
	for _, f := range formulas {
		fmt.Fprintf(&page, "%-13s %-28s %s\n", f.name, f.score, f.source)
	}
	page.WriteString("\nIn F1, an s or r of 0 or less counts as 0.1; log10(0) is minus infinity in F2 to F4.\n")
	page.WriteString("With _pred at the end of its name (SJF_pred), r is the run time that a model foretells.\n")
	return page.String()
}
