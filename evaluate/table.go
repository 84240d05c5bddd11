package evaluate

import (
	"encoding/csv"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Table is any table of words and numbers, rendered as aligned text, Markdown or, in a Report, HTML. Rows may be
// shorter than the header. A column whose filled cells all start like a number is set flush right.
type Table struct {
	Header []string
	Rows   [][]string
	Note   string // printed below; "" for none
}

// Text renders the table for a terminal: columns padded with spaces, headings on several lines where they are wider
// than their column, a rule under them, the note at the end.
func (t Table) Text() string {
	rows := t.all()
	width := make([]int, len(t.Header))
	for _, row := range rows[1:] {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	head := wrapHeadings(rows[0], width)
	rules := make([]string, len(width))
	for i, w := range width {
		rules[i] = strings.Repeat("-", w)
	}
	right := t.right()
	var b strings.Builder
	for _, row := range slices.Concat(head, [][]string{rules}, rows[1:]) {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if right[i] {
				cell = pad + cell
			} else {
				cell += pad
			}
			line.WriteString(cell + "  ")
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	if t.Note != "" {
		b.WriteString("\n" + oneLine(t.Note) + "\n")
	}
	return b.String()
}

// wrapHeadings breaks headings between words to the width of their columns, widening a column for a long word, and
// returns the lines, the headings standing on the last.
func wrapHeadings(header []string, width []int) [][]string {
	const least = 8 // narrower columns are widened to this before a heading is broken
	columns := make([][]string, len(header))
	lines := 1
	for i, heading := range header {
		words := strings.Fields(heading)
		for _, word := range words {
			width[i] = max(width[i], utf8.RuneCountInString(word))
		}
		width[i] = max(width[i], min(least, utf8.RuneCountInString(heading)))
		for _, word := range words {
			last := len(columns[i]) - 1
			if last >= 0 && utf8.RuneCountInString(columns[i][last]+" "+word) <= width[i] {
				columns[i][last] += " " + word
			} else {
				columns[i] = append(columns[i], word)
			}
		}
		lines = max(lines, len(columns[i]))
	}
	head := make([][]string, lines)
	for l := range head {
		head[l] = make([]string, len(header))
		for i, column := range columns {
			if at := l - (lines - len(column)); at >= 0 {
				head[l][i] = column[at]
			}
		}
	}
	return head
}

// Markdown renders the table in the GitHub dialect; whatever would be markup in a cell is escaped.
func (t Table) Markdown() string {
	right := t.right()
	var b strings.Builder
	for r, row := range t.all() {
		for _, cell := range row {
			b.WriteString("| " + escapeMarkdown(cell) + " ")
		}
		b.WriteString("|\n")
		if r == 0 {
			for i := range row {
				if right[i] {
					b.WriteString("| ---: ")
				} else {
					b.WriteString("| --- ")
				}
			}
			b.WriteString("|\n")
		}
	}
	if t.Note != "" {
		b.WriteString("\n" + escapeMarkdown(t.Note) + "\n")
	}
	return b.String()
}

// CSV renders header and rows after RFC 4180, without the note.
func (t Table) CSV() string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.WriteAll(append([][]string{t.Header}, t.Rows...)) // a strings.Builder never fails
	return b.String()
}

// all is header and rows, every row as long as the header, without line breaks inside cells.
func (t Table) all() [][]string {
	rows := make([][]string, 0, len(t.Rows)+1)
	for _, row := range append([][]string{t.Header}, t.Rows...) {
		full := make([]string, len(t.Header))
		for i := range min(len(row), len(full)) {
			full[i] = oneLine(row[i])
		}
		rows = append(rows, full)
	}
	return rows
}

// right says which columns are flush right.
func (t Table) right() []bool {
	right := make([]bool, len(t.Header))
	for i := range right {
		filled := false
		right[i] = true
		for _, row := range t.Rows {
			if i >= len(row) || row[i] == "" {
				continue
			}
			filled = true
			if !startsWithNumber(row[i]) {
				right[i] = false
			}
		}
		right[i] = right[i] && filled
	}
	return right
}

func startsWithNumber(cell string) bool {
	first, _, _ := strings.Cut(cell, " ")
	_, err := strconv.ParseFloat(strings.TrimRight(first, "%"), 64)
	return err == nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

var markdownEscapes = strings.NewReplacer(
	`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "&", "&amp;")

func escapeMarkdown(s string) string { return markdownEscapes.Replace(oneLine(s)) }
