package supervised

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// jsonNumber is a number as it is found in JSON files: also in quotes, true or false, or one of the words NaN
// and Infinity, which JSON does not have.
type jsonNumber float64

// UnmarshalJSON is that of encoding/json. It takes what plainJSON has made of NaN and Infinity.
func (n *jsonNumber) UnmarshalJSON(text []byte) error {
	s := string(bytes.Trim(text, `"`))
	switch s {
	case "", "null":
		*n = jsonNumber(math.NaN())
		return nil
	case "true":
		*n = 1
		return nil
	case "false":
		*n = 0
		return nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("%w: %.40q", ErrNotNumber, s)
	}
	*n = jsonNumber(v)
	return nil
}

// whole returns a number that is whole and 0 to most, else −1.
func (n jsonNumber) whole(most int) int {
	if v := float64(n); v >= 0 && v <= float64(most) && v == math.Trunc(v) {
		return int(v)
	}
	return -1
}

// single is the number as float32 holds it.
func (n jsonNumber) single() float64 { return float64(float32(n)) }

// plainJSON replaces the words NaN and Infinity in a text, in place, by what JSON has and jsonNumber
// understands, as long as they are: XGBoost writes them.
func plainJSON(text []byte) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case 'N':
			if bytes.HasPrefix(text[i:], []byte("NaN")) {
				copy(text[i:], `"" `)
				i += 2
			}
		case 'I':
			if bytes.HasPrefix(text[i:], []byte("Infinity")) {
				copy(text[i:], "1e999   ")
			}
		}
	}
}

// decodeJSON is json.Unmarshal whose faults wrap ErrModel.
func decodeJSON(what string, text []byte, into any) error {
	err := json.Unmarshal(text, into)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		return fmt.Errorf("%w: %s, byte %d: %s", ErrModel, what, syntax.Offset, syntax.Error())
	case errors.As(err, &kind):
		return fmt.Errorf("%w: %s, byte %d: %s is a %s", ErrModel, what, kind.Offset, strings.Trim(kind.Field, "."), kind.Value)
	}
	return fmt.Errorf("%w: %s: %w", ErrModel, what, err)
}
