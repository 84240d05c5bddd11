package sim

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func BenchmarkReadSWF(b *testing.B) {
	tr, err := Lublin(LublinOptions{Jobs: 50_000})
	require.NoError(b, err)
	var text bytes.Buffer
	require.NoError(b, WriteSWF(&text, tr))
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := ReadSWF(bytes.NewReader(text.Bytes()), "bench", TraceOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadSacct(b *testing.B) {
	var text strings.Builder
	text.WriteString("JobIDRaw|Submit|Start|End|ElapsedRaw|AllocCPUS|TimelimitRaw|User|Partition|State|JobName\n")
	for i := range 50_000 {
		fmt.Fprintf(&text, "%d|2024-01-31T12:%02d:%02d|2024-01-31T13:00:00|2024-01-31T14:00:00|3600|16|120|user%d|batch|COMPLETED|job%d\n",
			i, i/60%60, i%60, i%97, i%1013)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := ReadSacct(strings.NewReader(text.String()), "bench", TraceOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLublin(b *testing.B) {
	for b.Loop() {
		if _, err := Lublin(LublinOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(10_000*float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
}
