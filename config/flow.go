package config

import (
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// joinFlowTexts mends how the scanner reads a colon inside [ ] and { }. YAML 1.2 (section 7.3.3) ends a plain text at a
// colon only where white space or a bracket follows, so that [127.0.0.1:80, postgres://host] is two texts; the scanner
// takes every colon there for the end of a key. Quoted keys need no space, as in JSON.
func joinFlowTexts(tokens token.Tokens) token.Tokens {
	joined := make(token.Tokens, 0, len(tokens))
	brackets := 0
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		}
		if brackets > 0 && t.Type == token.MappingValueType && i+1 < len(tokens) && isPlain(tokens[i+1]) && follows(t, tokens[i+1]) {
			first := t
			if last := len(joined) - 1; last >= 0 && isPlain(joined[last]) && follows(joined[last], t) {
				first, joined = joined[last], joined[:last]
				joined = append(joined, token.String(first.Value+":"+tokens[i+1].Value, first.Origin+t.Origin+tokens[i+1].Origin, first.Position))
				i++
				continue
			}
			if startsText(joined) {
				joined = append(joined, token.String(":"+tokens[i+1].Value, t.Origin+tokens[i+1].Origin, t.Position))
				i++
				continue
			}
		}
		joined = append(joined, t)
	}
	link(joined)
	return joined
}

// isPlain reports whether a token is text without quotes.
func isPlain(t *token.Token) bool {
	switch t.Type {
	case token.StringType, token.IntegerType, token.BinaryIntegerType, token.OctetIntegerType, token.HexIntegerType,
		token.FloatType, token.BoolType, token.NullType, token.InfinityType, token.NanType:
		return true
	default:
		return false
	}
}

// follows reports whether nothing stands between two tokens.
func follows(first, second *token.Token) bool {
	return first.Position.Line == second.Position.Line &&
		first.Position.Column+utf8.RuneCountInString(first.Value) == second.Position.Column
}

// startsText reports whether a text may begin after the tokens.
func startsText(before token.Tokens) bool {
	if len(before) == 0 {
		return true
	}
	switch before[len(before)-1].Type {
	case token.SequenceStartType, token.MappingStartType, token.CollectEntryType, token.MappingValueType:
		return true
	default:
		return false
	}
}

// link makes each token know its neighbours again.
func link(tokens token.Tokens) {
	for i, t := range tokens {
		t.Prev, t.Next = nil, nil
		if i > 0 {
			t.Prev, tokens[i-1].Next = tokens[i-1], t
		}
	}
}
