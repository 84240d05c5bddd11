package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/leptonsched/lepton/sim"
)

const (
	learnedPolicy = "learned"
	plannedPolicy = "planned"
	allPolicies   = "all"
	predSuffix    = "_pred"
)

// contender is a policy of a replay, under the name that the user gave it.
type contender struct {
	name      string
	heuristic *sim.BatchHeuristic // nil: the model, or the planner
	planned   bool                // it is the planner
	predicted bool                // it goes by foretold run times
}

// needsModel reports whether a model must be given: learned has one that is shipped.
func (c contender) needsModel() bool { return c.heuristic != nil && c.predicted }

// parsePolicies returns the policies of a list of names. All unknown ones are reported.
func parsePolicies(text string) ([]contender, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("-policy is missing")
	}
	var list []contender
	var errs []error
	add := func(c contender) {
		if slices.ContainsFunc(list, func(o contender) bool { return o.name == c.name }) {
			errs = append(errs, fmt.Errorf("policy %s is given twice", c.name))
			return
		}
		list = append(list, c)
	}
	var unknown []string
	for name := range strings.SplitSeq(text, ",") {
		switch name = strings.TrimSpace(name); name {
		case learnedPolicy:
			add(contender{name: name, predicted: true})
		case plannedPolicy:
			add(contender{name: name, planned: true})
		case allPolicies:
			for _, name := range sim.BatchHeuristicNames() {
				h, err := sim.BatchHeuristicByName(name)
				if err != nil {
					return nil, err
				}
				add(contender{name: name, heuristic: h})
			}
		default:
			h, err := sim.BatchHeuristicByName(name)
			if err != nil {
				unknown = append(unknown, fmt.Sprintf("%q", name))
				continue
			}
			add(contender{name: name, heuristic: h, predicted: strings.HasSuffix(name, predSuffix)})
		}
	}
	if len(unknown) > 0 {
		errs = append(errs, fmt.Errorf("unknown policy %s: there are %s, SAF_added (which is SAF), each also with %s at its end, %s, %s and %s",
			strings.Join(unknown, ", "), strings.Join(sim.BatchHeuristicNames(), ", "), predSuffix, learnedPolicy, plannedPolicy, allPolicies))
	}
	return list, errors.Join(errs...)
}
