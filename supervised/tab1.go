package supervised

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

// The binary table format TAB1: the four bytes "TAB1", the number of rows and of columns as uint32,
// the features row by row as float32 (NaN is a missing value), then a label and a target per row, both
// float32; all little-endian, nothing behind.
const (
	tab1Magic      = "TAB1"
	tab1MaxColumns = 1 << 16
	tab1Label      = "label"
	tab1Target     = "target"
)

// TAB1Options says what of a TAB1 file is to be predicted.
type TAB1Options struct {
	Label    bool // predict the file's labels; otherwise its targets
	Classify bool // what is predicted is a class, its number the name; otherwise a number
	// Like, when not nil, is the schema that the table must fit, of a model say: as many numeric columns,
	// its classes, and a target called label or target. It says what Label and Classify say otherwise.
	Like *Schema
}

// ReadTAB1 reads a Dataset from a table in the format TAB1 (see WriteTAB1), with numeric columns x0,
// x1, …. The target is called label or target. It consumes r to its end.
//
// Memory follows what r delivers, whatever the header claims. Errors: ErrTAB1 for bytes that are no
// such table, with the place; ErrTooLarge for more than 65,536 columns; ErrWidth, ErrColumns and ErrLabel
// for what is not Like; and those of NewDataset.
func ReadTAB1(r io.Reader, o TAB1Options) (*Dataset, error) {
	if o.Like != nil {
		if o.Label || o.Classify {
			return nil, fmt.Errorf("%w: Like is given together with Label or Classify", ErrOptions)
		}
		o.Label, o.Classify = o.Like.Target == tab1Label, o.Like.Classes != nil
	}
	in := &tab1Reader{r: bufio.NewReaderSize(r, 1<<16)}
	rows, cols := in.header()
	if in.err == nil && cols > tab1MaxColumns {
		return nil, fmt.Errorf("%w: %d columns", ErrTooLarge, cols)
	}
	if in.err == nil && o.Like != nil {
		if err := checkLike(*o.Like, cols); err != nil {
			return nil, err
		}
	}
	if in.err == nil && rows == 0 {
		return nil, ErrNoRows
	}
	d := Data{ByColumn: in.table(rows, cols)}
	labels := in.vector(rows)
	targets := in.vector(rows)
	in.end()
	if in.err != nil {
		return nil, in.err
	}
	d.Target, d.TargetName = targets, tab1Target
	if o.Label {
		d.Target, d.TargetName = labels, tab1Label
	}
	if o.Classify {
		var err error
		if d.Classes, err = nameClasses(d.Target); err != nil {
			return nil, err
		}
	}
	if o.Like != nil {
		d.Columns = o.Like.Columns
		if o.Classify {
			if err := likeClasses(&d, o.Like.Classes); err != nil {
				return nil, err
			}
		}
	}
	return adopt(d)
}

// checkLike holds the shape of a table against the schema that it must fit.
func checkLike(like Schema, cols int) error {
	if err := like.validate(); err != nil {
		return err
	}
	if cols != len(like.Columns) {
		return fmt.Errorf("%w: %d columns, %d are expected", ErrWidth, cols, len(like.Columns))
	}
	if like.Target != tab1Label && like.Target != tab1Target {
		return fmt.Errorf("%w: %q", ErrNoSuchColumn, like.Target)
	}
	for _, c := range like.Columns {
		if c.Kind == Categorical {
			return fmt.Errorf("%w: %q is categorical", ErrColumns, c.Name)
		}
	}
	return nil
}

// likeClasses turns the codes of d's own classes into those of others.
func likeClasses(d *Data, classes []string) error {
	codes := Column{Levels: classes}
	for i, v := range d.Target {
		name := d.Classes[int(v)]
		if d.Target[i] = codes.Code(name); math.IsNaN(d.Target[i]) {
			return fmt.Errorf("%w: row %d is %q", ErrLabel, i, name)
		}
	}
	d.Classes = classes
	return nil
}

// nameClasses replaces numbers by the places of their values in ascending order, and names those.
func nameClasses(values []float64) ([]string, error) {
	if i := slices.IndexFunc(values, notFinite); i >= 0 {
		return nil, fmt.Errorf("%w: the class of row %d is %v", ErrNotFinite, i, values[i])
	}
	distinct := slices.Clone(values)
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	for i, v := range values {
		at, _ := slices.BinarySearch(distinct, v)
		values[i] = float64(at)
	}
	names := make([]string, len(distinct))
	for k, v := range distinct {
		names[k] = strconv.FormatFloat(v, 'g', -1, 64)
	}
	return names, nil
}

// tab1Reader counts bytes, so that a fault can say where it is. After the first one it reads nothing.
type tab1Reader struct {
	r   *bufio.Reader
	at  int64
	err error
}

func (in *tab1Reader) fail(format string, args ...any) {
	if in.err == nil {
		in.err = fmt.Errorf("%w: byte %d: %s", ErrTAB1, in.at, fmt.Sprintf(format, args...))
	}
}

// word returns the next four bytes.
func (in *tab1Reader) word() uint32 {
	if in.err != nil {
		return 0
	}
	b, err := in.r.Peek(4)
	switch {
	case err == io.EOF:
		in.fail("the table ends too early")
		return 0
	case err != nil:
		in.err = fmt.Errorf("supervised: reading TAB1: %w", err)
		return 0
	}
	v := binary.LittleEndian.Uint32(b)
	_, _ = in.r.Discard(4) // what was peeked at is there
	in.at += 4
	return v
}

func (in *tab1Reader) header() (rows, cols int) {
	if magic := in.word(); in.err == nil && magic != binary.LittleEndian.Uint32([]byte(tab1Magic)) {
		in.at = 0
		in.fail("no TAB1 at the beginning")
	}
	return int(in.word()), int(in.word())
}

func (in *tab1Reader) number() float64 { return float64(math.Float32frombits(in.word())) }

// table reads the features into columns, whose room never passes twice what has been read.
func (in *tab1Reader) table(rows, cols int) [][]float64 {
	first := make([]float64, 0, min(cols, 1024))
	for j := 0; j < cols && in.err == nil; j++ {
		first = append(first, in.number())
	}
	if in.err != nil {
		return nil
	}
	out := make([][]float64, cols)
	for j, v := range first {
		out[j] = append(out[j], v)
	}
	for i := 1; i < rows && in.err == nil; i++ {
		for j := range out {
			out[j] = appendWithin(out[j], in.number(), rows)
		}
	}
	return out
}

func (in *tab1Reader) vector(n int) []float64 {
	var out []float64
	for i := 0; i < n && in.err == nil; i++ {
		out = appendWithin(out, in.number(), n)
	}
	return out
}

// appendWithin is append for a slice that will hold n values in the end: it doubles, but not beyond n.
func appendWithin(s []float64, v float64, n int) []float64 {
	if len(s) == cap(s) {
		grown := make([]float64, len(s), min(max(2*len(s), 16), n))
		copy(grown, s)
		s = grown
	}
	return append(s, v)
}

func (in *tab1Reader) end() {
	if in.err != nil {
		return
	}
	if _, err := in.r.ReadByte(); err == nil {
		in.fail("more bytes than the table has")
	} else if err != io.EOF {
		in.err = fmt.Errorf("supervised: reading TAB1: %w", err)
	}
}

// WriteTAB1 writes d as a table in the format TAB1: "TAB1", the number of rows and of columns as
// uint32, the features row by row as float32 (a missing value is NaN, a level its code), then twice
// the target of each row, as label and as target; all little-endian. Names, levels, classes, weights,
// groups and times are not part of the format, and numbers are rounded to float32. A number that
// float32 cannot hold is ErrNotFinite, with its row.
func WriteTAB1(w io.Writer, d *Dataset) error {
	if d.Len() > math.MaxUint32 || d.Width() > tab1MaxColumns {
		return fmt.Errorf("%w: %d rows of %d columns", ErrTooLarge, d.Len(), d.Width())
	}
	out := bufio.NewWriter(w)
	var word [4]byte
	var errs []error
	put := func(bits uint32) {
		binary.LittleEndian.PutUint32(word[:], bits)
		_, _ = out.Write(word[:]) // the writer keeps its first error for Flush
	}
	number := func(v float64, what string, i int) {
		f := float32(v)
		if math.IsInf(float64(f), 0) && len(errs) == 0 {
			errs = append(errs, fmt.Errorf("%w: %s of row %d is %v, too large for float32", ErrNotFinite, what, i, v))
		}
		put(math.Float32bits(f))
	}
	_, _ = out.WriteString(tab1Magic)
	put(uint32(d.Len()))
	put(uint32(d.Width()))
	for i := range d.Len() {
		for j, c := range d.schema.Columns {
			number(d.Value(i, j), c.Name, i)
		}
	}
	for range 2 {
		for i := range d.Len() {
			number(d.Target(i), d.schema.Target, i)
		}
	}
	return errors.Join(append(errs, out.Flush())...)
}
