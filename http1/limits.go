package http1

// What a head may cost where [Limits] leaves a field zero.
const (
	DefaultHead   = 32 << 10 // bytes
	DefaultLine   = 8 << 10  // bytes
	DefaultFields = 100      // header lines
)

// Limits bound what a peer can make us hold. A zero field means its default; no limit is not offered.
type Limits struct {
	// Head is the largest head in bytes: first line, fields and the blank line. The same bound holds for a trailer section.
	// A caller's buffer must be able to grow to it, since a head is only complete when all of it is there.
	Head int
	// Line is the largest first line in bytes, with its CRLF. A longer one is 414 in a request.
	Line int
	// Fields is how many header lines a head, or a trailer section, may have.
	Fields int
}

func (l Limits) withDefaults() Limits {
	if l.Head <= 0 {
		l.Head = DefaultHead
	}
	if l.Line <= 0 {
		l.Line = DefaultLine
	}
	if l.Fields <= 0 {
		l.Fields = DefaultFields
	}
	return l
}
