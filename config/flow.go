package config

import (
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// joinFlowTexts mends how the scanner reads a colon inside [ ] and { }. YAML 1.2 (section 7.3.3) ends a plain text at a
// colon only where white space or a bracket follows, so that [127.0.0.1:80, postgres://host] is two texts; the scanner
// takes every colon there for the end of a key. Quoted keys need no space, as in JSON.
func joinFlowTexts(tokens token.Tokens) token.Tokens {
	joined := make(token.Tokens, 0, len(tokens))
	brackets := 0
	for next := 0; next < len(tokens); {
		t := tokens[next]
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		}
		end := next + 1
		if brackets > 0 {
			end = textEnd(tokens, next, startsText(joined))
		}
		if end > next+1 {
			t = joinTokens(tokens[next:end])
		}
		joined = append(joined, t)
		next = end
	}
	link(joined)
	return joined
}

// textEnd is where the text ends that begins with a token: behind the last of text, colon, text, colon, … that have
// nothing between them. A text may begin with a colon where no key can stand before it.
func textEnd(tokens token.Tokens, begin int, mayBeginWithColon bool) int {
	end := begin
	if isPlain(tokens[begin]) {
		end++
	} else if tokens[begin].Type != token.MappingValueType || !mayBeginWithColon {
		return begin + 1
	}
	for end+1 < len(tokens) && tokens[end].Type == token.MappingValueType && isPlain(tokens[end+1]) &&
		follows(tokens[end], tokens[end+1]) && (end == begin || follows(tokens[end-1], tokens[end])) {
		end += 2
	}
	return max(end, begin+1)
}

// joinTokens makes one text of tokens.
func joinTokens(tokens token.Tokens) *token.Token {
	var value, origin strings.Builder
	for _, t := range tokens {
		value.WriteString(t.Value)
		origin.WriteString(t.Origin)
	}
	return token.String(value.String(), origin.String(), tokens[0].Position)
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
