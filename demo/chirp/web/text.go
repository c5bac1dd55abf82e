package web

import (
	"fmt"
	"hash/fnv"
	"html/template"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// linkPattern finds what becomes a link in a post: a web address, a mention, or a hashtag, at the beginning of a word.
var linkPattern = regexp.MustCompile(`(^|[\s(])(https?://[^\s<>"']+|@[A-Za-z0-9_]{2,20}|#[\pL\pN_]{1,50})`)

// linkify turns addresses, @names and #words of a post into links. Everything else, and the text of the links, is escaped.
func linkify(body string) template.HTML {
	if !strings.ContainsAny(body, "@#:") {
		return template.HTML(template.HTMLEscapeString(body)) //nolint:gosec // escaped
	}
	var out strings.Builder
	rest := 0
	for _, match := range linkPattern.FindAllStringSubmatchIndex(body, -1) {
		from, to := match[4], match[5]
		text := strings.TrimRight(body[from:to], ".,:;!?)")
		out.WriteString(template.HTMLEscapeString(body[rest:from]))
		fmt.Fprintf(&out, `<a href="%s"%s>%s</a>`, template.HTMLEscapeString(target(text)), rel(text),
			template.HTMLEscapeString(text))
		rest = from + len(text)
	}
	out.WriteString(template.HTMLEscapeString(body[rest:]))
	return template.HTML(out.String()) //nolint:gosec // every piece is escaped
}

func target(text string) string {
	switch text[0] {
	case '@':
		return "/@" + strings.ToLower(text[1:])
	case '#':
		return "/search?q=" + url.QueryEscape(text)
	default:
		return text
	}
}

func rel(text string) string {
	if text[0] == 'h' {
		return ` rel="nofollow noopener ugc"`
	}
	return ""
}

// ago says how long something is over, as short as a timeline wants it.
func ago(t, now time.Time) string {
	const day = 24 * time.Hour
	switch passed := now.Sub(t); {
	case passed < 5*time.Second:
		return "now"
	case passed < time.Minute:
		return strconv.Itoa(int(passed/time.Second)) + "s"
	case passed < time.Hour:
		return strconv.Itoa(int(passed/time.Minute)) + "m"
	case passed < day:
		return strconv.Itoa(int(passed/time.Hour)) + "h"
	case passed < 7*day:
		return strconv.Itoa(int(passed/day)) + "d"
	case t.Year() == now.Year():
		return t.Format("2 Jan")
	default:
		return t.Format("2 Jan 2006")
	}
}

// hues of avatars, as classes in the style sheet.
const hues = 10

// hue gives each name a colour of its own, always the same.
func hue(username string) string {
	hash := fnv.New32a()
	hash.Write([]byte(username))
	return "hue-" + strconv.Itoa(int(hash.Sum32()%hues))
}

// initial is the letter on an avatar.
func initial(name string) string {
	r, _ := utf8.DecodeRuneInString(name)
	return strings.ToUpper(string(r))
}

// shortCount writes 1234 as 1.2k.
func shortCount(n int) string {
	switch {
	case n < 1000:
		return strconv.Itoa(n)
	case n < 1_000_000:
		return trimTenth(float64(n)/1000) + "k"
	default:
		return trimTenth(float64(n)/1_000_000) + "m"
	}
}

func trimTenth(value float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(float64(int(value*10))/10, 'f', 1, 64), ".0")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
