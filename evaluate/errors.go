package evaluate

import "errors"

// Errors that callers can tell apart with errors.Is; the message around them says where the fault is.
var (
	ErrNoValues    = errors.New("evaluate: no values")
	ErrLengths     = errors.New("evaluate: lengths differ")
	ErrNotFinite   = errors.New("evaluate: value is NaN, infinite, or too large to compute with")
	ErrNotPositive = errors.New("evaluate: a ratio needs values above zero")
	ErrOption      = errors.New("evaluate: invalid option")
	ErrUnknownName = errors.New("evaluate: unknown name")
	ErrName        = errors.New("evaluate: name is empty or used twice")
)
