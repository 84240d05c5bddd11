package evaluate

import (
	"fmt"
	"math"
	"slices"
)

// Sentences says in one plain sentence for each method but the reference how it stands under the metric, losers as
// plainly as winners; ErrUnknownName when there is no such metric. A ratio is told in percent, or in times when it is
// 3 or more. When the plain means point the other way than a decided ratio, the sentence says that too.
func (c *Comparison) Sentences(metric string) ([]string, error) {
	m, err := c.metric(metric)
	if err != nil {
		return nil, err
	}
	var sentences []string
	for i := range c.names {
		if c.cells[i][m].Verdict != Reference {
			sentences = append(sentences, c.sentence(i, m))
		}
	}
	return sentences, nil
}

func (c *Comparison) sentence(i, m int) string {
	metric, cell, effect := c.options.Metrics[m], c.cells[i][m], c.cells[i][m].Effect
	name, reference := c.names[i], c.options.Reference
	t := newTeller(effect, metric.Scale)
	level := percent(effect.Level)
	switch {
	case effect.Known() && effect.Lower == t.equal && effect.Upper == t.equal:
		return fmt.Sprintf("%s and %s are the same: %s is equal on %s",
			name, reference, metric.Name, plural(effect.Units, c.options.Unit))
	case !effect.Known():
		noun := c.options.Unit
		if c.options.Clusters != nil {
			noun = "cluster"
		}
		few := plural(effect.Clusters, noun) + " are"
		if effect.Clusters == 1 {
			few = plural(1, noun) + " is"
		}
		return fmt.Sprintf("%s cannot be told from %s: %s %s, but %s too few for a %s interval (%d needed)",
			name, reference, metric.Name, t.effect(effect.Value), few, level, MinClusters(effect.Level))
	case cell.Verdict == Undecided:
		return fmt.Sprintf("%s cannot be told from %s: %s %s (%s interval %s to %s)", name, reference, metric.Name,
			t.effect(effect.Value), level, t.limit(effect.Lower), t.limit(effect.Upper))
	}
	// Both limits lie on the same side: the nearer one first, and the direction said once.
	near, far := effect.Lower, effect.Upper
	if effect.Upper < t.equal && !t.times {
		near, far = far, near
	}
	s := fmt.Sprintf("%s is %s than %s: %s %s (%s interval %s to %s)", name, cell.Verdict, reference, metric.Name,
		t.effect(effect.Value), level, t.size(near), t.size(far))
	mean := c.cells[slices.Index(c.names, reference)][m].Mean
	if (effect.Value-t.equal)*(cell.Mean-mean) < 0 {
		s += fmt.Sprintf(", although its plain mean is %s against %s", short(cell.Mean), short(mean))
	}
	return s
}

// teller puts the numbers of one interval into words, all in the same manner.
type teller struct {
	scale    Scale
	equal    float64
	times    bool // a ratio told as "4.1 times" instead of "310%"
	decimals int
}

// timesFrom is the ratio from which "times" reads better than percent.
const timesFrom = 3

func newTeller(effect Interval, scale Scale) teller {
	t := teller{scale: scale, equal: scale.equal()}
	uncertainty := math.Abs(effect.Value - t.equal)
	largest := effect.Value
	if effect.Known() {
		uncertainty = (effect.Upper - effect.Lower) / 2
		largest = effect.Upper
	}
	t.times = scale == Ratio && largest >= timesFrom
	switch {
	case t.times:
		t.decimals = decimals(uncertainty, 1)
	case scale == Ratio:
		t.decimals = decimals(100*uncertainty, 1)
	default:
		t.decimals = decimals(uncertainty, 2)
	}
	return t
}

// effect says an effect with its direction: "12% higher", "4.1 times as high", "3.5 lower".
func (t teller) effect(v float64) string {
	switch {
	case t.times:
		return t.size(v) + " as high"
	case v == t.equal:
		return "equal"
	case v < t.equal:
		return t.size(v) + " lower"
	}
	return t.size(v) + " higher"
}

// limit says a limit of an undecided interval: with its direction, unless times say that already.
func (t teller) limit(v float64) string {
	if t.times {
		return t.size(v)
	}
	return t.effect(v)
}

// size says an effect without its direction.
func (t teller) size(v float64) string {
	switch {
	case t.times:
		return fixed(v, t.equal, t.decimals) + " times"
	case t.scale == Ratio:
		return fixed(100*math.Abs(v-1), 0, t.decimals) + "%"
	}
	return fixed(math.Abs(v), 0, t.decimals)
}
