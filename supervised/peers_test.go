package supervised

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// peersData returns the folder that gen.py of the peers' harness has filled, or skips.
func peersData(t testing.TB) string {
	dir := os.Getenv("LEPTON_PEERS")
	if dir == "" {
		t.Skip("LEPTON_PEERS names no folder with the data of peers/supervised/gen.py")
	}
	return dir
}

// readTAB1 reads a table of the peers' harness, or skips.
func readTAB1(t testing.TB, name string, classify bool) *Dataset {
	f, err := os.Open(filepath.Join(peersData(t), name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no %s in the folder", name)
	}
	require.NoError(t, err)
	defer f.Close()
	d, err := ReadTAB1(f, TAB1Options{Label: classify, Classify: classify})
	require.NoError(t, err)
	return d
}

// The least values of the objective on the standardised data, by scikit-learn 1.2.1: newton-cholesky at
// a tolerance of 1e-8, and saga at 1e-7 with an L1 part.
func TestReferenceLogisticObjective(t *testing.T) {
	for _, c := range []struct {
		name     string
		options  LogisticRegression
		want     float64 // C·Σ loss + penalty
		zeros    int
		accurate float64
	}{
		{"runtime", LogisticRegression{}, 42950.728045, 0, 1e-8},
		{"wide", LogisticRegression{}, 7689.596603, 0, 1e-8},
		{"wide", LogisticRegression{C: 0.01, L1Ratio: 0.5}, 81.4083512938677, 112, 1e-9},
		{"wide", LogisticRegression{C: 0.01, L1Ratio: 1}, 83.82260007971587, 157, 1e-9},
	} {
		t.Run(fmt.Sprintf("%s/L1=%v", c.name, c.options.L1Ratio), func(t *testing.T) {
			d := readTAB1(t, c.name+".std.train.bin", true)
			m, err := c.options.Fit(d)
			require.NoError(t, err)
			var loss, l1, l2 float64
			for i, p := range Predictions(m, d) {
				if d.Target(i) == 0 {
					p = 1 - p
				}
				loss -= math.Log(p)
			}
			zeros := 0
			for j := range d.Width() {
				w := m.Weights(1, j)[0]
				l1 += math.Abs(w)
				l2 += w * w / 2
				if w == 0 {
					zeros++
				}
			}
			o := c.options.withDefaults()
			objective := o.C*loss + o.L1Ratio*l1 + (1-o.L1Ratio)*l2
			t.Logf("ours %.8f, reference %.8f", objective, c.want)
			require.InEpsilon(t, c.want, objective, c.accurate)
			require.Equal(t, c.zeros, zeros)
		})
	}
}

func BenchmarkPeersLogistic(b *testing.B) {
	for _, name := range []string{"runtime", "wide"} {
		d := readTAB1(b, name+".std.train.bin", true)
		b.Run(fmt.Sprintf("%s/rows=%d/columns=%d", name, d.Len(), d.Width()), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := LogisticRegression{}.Fit(d)
				require.NoError(b, err)
			}
		})
	}
}
