package evaluate

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const hostile = `<script>alert("1")</script>&'`

// fullReport uses every block and every plot, with hostile text wherever text goes.
func fullReport(t *testing.T) *Report {
	t.Helper()
	c := fixture(t)
	dots, err := c.Dots("mean bounded slowdown")
	require.NoError(t, err)
	dots.Rows[0].Name = hostile
	dots.ReferenceName = hostile
	long := Series{Name: "long"}
	for i := range 100_000 {
		long.X = append(long.X, float64(i))
		long.Y = append(long.Y, 20+5*math.Sin(float64(i)/5000))
		long.Lower = append(long.Lower, 15)
		long.Upper = append(long.Upper, 30)
	}
	r := NewReport(hostile)
	r.Facts(Fact{hostile, hostile}, Fact{"seed", "1"})
	r.Section(hostile)
	r.Text(hostile, "two")
	r.List(hostile)
	r.Table(c.Table())
	r.Table(Table{Header: []string{hostile}, Rows: [][]string{{hostile}}, Note: hostile})
	r.Plot(dots, hostile, hostile)
	r.Plot(Curve{XLabel: hostile, YLabel: hostile, Series: []Series{{Name: hostile, X: []float64{1, 2}, Y: []float64{3, 4}}, long},
		References: []Level{{hostile, 3}}}, hostile, hostile)
	r.Plot(Bars{XLabel: hostile, Names: []string{hostile, "b"}, Values: []float64{1, -2}}, hostile, hostile)
	return r
}

func page(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	n, err := r.WriteTo(&b)
	require.NoError(t, err)
	assert.EqualValues(t, b.Len(), n)
	return b.String()
}

func TestReportIsSelfContained(t *testing.T) {
	got := page(t, fullReport(t))
	assert.NotContains(t, got, "<script", "callers' text is escaped")
	assert.NotContains(t, got, `alert("`)
	assert.NotContains(t, got, `&'<`)
	assert.NotRegexp(t, regexp.MustCompile(`(?i)(src|href)=|url\(|@import|@font-face|<link|<img|<iframe|https?://`), got, "nothing is fetched")
	assert.Contains(t, got, `content="default-src 'none'`)
	assert.NotContains(t, got, "Liberation", "no font that a reader may lack")
	assert.Equal(t, 3, strings.Count(got, "<svg "))
	assert.Equal(t, 3, strings.Count(got, `role="img" aria-label="`))
	assert.Equal(t, 3, strings.Count(got, "<figcaption>"))
	assert.Contains(t, got, `<td class="worse">worse</td>`)
	assert.Contains(t, got, `<td class="better">better</td>`)
	assert.Less(t, len(got), 300_000, "a curve of 100,000 points with its band included")
}

// Every picture is well-formed, and no coordinate is NaN or infinite.
func TestPicturesAreWellFormed(t *testing.T) {
	pictures := regexp.MustCompile(`(?s)<svg .*?</svg>`).FindAllString(page(t, fullReport(t)), -1)
	require.Len(t, pictures, 3)
	for _, picture := range pictures {
		assert.NotRegexp(t, regexp.MustCompile(`NaN|Inf`), picture)
		decoder := xml.NewDecoder(strings.NewReader(picture))
		elements := 0
		for {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			if _, ok := token.(xml.StartElement); ok {
				elements++
			}
		}
		assert.Greater(t, elements, 10)
	}
}

func TestReportRepeats(t *testing.T) {
	r := fullReport(t)
	first := page(t, r)
	assert.Equal(t, first, page(t, r), "writing does not use the report up")
	assert.Equal(t, first, page(t, fullReport(t)), "same calls, same bytes")
}

func TestReportFaultsTogether(t *testing.T) {
	r := NewReport("faults")
	r.Plot(Curve{}, "empty curve", "alt")
	r.Plot(Bars{Names: []string{"a"}, Values: []float64{1}}, "no alt", "")
	var b bytes.Buffer
	n, err := r.WriteTo(&b)
	assert.ErrorIs(t, err, ErrNoValues)
	assert.ErrorIs(t, err, ErrOption)
	assert.ErrorContains(t, err, "plot 1 (empty curve)")
	assert.ErrorContains(t, err, "plot 2 (no alt)")
	assert.Zero(t, n)
	assert.Zero(t, b.Len(), "no half page")
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestReportPassesWriteErrorsOn(t *testing.T) {
	_, err := NewReport("x").WriteTo(brokenWriter{})
	assert.ErrorIs(t, err, io.ErrShortWrite)
}
