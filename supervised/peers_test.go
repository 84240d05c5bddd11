package supervised

import (
	"encoding/binary"
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

// readTAB1 reads the TAB1 binary: rows of float32, then the labels, then the targets.
func readTAB1(t testing.TB, name string, classify bool) *Dataset {
	b, err := os.ReadFile(filepath.Join(peersData(t), name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no %s in the folder", name)
	}
	require.NoError(t, err)
	require.Equal(t, "TAB1", string(b[:4]))
	n, p := int(binary.LittleEndian.Uint32(b[4:])), int(binary.LittleEndian.Uint32(b[8:]))
	at := func(k int) float64 {
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b[12+4*k:])))
	}
	d := Data{ByColumn: make([][]float64, p), Target: make([]float64, n)}
	for j := range d.ByColumn {
		d.ByColumn[j] = make([]float64, n)
		for i := range n {
			d.ByColumn[j][i] = at(i*p + j)
		}
	}
	first := n * p
	if classify {
		d.Classes = yesNo
	} else {
		first += n
	}
	for i := range d.Target {
		d.Target[i] = at(first + i)
	}
	return mustDataset(t, d)
}

// The least values of the objective with C = 1 on the standardised data, by scikit-learn's
// newton-cholesky at a tolerance of 1e-8.
func TestReferenceLogisticObjective(t *testing.T) {
	for name, want := range map[string]float64{"runtime": 42950.728045, "wide": 7689.596603} {
		t.Run(name, func(t *testing.T) {
			d := readTAB1(t, name+".std.train.bin", true)
			m, err := LogisticRegression{}.Fit(d)
			require.NoError(t, err)
			var objective float64
			for i, p := range Predictions(m, d) {
				if d.Target(i) == 0 {
					p = 1 - p
				}
				objective -= math.Log(p)
			}
			for j := range d.Width() {
				w := m.Weights(1, j)[0]
				objective += w * w / 2
			}
			t.Logf("ours %.6f, reference %.6f", objective, want)
			require.InEpsilon(t, want, objective, 1e-8)
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
