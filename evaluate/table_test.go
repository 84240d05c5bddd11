package evaluate

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTableRenders(t *testing.T) {
	table := Table{
		Header: []string{"name", "a rather long heading", "empty"},
		Rows:   [][]string{{"x|y", "12.5"}, {"two\nlines", "-3 [−4, −2]", ""}, {"über *all* <i>&", "", "", "ignored"}},
		Note:   "A note.",
	}
	assert.Equal(t, ""+
		"                    a rather\n"+
		"                        long\n"+
		"name                 heading  empty\n"+
		"---------------  -----------  -----\n"+
		"x|y                     12.5\n"+
		"two lines        -3 [−4, −2]\n"+
		"über *all* <i>&\n"+
		"\nA note.\n", table.Text())
	assert.Equal(t, "", Table{}.CSV()[1:], "a table of nothing is an empty line")
	assert.Equal(t, "\n\n", Table{}.Text())
	assert.Equal(t, ""+
		"| name | a rather long heading | empty |\n"+
		"| --- | ---: | --- |\n"+
		"| x\\|y | 12.5 |  |\n"+
		"| two lines | -3 [−4, −2] |  |\n"+
		"| über \\*all\\* &lt;i>&amp; |  |  |\n"+
		"\nA note.\n", table.Markdown())
}

func TestTableAlignment(t *testing.T) {
	for name, test := range map[string]struct {
		cells []string
		want  bool
	}{
		"numbers":            {[]string{"1", "-2.5", "1e3"}, true},
		"with intervals":     {[]string{"1.2 [1.1, 1.3]", ""}, true},
		"percent":            {[]string{"12%", "3%"}, true},
		"a word among them":  {[]string{"12", "none"}, false},
		"nothing but blanks": {[]string{"", ""}, false},
	} {
		table := Table{Header: []string{"h"}}
		for _, cell := range test.cells {
			table.Rows = append(table.Rows, []string{cell})
		}
		assert.Equal(t, []bool{test.want}, table.right(), name)
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1: "1", 0.5: "0.5", 1234.56: "1235", 12.3456: "12.35", 0.012346: "0.01235", -33.333: "-33.33",
		123456789: "123456789", 2e12: "2e+12", 1e-5: "1e-05",
	} {
		assert.Equal(t, want, short(v))
	}
	assert.Equal(t, "0.778 [0.725, 0.832]", effectText(0.77761, 0.72491, 0.83212, 1))
	assert.Equal(t, "1.26 [0.998, 1.55]", effectText(1.2622, 0.99823, 1.5503, 1), "a limit keeps its side of equality")
	assert.Equal(t, "-3210 [-4000, -2500]", effectText(-3210, -4000, -2500, 0))
	assert.Equal(t, "2.000 [2.000, 2.000]", effectText(2, 2, 2, 0))
}
