// Package golearnbridge joins supervised with github.com/sjwhitworth/golearn: tables both ways, any of our
// classifiers as one of golearn's, and any of golearn's as one of ours, so that what works in the one
// can be tried in the other.
//
//	grid, err := golearnbridge.ToGrid(dataset)
//	dataset, err := golearnbridge.FromGrid(grid)
//	ours := golearnbridge.NewClassifier("forest", supervised.RandomForest{}.FitClassifier) // a base.Classifier
//	theirs, err := golearnbridge.Fit(trees.NewID3DecisionTree(0.6), dataset)              // a supervised.Classifier
//
// # Rules
//
// A float or binary attribute is a numeric column, a categorical one a categorical column with its
// values as levels; the only class attribute is the target. A missing number is NaN on both sides. golearn
// has no missing category: it becomes the value Missing, as in ARFF files, and back. Weights, groups and
// times have no place in a grid and stay behind.
//
// It uses golearn's package base alone, which needs no cgo, as do golearn's trees, meta, naive, neural and
// filters; its ensemble, knn and linear_models do. golearn panics on much that it does not expect: here that
// becomes ErrPanic, save for panics in goroutines that golearn starts itself, which nobody can catch.
package golearnbridge
