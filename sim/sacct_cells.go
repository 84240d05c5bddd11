package sim

import (
	"bytes"
	"fmt"
	"time"
)

// sacctTime reads a time as sacct prints it by default, as if it were UTC; known is false for None and Unknown.
func sacctTime(s []byte) (unix int64, known bool, err error) {
	switch string(s) {
	case "", "None", "Unknown":
		return 0, false, nil
	}
	const layout = "2006-01-02T15:04:05"
	var parts [6]int // year to second
	ok := len(s) == len(layout)
	for i, k := 0, 0; ok && i < len(layout); i++ {
		switch digit := s[i] - '0'; {
		case layout[i] < '0' || layout[i] > '9':
			ok = s[i] == layout[i]
			k++
		case digit <= 9:
			parts[k] = parts[k]*10 + int(digit)
		default:
			ok = false
		}
	}
	t := time.Date(parts[0], time.Month(parts[1]), parts[2], parts[3], parts[4], parts[5], 0, time.UTC)
	// Date makes a day of March of the 31st of February: such a time does not exist.
	ok = ok && t.Month() == time.Month(parts[1]) && t.Day() == parts[2] && t.Hour() == parts[3] &&
		t.Minute() == parts[4] && t.Second() == parts[5]
	if unix = t.Unix(); !ok || unix <= 0 || unix > maxTime {
		return 0, false, fmt.Errorf("%s is not a time like 2024-01-31T12:00:00", quote(s))
	}
	return unix, true, nil
}

// sacctDuration reads [days-]hours:minutes:seconds[.fraction] or minutes:seconds; the fraction is dropped.
func sacctDuration(s []byte) (seconds int64, err error) {
	text, _, _ := bytes.Cut(s, []byte("."))
	ok, days := true, int64(0)
	if d, rest, found := bytes.Cut(text, []byte("-")); found {
		days, ok = parseInt(d)
		text = rest
	}
	colons := bytes.Count(text, []byte(":"))
	ok = ok && 0 <= days && days <= maxTime/86400 && (colons == 1 || colons == 2)
	for more := true; ok && more; {
		var part []byte
		var v int64
		part, text, more = bytes.Cut(text, []byte(":"))
		v, ok = parseInt(part)
		ok = ok && 0 <= v && v <= maxTime/3600
		seconds = seconds*60 + v
	}
	if seconds += days * 86400; !ok || seconds > maxTime {
		return 0, fmt.Errorf("%s is not a duration like 1-02:03:04", quote(s))
	}
	return seconds, nil
}

// sacctLimit reads a time limit, in whole minutes if raw; known is false for jobs without one of their own.
func sacctLimit(s []byte, raw bool) (seconds int64, known bool, err error) {
	switch string(s) {
	case "", "UNLIMITED", "Partition_Limit", "None", "Unknown":
		return 0, false, nil
	}
	if !raw {
		seconds, err = sacctDuration(s)
		return seconds, err == nil, err
	}
	minutes, ok := parseInt(s)
	if !ok || minutes < 0 || minutes > maxTime/60 {
		return 0, false, fmt.Errorf("%s is not a number of minutes", quote(s))
	}
	return minutes * 60, true, nil
}

// sacctNumber reads the leading digits of a job's ID: 123 of 123_4, a task of an array.
func sacctNumber(s []byte) (int64, error) {
	digits := 0
	for digits < len(s) && '0' <= s[digits] && s[digits] <= '9' {
		digits++
	}
	v, ok := parseInt(s[:digits])
	if !ok || digits < len(s) && s[digits] != '_' && s[digits] != '+' {
		return 0, fmt.Errorf("%s is not a job's ID", quote(s))
	}
	return v, nil
}

// sacctSeconds reads a whole number of seconds.
func sacctSeconds(s []byte) (int64, error) {
	v, ok := parseInt(s)
	if !ok || v < 0 || v > maxTime {
		return 0, fmt.Errorf("%s is not a number of seconds", quote(s))
	}
	return v, nil
}

// sacctProcs reads a number of processors.
func sacctProcs(s []byte) (int64, error) {
	v, ok := parseInt(s)
	if len(s) == 0 {
		v, ok = 0, true
	}
	if !ok || v < 0 || v > maxProcs {
		return 0, fmt.Errorf("%s is not a number of processors", quote(s))
	}
	return v, nil
}

// sacctRow gives the cells of one line by column, −1 for a column that the log lacks, which reads as empty. It keeps
// the first fault, with its column.
type sacctRow struct {
	fields [][]byte
	err    error
	at     int
}

func (r *sacctRow) text(column int) []byte {
	if column < 0 {
		return nil
	}
	return bytes.TrimSpace(r.fields[column])
}

func (r *sacctRow) time(column int) (unix int64, known bool) {
	unix, known, err := sacctTime(r.text(column))
	r.fault(column, err)
	return unix, known
}

func (r *sacctRow) int(column int, parse func([]byte) (int64, error)) int64 {
	v, err := parse(r.text(column))
	r.fault(column, err)
	return v
}

// limit returns −1 for a job without a limit of its own.
func (r *sacctRow) limit(column int, raw bool) int64 {
	v, known, err := sacctLimit(r.text(column), raw)
	r.fault(column, err)
	if !known {
		return -1
	}
	return v
}

func (r *sacctRow) fault(column int, err error) {
	if r.err == nil && err != nil {
		r.err, r.at = err, column
	}
}
