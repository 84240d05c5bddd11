package rl

import (
	"errors"

	"github.com/leptonsched/lepton/internal/codec"
)

var (
	// ErrCorrupt is wrapped by every error about bytes that cannot be what this package wrote.
	ErrCorrupt = codec.ErrCorrupt

	// ErrKind is returned for a file that holds something else than what is to be read.
	ErrKind = errors.New("rl: another kind of file")

	// ErrNotFinite is returned by Step after an update that would have made a NaN or an infinity. The
	// update was left out, and the learner can be used on.
	ErrNotFinite = errors.New("rl: an update was not finite and was left out")

	// ErrUnusable is returned when a policy answers with numbers that are no probabilities.
	ErrUnusable = errors.New("rl: a policy gave unusable probabilities")

	// ErrNoAction is returned when an environment asks for a decision without a legal action.
	ErrNoAction = errors.New("rl: no legal action")

	// ErrIllegal is returned when an environment calls an action illegal that it offered as legal.
	ErrIllegal = errors.New("rl: the environment refused a legal action")
)
