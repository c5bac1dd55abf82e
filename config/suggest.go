package config

import (
	"fmt"
	"strings"
)

// unknownKeys reports the keys of a section that are not in the struct tree.
func (d *decoder) unknownKeys(fields []field, n *node, path string) {
	names := make([]string, len(fields))
	known := map[string]bool{}
	for i, f := range fields {
		names[i], known[f.key] = f.key, true
	}
	for _, pair := range n.pairs {
		if known[pair.key] {
			continue
		}
		if d.report.full() {
			d.report.omitted++
			continue
		}
		d.report.source.hideAll(pair.value) // it may be a misspelt `token`
		at := join(path, shownKey(pair.key))
		if later, found := laterKey(at); found {
			d.report.add(pair.at, at, later)
			continue
		}
		hint := "one of " + strings.Join(names, ", ")
		near := nearest(pair.key, names)
		if near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
			d.fail(join(path, near)) // it is not missing, it is misspelt
		}
		d.report.add(pair.at, at, fault{"unknown key", hint})
	}
}

// shownKey is a key without what may be a value in it: API_KEY=k.
func shownKey(key string) string {
	if name, _, found := strings.Cut(key, "="); found {
		key = name + "=" + redacted
	}
	if runes := []rune(key); len(runes) > maxQuote {
		key = string(runes[:maxQuote]) + "…"
	}
	return key
}

// nearest is the word that differs least from a text, "" if none is near.
func nearest(text string, words []string) string {
	text = strings.ToLower(strings.ReplaceAll(text, "-", "_"))
	best, least := "", len(text)/3+2 // so many edits are no longer a slip of the fingers
	if len(text) > maxKeyLength {
		return ""
	}
	for _, word := range words {
		if distance := edits(text, word); distance < least {
			best, least = word, distance
		}
	}
	return best
}

// edits is the optimal string alignment distance: how many characters must be inserted, removed, replaced or swapped with
// their neighbour to make b of a.
func edits(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
