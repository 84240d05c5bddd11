// Package supervised fits models to tables of numbers and predicts with them: gradient boosting, random and
// quantile forests, single trees, logistic, linear and quantile regression, and trees and forests that
// learn row by row; with bounds that hold (Conformal), probabilities that are right (Calibration), and what is
// needed to choose among models and columns and to see what they lean on.
//
// The smallest use:
//
//	d, err := supervised.ReadCSV(file, supervised.CSVOptions{Target: "failed", Classify: true})
//	m, err := supervised.RandomForest{Seed: 1}.FitClassifier(d)
//	p := m.Predict(row) // the probability of the second class
//
// # Shape
//
// Hyper-parameters are one type (GradientBoosting, RandomForest, LogisticRegression, …), plain structs
// whose zero value works; what a fit returns is another, a Model. So a prediction before a fit does
// not compile. A Dataset holds typed, named columns; NaN is a missing value, and every model takes it.
// It comes from slices, structs (FromStructs), CSV or TAB1. Splits (KFold, GroupKFold, ForwardChain, …)
// are lists of row numbers, which CrossValidate puts together with any fit and any score; Search and
// Halving choose options by them, Eliminate and TopColumns columns. What learns row by row (AdaptiveForest,
// HoeffdingTree, OnlineLogistic, DriftRefit) is an Incremental, whose Model is a copy fixed at that row.
//
// # Rules
//
//   - A row given to a model has the columns of the Dataset that was fitted, in its order; Schema says
//     which, and Column.Code turns the text of a category into its number.
//   - Datasets and models are immutable and safe for concurrent use; an Incremental is neither.
//   - Nothing is random but by a Seed: same data, same options, same bits, on any number of threads.
//   - A fit runs in the caller's goroutine. Trees and searches start others only when Threads says so,
//     and have waited for them when they return.
//   - Bad data and bad options are errors that say where; a row of the wrong width is answered with
//     NaN or ErrWidth.
//
// # What it does not do
//
// It knows nothing of scheduling or of time beyond Data.Times. Trees look at no more than 255 bins of a
// column. ReadXGBoost, ReadLightGBM and ReadForestJSON read models of other libraries.
package supervised
