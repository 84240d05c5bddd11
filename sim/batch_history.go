package sim

import (
	"cmp"
	"slices"
)

// recall remembers the last BatchOptions.History of the jobs before the sequence that had ended by now, the submission of
// its first job, taking each to have begun when it was submitted. Of the others it reads nothing but when they would have
// ended and that it can be run at all. The error is ErrBadJob.
func (b *Batch) recall(before []Job, now int64) error {
	past := b.state.Past
	for i := len(before) - 1; i >= 0 && len(past) < b.opt.History; i-- {
		j := &before[i]
		if err := b.check(j); err != nil {
			return err
		}
		if j.Submit+j.Run > now {
			continue
		}
		past = append(past, EndedJob{Job: *j, Start: j.Submit, Predicted: float64(j.Request)})
	}
	slices.Reverse(past)
	slices.SortStableFunc(past, func(x, y EndedJob) int { return cmp.Compare(x.Start+x.Run, y.Start+y.Run) })
	b.state.Past = past
	if b.opt.Predict != nil {
		for _, j := range past {
			b.ended.add(j)
		}
	}
	return nil
}
