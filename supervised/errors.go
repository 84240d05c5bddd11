package supervised

import "errors"

// Faults of data. The error that wraps one of these says which column, row, line or fold.
var (
	ErrNoRows     = errors.New("supervised: no rows")
	ErrNoColumns  = errors.New("supervised: no feature columns")
	ErrRagged     = errors.New("supervised: wrong number of values")
	ErrNotFinite  = errors.New("supervised: not a finite number")
	ErrColumns    = errors.New("supervised: bad column names")
	ErrLevel      = errors.New("supervised: not the code of a level")
	ErrLabel      = errors.New("supervised: not the code of a class")
	ErrWeight     = errors.New("supervised: bad sample weight")
	ErrAllMissing = errors.New("supervised: every value of a column is missing")
	ErrOneClass   = errors.New("supervised: fewer than two classes have rows")
	ErrTask       = errors.New("supervised: wrong kind of target")
	ErrRange      = errors.New("supervised: row index out of range")
	ErrWidth      = errors.New("supervised: a row or a buffer has the wrong width")
)

// Faults of where data comes from, beside those above.
var (
	ErrTags = errors.New("supervised: bad struct tags")
	ErrTAB1 = errors.New("supervised: not a TAB1 table")
)

// Faults of CSV text, beside those above. A *CSVError wraps them and says where.
var (
	ErrNotNumber    = errors.New("supervised: not a number")
	ErrMissing      = errors.New("supervised: a value that must be there is missing")
	ErrNoSuchColumn = errors.New("supervised: no such column")
	ErrTooLong      = errors.New("supervised: a line is longer than allowed")
)

// Faults of splits, options and fits.
var (
	ErrOptions      = errors.New("supervised: bad options")
	ErrEmptyFold    = errors.New("supervised: a fold has no rows to fit or none to test")
	ErrNotConverged = errors.New("supervised: not converged")
	ErrTooLarge     = errors.New("supervised: more than a forest can hold")
	ErrModel        = errors.New("supervised: not a usable model")
	ErrProbability  = errors.New("supervised: not a probability")
	ErrZero         = errors.New("supervised: a share of 0")
)
