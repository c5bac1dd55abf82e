package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// setText parses a text by the type of its field, checks it, and sets the field. quoted says that the file has it in
// quotes, which makes a text of a number.
func setText(f field, into reflect.Value, text string, quoted bool) *fault {
	switch f.kind {
	case aCount:
		if quoted && anInteger.MatchString(text) {
			return &fault{"is text because of its quotes", f.key + ": " + text}
		}
		return setNumber(f, into, text, parseInteger)
	case aTime:
		return setNumber(f, into, text, parseDuration)
	case aQuantity:
		return setNumber(f, into, text, parseSize)
	}
	if wrong := checkText(f, text); wrong != nil {
		return wrong
	}
	into.SetString(text)
	return nil
}

func setNumber[T ~int | ~int64](f field, into reflect.Value, text string, parse func(string) (T, *fault)) *fault {
	value, wrong := parse(text)
	if wrong == nil {
		wrong = between(value, f, parse)
	}
	if wrong == nil {
		into.SetInt(int64(value))
	}
	return wrong
}

// checkText checks a text against the words or the format of its field. Empty text is fine where the default is none.
func checkText(f field, text string) *fault {
	switch {
	case text == "" && f.standard == "" && f.kind != texts:
		return nil
	case text == "" && f.format != "":
		return &fault{"is empty", noValueHint(f)}
	case f.or != "" && text == f.or:
		return nil
	case len(f.enum) > 0 && !slices.Contains(f.enum, text):
		return &fault{"is none of the accepted words", enumHint(f, text)}
	case f.format != "":
		return formatNamed(f.format).check(text)
	}
	return nil
}

func enumHint(f field, text string) string {
	if near := nearest(text, f.enum); near != "" {
		return f.key + ": " + near
	}
	return "one of " + strings.Join(f.enum, ", ")
}

// exampleHint shows how a field is written, with the key.
func exampleHint(f field) string {
	switch example := example(f); {
	case example == "":
		return f.key + ": …"
	case f.kind == section || f.kind == optional:
		return "keys below it"
	default:
		return f.key + ": " + example
	}
}

// example is a value for a field as the file would have it.
func example(f field) string {
	if f.example != "" {
		return f.example
	}
	return strings.ReplaceAll(f.standard, "{directory}", ".ladder")
}

func noValueHint(f field) string {
	if f.standard != "" {
		return fmt.Sprintf("write one, or leave the key out to get %s", strings.ReplaceAll(f.standard, "{directory}", ".ladder"))
	}
	switch f.kind {
	case textMap, secretMap:
		return `"" for an empty value`
	case texts, textOrTexts:
		return `"" for an empty text, or remove it`
	}
	return "write one, or leave the key out"
}

func keyList(fields []field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.key
	}
	return strings.Join(names, ", ")
}
