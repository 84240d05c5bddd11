package main

import "strings"

// suggest returns the name that asked was most likely meant to be, "" if none is near. The last word of a name
// will do for the whole.
func suggest(asked string, names []string) string {
	best, distance := "", max(2, len(asked)/3)+1
	for _, name := range names {
		last := name[strings.LastIndexByte(name, ' ')+1:]
		if d := min(editDistance(asked, name), editDistance(asked, last)); d < distance {
			best, distance = name, d
		}
	}
	return best
}

// editDistance is the least number of bytes to insert, delete or replace to make b of a (Levenshtein 1966).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substituted := diagonal
			if a[i] != b[j] {
				substituted++
			}
			diagonal = row[j+1]
			row[j+1] = min(substituted, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
