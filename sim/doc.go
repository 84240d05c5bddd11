// Package sim holds deterministic event-driven worlds and the traces that drive them.
package sim
