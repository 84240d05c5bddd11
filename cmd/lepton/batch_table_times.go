package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leptonsched/lepton/evaluate"
)

// queueBuckets are the lengths of queues for which times are told together: from one to the next less one. Around 128 is
// what the trained networks of RLScheduler can see.
var queueBuckets = []int{1, 2, 32, 96, 161, math.MaxInt}

func bucketName(i int) string {
	from, to := queueBuckets[i], queueBuckets[i+1]-1
	switch {
	case from == to:
		return strconv.Itoa(from)
	case i == len(queueBuckets)-2:
		return fmt.Sprintf("%d and more", from)
	}
	return fmt.Sprintf("%d to %d", from, to)
}

// writeTimes writes how long decisions took.
func (b *bench) writeTimes(page *strings.Builder, threads int) {
	t := evaluate.Table{Header: []string{"backfilling", "who", "queued jobs", "decisions", "half take at most", "99% take at most"}}
	for _, f := range b.settings {
		for at, d := range b.deciders {
			took := make([][]time.Duration, len(queueBuckets)-1)
			for i, task := range b.tasks {
				if task.setting != f || task.by != at {
					continue
				}
				for _, l := range b.outcomes[i].laps {
					bucket := len(queueBuckets) - 2
					for l.queued < queueBuckets[bucket] {
						bucket--
					}
					took[bucket] = append(took[bucket], l.took)
				}
			}
			for bucket, list := range took {
				if len(list) == 0 {
					continue
				}
				slices.Sort(list)
				t.Rows = append(t.Rows, []string{f.String(), d.name, bucketName(bucket), strconv.Itoa(len(list)), micro(quantile(list, 0.5)), micro(quantile(list, 0.99))})
			}
		}
	}
	fmt.Fprintf(page, "\n## Time of a decision\n\nAs observed in these runs, %d at a time, for orientation; it depends on the machine and on what else it does.\n\n%s",
		threads, t.Markdown())
}

// quantile is the smallest of sorted values with at least the share q at or below it.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[max(int(math.Ceil(q*float64(len(sorted)))), 1)-1]
}

func micro(d time.Duration) string { return fmt.Sprintf("%.1f µs", float64(d)/1e3) }
