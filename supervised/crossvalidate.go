package supervised

import "fmt"

// CrossValidate fits on the Train rows of each split, scores on its Test rows, and returns the scores
// in the order of the splits. It stops at the first error, which names the split.
//
// Any fit and any score will do; those of this package fit together as
//
//	CrossValidate(d, splits, RandomForest{}.FitClassifier, ScoreClassifier)
func CrossValidate[M, S any](
	d *Dataset, splits []Split,
	fit func(train *Dataset) (M, error),
	score func(m M, test *Dataset) (S, error),
) ([]S, error) {
	scores := make([]S, 0, len(splits))
	for k, s := range splits {
		got, err := validateOnce(d, s, fit, score)
		if err != nil {
			return nil, fmt.Errorf("split %d: %w", k, err)
		}
		scores = append(scores, got)
	}
	return scores, nil
}

func validateOnce[M, S any](
	d *Dataset, s Split, fit func(*Dataset) (M, error), score func(M, *Dataset) (S, error),
) (S, error) {
	var none S
	if len(s.Train) == 0 || len(s.Test) == 0 {
		return none, fmt.Errorf("%w: %d to fit, %d to test", ErrEmptyFold, len(s.Train), len(s.Test))
	}
	train, err := d.Subset(s.Train)
	if err != nil {
		return none, err
	}
	test, err := d.Subset(s.Test)
	if err != nil {
		return none, err
	}
	m, err := fit(train)
	if err != nil {
		return none, err
	}
	return score(m, test)
}
