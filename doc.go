// Package lepton is the vocabulary of a library that schedulers embed to learn from what they do.
package lepton
