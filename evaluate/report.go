package evaluate

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"slices"
)

//go:embed report.gohtml
var reportSource string

// reportTemplate escapes whatever callers wrote; only our own SVG passes as markup.
var reportTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"verdict": verdictClass,
}).Parse(reportSource))

// Report is one self-contained HTML page: no script, no font, no image and no request beyond the page itself (its
// Content-Security-Policy forbids them), readable in light and dark, with plots as inline SVG. Blocks appear in the order of
// the calls. It holds no dates: same calls, same bytes. Not safe for concurrent use.
type Report struct {
	title  string
	blocks []block
	plots  int
	faults []error
}

// block is one piece of the page; exactly one field is set.
type block struct {
	Heading string
	Text    string
	List    []string
	Facts   []Fact
	Table   *htmlTable
	Figure  *figure
}

type htmlTable struct {
	Header []htmlCell
	Rows   [][]htmlCell
	Note   string
}

type htmlCell struct {
	Text  string
	Right bool
}

type figure struct {
	SVG          template.HTML
	Caption, Alt string
}

// Fact is one line of provenance: the command, the seed, the version, the name of the trace.
type Fact struct {
	Name, Value string // both plain text
}

// Plot is a picture that a Report can hold: Curve, Dots or Bars.
type Plot interface {
	svg() (string, error)
}

// NewReport begins a page with the title.
func NewReport(title string) *Report { return &Report{title: title} }

// Section begins a part of the page under a heading.
func (r *Report) Section(heading string) { r.blocks = append(r.blocks, block{Heading: heading}) }

// Text adds paragraphs of plain text.
func (r *Report) Text(paragraphs ...string) {
	for _, p := range paragraphs {
		r.blocks = append(r.blocks, block{Text: p})
	}
}

// List adds a list of plain texts, such as the Sentences of a comparison.
func (r *Report) List(items ...string) {
	if len(items) > 0 {
		r.blocks = append(r.blocks, block{List: slices.Clone(items)})
	}
}

// Facts adds a list of names and values, in the order given.
func (r *Report) Facts(facts ...Fact) {
	if len(facts) > 0 {
		r.blocks = append(r.blocks, block{Facts: slices.Clone(facts)})
	}
}

// Table adds a table; cells that hold a Verdict are coloured. A comparison comes in by its Table method.
func (r *Report) Table(t Table) {
	rows, right := t.all(), t.right()
	cells := make([][]htmlCell, len(rows))
	for i, row := range rows {
		for j, text := range row {
			cells[i] = append(cells[i], htmlCell{text, right[j]})
		}
	}
	r.blocks = append(r.blocks, block{Table: &htmlTable{Header: cells[0], Rows: cells[1:], Note: t.Note}})
}

// Plot adds a picture with a caption and the text that stands for it where it cannot be seen; alt is required. A plot
// that cannot be drawn is reported by WriteTo.
func (r *Report) Plot(p Plot, caption, alt string) {
	r.plots++
	svg, err := p.svg()
	if alt == "" {
		err = errors.Join(err, fmt.Errorf("no alt text: %w", ErrOption))
	}
	if err != nil {
		r.faults = append(r.faults, fmt.Errorf("plot %d (%s): %w", r.plots, caption, err))
		return
	}
	r.blocks = append(r.blocks, block{Figure: &figure{SVG: template.HTML(svg), Caption: caption, Alt: alt}})
}

// WriteTo writes the page. All faults of earlier calls are returned together, and then nothing is written.
func (r *Report) WriteTo(w io.Writer) (int64, error) {
	if err := errors.Join(r.faults...); err != nil {
		return 0, err
	}
	var page bytes.Buffer
	data := struct {
		Title  string
		Blocks []block
	}{r.title, r.blocks}
	if err := reportTemplate.Execute(&page, data); err != nil {
		return 0, fmt.Errorf("evaluate: writing report: %w", err)
	}
	return page.WriteTo(w)
}

// verdictClass is the CSS class of a cell.
func verdictClass(cell string) string {
	switch v := Verdict(cell); v {
	case Better, Worse, Undecided, Reference:
		return string(v)
	}
	return ""
}
